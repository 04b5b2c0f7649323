//! What only the type checker knows about a struct. Generated code calls these in constants, so each costs nothing and
//! speaks at the type of the field that is wrong.

use serde::{Serialize, de::DeserializeOwned};

use crate::domain::{PasswordHash, UserId};

/// The id is a type that can be one. `by_database` is what the derive took it for when it wrote the SQL.
///
/// # Panics
/// At compile time, if an alias or a newtype hid from the derive who makes the id.
#[expect(clippy::panic, reason = "runs at compile time only")]
pub const fn id<T: UserId>(by_database: bool) {
    if T::MADE_BY_DATABASE != by_database {
        panic!("write the id's type as `Uuid`, `i64` or `i32`: the derive cannot see through an alias");
    }
}

/// The address is a `String`.
pub const fn email<T: IsString>() {}

/// The hash is the opaque type.
pub const fn hashed_password<T: IsPasswordHash>() {}

/// A flag is a `bool`.
pub const fn flag<T: IsBool>() {}

/// A field of the application's own can travel as JSON.
pub const fn field<T: FieldValue>() {}

/// A field that a registration cannot set has a value to start with.
pub const fn new_value<T: InitialValue>() {}

/// A field of the application's own can be stored in every database that is built in.
pub const fn column<T: StoredType>() {}

/// Implemented by `String` alone.
#[diagnostic::on_unimplemented(
    message = "the e-mail address must be a `String`, not `{Self}`",
    label = "not a `String`",
    note = "help: pub email: String"
)]
pub trait IsString {}
impl IsString for String {}

/// Implemented by [`PasswordHash`] alone.
#[diagnostic::on_unimplemented(
    message = "the password hash must be a `PasswordHash`, not `{Self}`",
    label = "a hash that could be printed or sent",
    note = "help: pub hashed_password: axum_users::PasswordHash",
    note = "`PasswordHash` neither prints nor serializes, so it cannot leak"
)]
pub trait IsPasswordHash {}
impl IsPasswordHash for PasswordHash {}

/// Implemented by `bool` alone.
#[diagnostic::on_unimplemented(
    message = "the flags of a user must be `bool`, not `{Self}`",
    label = "not a `bool`",
    note = "help: pub is_active: bool"
)]
pub trait IsBool {}
impl IsBool for bool {}

/// A type that a field on the wire can have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field that clients read or write",
    label = "cannot travel as JSON",
    note = "help: #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)] on the type, or mark the field #[auth(private)]"
)]
pub trait FieldValue {}
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Clone + std::fmt::Debug + Send + Sync + 'static> FieldValue for T {}

/// A type with a value to start with.
#[diagnostic::on_unimplemented(
    message = "a registration does not set this field, and `{Self}` has no default",
    label = "what should a new user have here?",
    note = "help: #[auth(…, default = VALUE)], or let the registration set it: #[auth(create, …)]"
)]
pub trait InitialValue {}
#[diagnostic::do_not_recommend]
impl<T: Default> InitialValue for T {}

/// A type that every database which is built in can store.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in a column",
    label = "no database knows this type",
    note = "help: store it as JSON: #[auth(…, json)]",
    note = "help: or as text, as serde writes it: #[auth(…, text)]",
    note = "help: or implement sqlx's `Type`, `Encode` and `Decode` for it"
)]
pub trait StoredType {}

#[diagnostic::do_not_recommend]
impl<T: enabled::OnSqlite + enabled::OnPostgres + enabled::OnMysql> StoredType for T {}

/// One trait per Cargo feature: the bound when it is on, nothing when it is off.
mod enabled {
    macro_rules! on {
        ($name:ident, $feature:literal, $database:ident) => {
            #[cfg(feature = $feature)]
            pub trait $name: crate::adapter::sql::Column<sqlx::$database> {}
            #[cfg(feature = $feature)]
            impl<T: crate::adapter::sql::Column<sqlx::$database>> $name for T {}

            #[cfg(not(feature = $feature))]
            pub trait $name {}
            #[cfg(not(feature = $feature))]
            impl<T> $name for T {}
        };
    }
    on!(OnSqlite, "sqlite", Sqlite);
    on!(OnPostgres, "postgres", Postgres);
    on!(OnMysql, "mysql", MySql);
}
