//! The database schema: migration and drift.

use crate::{
    event::operation,
    port::{SchemaDrift, StoreError},
    service::Users,
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Creates missing tables, columns and indexes. Never drops or rewrites anything. The remaining differences from
    /// the struct are logged, each as one WARN line (event `schema_drift`).
    ///
    /// # Errors
    /// [`StoreError`] if the database refuses, for example because two stored addresses differ by case only.
    #[tracing::instrument(target = "axum_users", name = "migrate", skip_all)]
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.inner().store.migrate().await?;
        if let Ok(left) = self.check_schema().await {
            for drift in left {
                operation!(WARN, "schema_drift", "the database differs from the struct", %drift);
            }
        }
        Ok(())
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
