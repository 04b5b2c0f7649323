//! The derive in a module without the standard prelude.
#![allow(dead_code, reason = "that it compiles is the test")]

#[derive(::axum_users::AuthUser, ::core::fmt::Debug, ::core::clone::Clone)]
pub struct User {
    pub id: ::uuid::Uuid,
    pub email: ::std::string::String,
    pub hashed_password: ::axum_users::PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    #[auth(read, create, update, length(min = 1, max = 80), pattern("^a"), check = anything)]
    pub nickname: ::core::option::Option<::std::string::String>,
    #[auth(read, admin, range(min = 1), default = 7)]
    pub quota: i32,
    #[auth(read, create, update, json, default)]
    pub tags: ::std::vec::Vec<::std::string::String>,
    #[auth(create, update)]
    pub newsletter: bool,
    #[auth(private)]
    pub note: ::core::option::Option<::std::string::String>,
}

fn anything(_: &str) -> ::core::result::Result<(), ::std::string::String> {
    ::core::result::Result::Ok(())
}

#[test]
fn a_registration_is_parsed_without_a_prelude() {
    let input: UserCreate = ::serde_json::from_str(r#"{"email":"a@b.cd","password":"x","newsletter":true}"#).unwrap();
    ::std::assert!(input.newsletter && input.nickname.is_none() && input.tags.is_empty());
}
