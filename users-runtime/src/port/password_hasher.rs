//! Hashing of passwords.

use super::BoxFuture;
use crate::domain::{Password, PasswordHash};

/// Hashes and verifies passwords, outside the asynchronous workers and within limits of memory and concurrency.
///
/// An implementation determines the client it works for with [`WorkSource::current`](super::WorkSource::current).
pub trait PasswordHasher: Send + Sync + 'static {
    /// Returns the error that a call of the current source would get now because too many passwords are waiting. Cheap,
    /// so that a route can check it before it does any work for a request. Default: `Ok`.
    ///
    /// # Errors
    /// [`HashError::Overloaded`] if there is no room for this source.
    fn ensure_room(&self) -> Result<(), HashError> {
        Ok(())
    }

    /// Hashes a password with the current settings and a new random salt.
    ///
    /// # Errors
    /// [`HashError::Overloaded`] if the queue is full, [`HashError::Failed`] if a thread or the random number generator
    /// fails.
    fn hash<'a>(&'a self, password: &'a Password) -> BoxFuture<'a, Result<PasswordHash, HashError>>;

    /// Verifies a password against a stored hash in any known form. A hash of an unknown form or of excessive cost is a
    /// mismatch.
    ///
    /// # Errors
    /// As for [`hash`](Self::hash).
    fn verify<'a>(
        &'a self,
        password: &'a Password,
        hash: &'a PasswordHash,
    ) -> BoxFuture<'a, Result<Verification, HashError>>;

    /// Spends the time of a verification of a wrong password, for a login with an unknown address. Equal times prevent
    /// account enumeration.
    ///
    /// # Errors
    /// As for [`hash`](Self::hash).
    fn verify_dummy<'a>(&'a self, password: &'a Password) -> BoxFuture<'a, Result<(), HashError>>;
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Verification {
    /// The password does not match.
    Wrong,
    /// The password matches, and the hash is as strong as the settings require.
    Right,
    /// The password matches, but the hash is weaker than the settings require: hash the password again and store the
    /// result.
    RightButOutdated,
}

/// The reason why no password was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The queue has no room for this source, or the request waited too long: status 503 with `Retry-After`.
    #[error("too many passwords are waiting to be hashed")]
    Overloaded {
        /// The value of `Retry-After`, in seconds: 1 to 5.
        retry_after: u32,
    },
    /// A thread or the random number generator failed.
    #[error("hashing failed")]
    Failed,
}
