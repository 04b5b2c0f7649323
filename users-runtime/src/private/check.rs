//! Compile-time checks of types. Generated code calls them in constants, so they have no cost at run time, and an error
//! points at the type of the invalid field.

use serde::{Serialize, de::DeserializeOwned};

use crate::domain::UserId;

/// Checks that a custom field can be read from and written as JSON.
pub const fn field<T: FieldValue>() {}

/// Checks that a field that registration does not set has a value for new users.
pub const fn new_value<T: InitialValue>() {}

/// Checks that every enabled database can store a custom field.
pub const fn column<T: StoredType>() {}

/// Checks that SQLite can store a custom field, if it is enabled.
pub const fn sqlite_column<T: enabled::OnSqlite>() {}

/// Checks that PostgreSQL can store a custom field, if it is enabled.
pub const fn postgres_column<T: enabled::OnPostgres>() {}

/// Checks that MySQL and MariaDB can store a custom field, if they are enabled.
pub const fn mysql_column<T: enabled::OnMysql>() {}

/// Checks that a type of the application can be the id of a user.
pub const fn id<T: UserId>() {}

/// A type for fields that clients read or write.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field that clients read or write",
    label = "has no JSON form",
    note = "write `#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]` on the type, or `#[auth(private)]` on the field"
)]
pub trait FieldValue {}
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Clone + std::fmt::Debug + Send + Sync + 'static> FieldValue for T {}

/// A type with a value for new users.
#[diagnostic::on_unimplemented(
    message = "a registration does not set this field, and `{Self}` has no default",
    label = "a new user needs a value here",
    note = "give a default: `#[auth(…, default = VALUE)]`; or let the registration set the field: `#[auth(create, …)]`"
)]
pub trait InitialValue {}
#[diagnostic::do_not_recommend]
impl<T: Default> InitialValue for T {}

/// A type that every enabled database can store.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in a column",
    label = "no database knows this type",
    note = "store it as JSON: `#[auth(…, json)]`",
    note = "or, if serde turns it into a string, as text: `#[auth(…, text)]`",
    note = "or implement sqlx's `Type`, `Encode` and `Decode` for it"
)]
pub trait StoredType {}

#[diagnostic::do_not_recommend]
impl<T: enabled::OnSqlite + enabled::OnPostgres + enabled::OnMysql> StoredType for T {}

/// One trait per Cargo feature: the database's bound if the feature is on, no bound if it is off.
mod enabled {
    macro_rules! on {
        ($name:ident, $feature:literal, $database:ident) => {
            #[cfg(feature = $feature)]
            #[diagnostic::on_unimplemented(
                message = "`{Self}` cannot be stored in a column",
                label = "a database that the struct names does not know this type",
                note = "store it as JSON: `#[auth(…, json)]`",
                note = "or, if serde turns it into a string, as text: `#[auth(…, text)]`",
                note = "or implement sqlx's `Type`, `Encode` and `Decode` for it"
            )]
            pub trait $name: crate::adapter::sql::Column<sqlx::$database> {}
            #[cfg(feature = $feature)]
            #[diagnostic::do_not_recommend]
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
