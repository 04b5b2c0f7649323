//! The schema as text, for tools that keep migrations in files.

use crate::{
    adapter::sql::{Database, SqlStore, StoredUser},
    domain::Result,
    service::Users,
};

impl<U: StoredUser> Users<U> {
    /// The statements that create the schema in an empty database, for tools that keep migrations in files. Needs no
    /// connection. What a database that is there lacks is in [`Users::check_schema`], statement by statement.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) if the database is not built in, or the struct is not meant for it
    /// (`#[auth(databases(…))]`).
    pub fn migration_sql(database: Database) -> Result<String> {
        SqlStore::<U>::creation(database)
    }
}
