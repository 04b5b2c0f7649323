//! The interface between the derive and the SQL store.

use super::{Dialect, Row, SqlColumn, SqlResult, UserSql, Values, error::missing_tenant};
use crate::user::{AuthUser, Tenant};

/// Reads and binds the columns of a user. Implemented by the derive, generically for all databases.
pub trait SqlUser<DB: Dialect>: AuthUser {
    /// The statements and table names.
    const SQL: &'static UserSql;

    /// Returns the custom columns in the order of the struct. They follow the six roles in the table.
    fn columns() -> Vec<SqlColumn> {
        Vec::new()
    }

    /// Reads a user from a row with all columns.
    ///
    /// # Errors
    /// [`sqlx::Error`] if a column is missing or contains another type.
    fn from_row(row: &mut Row<'_, DB>) -> SqlResult<Self>;

    /// Binds the values of the custom columns, in order.
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] if a value cannot be encoded.
    fn bind_custom(&self, values: &mut Values<'_, DB>) -> SqlResult<()> {
        let _ = values;
        Ok(())
    }

    /// Binds the tenant, for a struct with `#[auth(tenant)]`.
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] if the value cannot be encoded; always for a struct without tenants.
    fn bind_tenant(tenant: &Tenant<Self>, values: &mut Values<'_, DB>) -> SqlResult<()> {
        let _ = (tenant, values);
        Err(missing_tenant())
    }
}

/// A user type that can be stored in all enabled databases.
///
/// Implemented for every type with the derive. It depends on the enabled Cargo features, so that generated code does
/// not have to.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in every enabled database",
    label = "a column of `{Self}` has a type that a database does not know",
    note = "derive it with `#[derive(AuthUser)]`, and mark fields of other types `json` or `text`"
)]
pub trait StoredUser: enabled::OnSqlite + enabled::OnPostgres + enabled::OnMysql {}

impl<U: enabled::OnSqlite + enabled::OnPostgres + enabled::OnMysql> StoredUser for U {}

/// One trait per Cargo feature: the bound if the feature is enabled, nothing otherwise.
mod enabled {
    macro_rules! on {
        ($name:ident, $feature:literal, $database:ident) => {
            #[cfg(feature = $feature)]
            pub trait $name: super::SqlUser<sqlx::$database> {}
            #[cfg(feature = $feature)]
            impl<U: super::SqlUser<sqlx::$database>> $name for U {}

            #[cfg(not(feature = $feature))]
            pub trait $name: super::AuthUser {}
            #[cfg(not(feature = $feature))]
            impl<U: super::AuthUser> $name for U {}
        };
    }
    on!(OnSqlite, "sqlite", Sqlite);
    on!(OnPostgres, "postgres", Postgres);
    on!(OnMysql, "mysql", MySql);
}
