//! What the derive promises to the SQL store.

use super::{Dialect, Row, SqlColumn, SqlResult, UserSql, Values, error::missing_tenant};
use crate::user::{AuthUser, Tenant};

/// Columns in, columns out. Written by the derive, one impl for every database.
pub trait SqlUser<DB: Dialect>: AuthUser {
    /// The statements.
    const SQL: &'static UserSql;

    /// Returns the custom columns, in the struct's order. In the table they follow the six roles.
    fn columns() -> Vec<SqlColumn> {
        Vec::new()
    }

    /// Reads a user from all columns of a row.
    ///
    /// # Errors
    /// If a column is missing or holds another type.
    fn from_row(row: &mut Row<'_, DB>) -> SqlResult<Self>;

    /// Hands over the values of the custom columns, in order.
    ///
    /// # Errors
    /// If a value cannot be encoded.
    fn bind_custom(&self, values: &mut Values<'_, DB>) -> SqlResult<()> {
        let _ = values;
        Ok(())
    }

    /// Hands over what names the tenant, for a struct with `#[auth(tenant)]`.
    ///
    /// # Errors
    /// If the value cannot be encoded; always for a struct without tenants.
    fn bind_tenant(tenant: &Tenant<Self>, values: &mut Values<'_, DB>) -> SqlResult<()> {
        let _ = (tenant, values);
        Err(missing_tenant())
    }
}

/// A user type that every enabled database can keep: what a database URL asks for.
///
/// Implemented by itself for what the derive wrote. The Cargo features are looked at here, so that generated code never
/// has to.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in every enabled database",
    label = "a column of `{Self}` has a type that a database does not know",
    note = "derive it with `#[derive(AuthUser)]`, and mark fields of other types `json` or `text`"
)]
pub trait StoredUser: enabled::OnSqlite + enabled::OnPostgres + enabled::OnMysql {}

impl<U: enabled::OnSqlite + enabled::OnPostgres + enabled::OnMysql> StoredUser for U {}

/// One trait per Cargo feature: the bound when it is on, nothing when it is off.
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
