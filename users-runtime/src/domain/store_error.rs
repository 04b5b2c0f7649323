//! What a store answers when it cannot do what it was asked.

use std::{error::Error, sync::Arc};

/// Why a store could not do what it was asked. Cheap to clone, since one query answers many callers.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another user has this address.
    #[error("another user has this e-mail address")]
    EmailTaken,
    /// A unique constraint of the application's own column was hit. Clients see 400 `{"detail":"CONFLICT"}`.
    #[error("a value that must be unique is taken")]
    Conflict,
    /// The database cannot be reached, has no free connection in time, or is busy or read-only: try again later.
    #[error("the database is not available")]
    Unavailable(#[source] Arc<dyn Error + Send + Sync>),
    /// The schema or the rows that are there are in the way of a migration; the text says what to do.
    #[error("{0}")]
    Schema(String),
    /// Users belong to tenants (`#[auth(tenant)]`), and it was not said to which: call `for_tenant` first. Or the store knows
    /// no tenants.
    #[error("users are kept per tenant, and no tenant was named: call for_tenant first")]
    MissingTenant,
    /// Anything else; the cause is for the log and not for clients.
    #[error("the database refused")]
    Failed(#[source] Arc<dyn Error + Send + Sync>),
}

impl StoreError {
    /// Try again later, because of `cause`.
    #[must_use]
    pub fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(Arc::from(cause.into()))
    }

    /// It did not work, because of `cause`.
    #[must_use]
    pub fn failed(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(Arc::from(cause.into()))
    }
}
