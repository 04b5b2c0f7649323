//! Hashing of passwords.

use super::BoxFuture;
use crate::domain::{Password, PasswordHash};

/// Hashes and verifies passwords, off the asynchronous workers and within bounds.
pub trait PasswordHasher: Send + Sync + 'static {
    /// Hashes a password with the current algorithm and a fresh salt.
    fn hash<'a>(&'a self, password: &'a Password) -> BoxFuture<'a, Result<PasswordHash, HashError>>;

    /// Verifies a password against a stored hash of any known form. An unknown or absurd form is a mismatch.
    fn verify<'a>(
        &'a self,
        password: &'a Password,
        hash: &'a PasswordHash,
    ) -> BoxFuture<'a, Result<Verification, HashError>>;

    /// Spends the time that the costliest verification now in use takes, for an account that does not exist.
    fn verify_nobody<'a>(&'a self, password: &'a Password) -> BoxFuture<'a, Result<(), HashError>>;
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Verification {
    /// Not the password.
    Wrong,
    /// The password, and the hash is as strong as the policy asks.
    Right,
    /// The password, but the stored hash is weaker than the policy asks: hash again and store.
    RightButOutdated,
}

/// Why nothing was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// Too many are waiting, or waited too long: 503 with `Retry-After`.
    #[error("too many passwords are waiting to be hashed")]
    Overloaded {
        /// When to try again, in seconds, 1 to 5.
        retry_after: u32,
    },
    /// The worker or the random generator failed.
    #[error("hashing failed")]
    Failed,
}
