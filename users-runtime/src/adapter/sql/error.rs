//! What a database's error means to the runtime.

use sqlx::Error;

use super::{Driver, UserSql};
use crate::port::StoreError;

/// Whether the connection is gone; the statement may have run or not.
pub(super) fn is_disconnected<DB: Driver>(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Tls(_) | Error::WorkerCrashed => true,
        Error::Database(refusal) => DB::is_disconnected(refusal.as_ref()),
        _ => false,
    }
}

/// Whether the database undid everything and may be asked again.
pub(super) fn is_undone<DB: Driver>(error: &Error) -> bool {
    matches!(error, Error::Database(refusal) if DB::is_undone(refusal.as_ref()))
}

/// Users of such a type are kept per tenant, and no tenant was named.
#[derive(Debug, thiserror::Error)]
#[error("no tenant was named")]
struct MissingTenant;

/// The error of a statement that would run without a tenant.
pub(super) fn missing_tenant() -> Error {
    Error::Encode(Box::new(MissingTenant))
}

/// Sorts an error of the driver. The cause travels along for the log; it names tables and columns, never values.
pub(super) fn store_error<DB: Driver>(error: Error, sql: &UserSql) -> StoreError {
    match &error {
        Error::Database(refusal) if refusal.is_unique_violation() => {
            if DB::is_email_taken(refusal.as_ref(), sql) {
                StoreError::EmailTaken
            } else {
                StoreError::Conflict
            }
        }
        // What refers to a user that was deleted meanwhile.
        Error::Database(refusal) if refusal.is_foreign_key_violation() => StoreError::Conflict,
        Error::Encode(reason) if reason.is::<MissingTenant>() => StoreError::MissingTenant,
        Error::Database(refusal) if DB::is_unavailable(refusal.as_ref()) => StoreError::unavailable(error),
        Error::PoolTimedOut
        | Error::PoolClosed
        | Error::Io(_)
        | Error::Tls(_)
        | Error::WorkerCrashed
        | Error::BeginFailed => StoreError::unavailable(error),
        _ => StoreError::failed(error),
    }
}
