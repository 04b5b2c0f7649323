//! Classification of database errors.

use sqlx::Error;

use super::{Driver, UserSql};
use crate::port::StoreError;

/// Returns `true` if the connection was lost; it is not known whether the statement took effect.
pub(super) fn is_disconnected<DB: Driver>(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Tls(_) | Error::WorkerCrashed => true,
        Error::Database(refusal) => DB::is_disconnected(refusal.as_ref()),
        _ => false,
    }
}

/// Returns `true` if the database rolled back the transaction, so that it can be retried.
pub(super) fn is_undone<DB: Driver>(error: &Error) -> bool {
    matches!(error, Error::Database(refusal) if DB::is_undone(refusal.as_ref()))
}

/// Returns `true` if the connection's prepared statements are outdated; the statement had no effect.
pub(super) fn is_outdated<DB: Driver>(error: &Error) -> bool {
    match error {
        Error::Database(refusal) => DB::is_outdated(refusal.as_ref()),
        Error::TypeNotFound { .. } => true,
        _ => false,
    }
}

/// A statement about users with tenants was run without a tenant.
#[derive(Debug, thiserror::Error)]
#[error("no tenant was given")]
struct MissingTenant;

/// Returns the error of a statement that would run without a tenant.
pub(super) fn missing_tenant() -> Error {
    Error::Encode(Box::new(MissingTenant))
}

/// Converts an error of the driver. The cause is kept for the log; it contains names of tables and columns, never
/// values.
pub(super) fn store_error<DB: Driver>(error: Error, sql: &UserSql) -> StoreError {
    match &error {
        Error::Database(refusal) if refusal.is_unique_violation() => {
            if DB::is_email_taken(refusal.as_ref(), sql) {
                StoreError::EmailTaken
            } else {
                StoreError::Conflict
            }
        }
        // The row refers to a user that was deleted in the meantime.
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
