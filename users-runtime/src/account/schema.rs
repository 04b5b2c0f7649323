//! The database schema: migration and drift.

use crate::{
    port::{SchemaDrift, StoreError},
    service::Users,
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Creates missing tables, columns and indexes. Never drops or rewrites anything.
    ///
    /// # Errors
    /// [`StoreError`] if the database refuses, for example because two stored addresses differ by case only.
    #[tracing::instrument(target = "axum_users", name = "migrate", skip_all)]
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.inner().store.migrate().await
    }

    /// Compares the database with the struct and returns the differences, each with the SQL that repairs it where there
    /// is one.
    ///
    /// # Errors
    /// [`StoreError`] if the schema cannot be read.
    pub async fn check_schema(&self) -> Result<Vec<SchemaDrift>, StoreError> {
        self.inner().store.check_schema().await
    }
}
