//! The schema as text, for tools that keep migrations in files.

use crate::{
    adapter::sql::{Database, SqlStore, StoredUser},
    domain::Result,
    service::Users,
};

impl<U: StoredUser> Users<U> {
    /// Returns the statements that create the schema in an empty database, for tools that keep migrations in files.
    /// Needs no connection. For an existing database, [`Users::check_schema`] returns the statements that are missing.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) if the Cargo feature of the database is off, or if the struct excludes
    /// the database (`#[auth(databases(…))]`).
    pub fn migration_sql(database: Database) -> Result<String> {
        SqlStore::<U>::creation(database)
    }
}
