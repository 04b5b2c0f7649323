//! From the model to the text of every statement, per database.
//!
//! The purpose, the parameters and the results of each statement: `users-runtime/src/adapter/sql/statements.rs`.

mod dialect;
mod find;
#[cfg(test)]
mod tests;
mod write;

use crate::model::User;
pub(crate) use dialect::{Dialect, MySql, Postgres, Sqlite};
use dialect::{List, Listed, Parameters};

/// The statements of one user type for one database: the field of `Statements` and its text.
pub(crate) type Statements = [(&'static str, String); 10];

/// Writes the statement that finds a user by the login name in this column.
pub(crate) fn find_by_login_name(user: &User, column: &str, dialect: &dyn Dialect) -> String {
    table(user, dialect).find_by_login_name(column)
}

fn table<'a>(user: &'a User, dialect: &'a dyn Dialect) -> Table<'a> {
    Table {
        dialect,
        name: &user.table,
        sessions: &user.session_table,
        schema: user.schema.as_deref(),
        id: &user.roles.id.column,
        email: &user.roles.email.column,
        hashed_password: &user.roles.hashed_password.column,
        columns: user.columns(),
        written: user.written_columns(),
        id_made_by_database: user.id_made_by_database(),
        has_integer_id: user.has_integer_id(),
        has_own_id: user.has_own_id(),
        tenant: user.tenant().map(|tenant| tenant.column.as_str()),
    }
}

/// Writes all statements.
pub(crate) fn statements(user: &User, dialect: &dyn Dialect) -> Statements {
    let table = table(user, dialect);
    [
        ("find", table.find()),
        ("find_many", table.find_many()),
        ("find_session", table.find_session()),
        ("find_sessions", table.find_sessions()),
        ("find_by_email", table.find_by_email()),
        ("insert", table.insert()),
        ("update", table.update()),
        ("delete", table.delete()),
        ("end_sessions", table.end_sessions()),
        ("end_all_sessions", table.end_all_sessions()),
    ]
}

/// The columns of an account's standing, which follow the epoch: two of its suspension, and the mark of a password that must
/// be changed.
const STANDING: [&str; 3] = ["suspended_until", "suspended_reason", "must_change_password"];

/// The table of one user type in one database.
struct Table<'a> {
    dialect: &'a dyn Dialect,
    name: &'a str,
    sessions: &'a str,
    /// The schema of the tables, if one is named.
    schema: Option<&'a str>,
    id: &'a str,
    email: &'a str,
    hashed_password: &'a str,
    /// All columns: the roles, from the id to `is_verified`, then the custom fields.
    columns: Vec<&'a str>,
    /// The columns that statements write: all but those that the database fills.
    written: Vec<&'a str>,
    id_made_by_database: bool,
    has_integer_id: bool,
    /// Whether the id has a type of the application, whose column is not known here.
    has_own_id: bool,
    /// The column of the tenant, to which every statement about users is limited.
    tenant: Option<&'a str>,
}

impl Table<'_> {
    /// Returns the condition that limits a statement to one tenant, for structs with a tenant. `keyword` is `WHERE` or
    /// `AND`, `prefix` the table's alias. The parameter is the statement's last one.
    fn within_tenant(&self, keyword: &str, prefix: &str, parameters: &mut Parameters) -> String {
        match self.tenant {
            Some(tenant) => format!(" {keyword} {prefix}{} = {}", self.quoted(tenant), parameters.next()),
            None => String::new(),
        }
    }

    /// Returns the columns of a user that every statement returns.
    fn all_columns(&self, prefix: &str) -> String {
        let columns = self.columns.iter().copied().chain(["auth_epoch"]).chain(STANDING);
        columns.map(|column| format!("{prefix}{}", self.quoted(column))).collect::<Vec<_>>().join(", ")
    }

    fn table(&self) -> String {
        self.dialect.qualified(self.schema, self.name)
    }

    fn quoted(&self, name: &str) -> String {
        self.dialect.quoted(name)
    }

    fn parameters(&self) -> Parameters<'_> {
        Parameters::new(self.dialect)
    }
}
