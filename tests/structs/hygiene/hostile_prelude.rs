//! Shadows every name that generated code might rely on. Primitive types are excluded: serde's own
//! derive needs `str` to be `str`.
#![allow(
    dead_code,
    unused_macros,
    unused_imports,
    non_camel_case_types,
    reason = "the shadowing items must not be used"
)]

type Result = ();
type Ok = ();
type Err = ();
struct Option;
struct Some;
struct None;
struct String;
struct Vec;
struct Box;
struct Password;
struct Users;
struct Router;
struct Field;
struct Rule;
struct Columns;
struct Account;
struct Status;
struct Serialize;
struct Deserialize;
trait Clone {}
trait Default {}
trait Debug {}
trait Into {}
trait From {}
trait Iterator {}
trait Send {}
trait Sync {}
trait Sized {}
trait FromRef {}
trait HasUsers {}
trait Dialect {}
trait SqlUser {}
trait Column {}
mod core {}
mod std {}
mod serde {}
mod axum {}
mod sqlx {}
mod axum_users {}
mod rt {}
macro_rules! vec {
    ($($tokens:tt)*) => {
        compile_error!("the prelude's name was used")
    };
}
macro_rules! format {
    ($($tokens:tt)*) => {
        compile_error!("the prelude's name was used")
    };
}
fn drop() {}
fn column() {}
fn get() {}
fn post() {}

#[derive(::axum_users::AuthUser, ::core::fmt::Debug, ::core::clone::Clone)]
pub struct User {
    pub id: i64,
    pub email: ::std::string::String,
    pub hashed_password: ::axum_users::PasswordHash,
    pub is_active: ::core::primitive::bool,
    pub is_superuser: ::core::primitive::bool,
    pub is_verified: ::core::primitive::bool,
    #[auth(read, create, update, length(min = 1, max = 80), pattern("^a"), check = anything)]
    pub nickname: ::core::option::Option<::std::string::String>,
    #[auth(read, create, admin, range(min = -1, max = 1.5), default = 7)]
    pub quota: ::core::primitive::i32,
    #[auth(read, create, update, json, default)]
    pub tags: ::std::vec::Vec<::std::string::String>,
    #[auth(private, default)]
    pub note: ::std::string::String,
}

fn anything(_: &::core::primitive::str) -> ::core::result::Result<(), ::std::string::String> {
    ::core::result::Result::Ok(())
}

#[test]
fn a_default_expression_is_evaluated_under_shadowed_names() {
    let input: UserCreate = ::serde_json::from_str(r#"{"email":"a@b.cd","password":"x"}"#).unwrap();
    assert!(input.quota == 7 && input.tags.is_empty());
}
