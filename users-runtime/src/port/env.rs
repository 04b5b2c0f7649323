//! The clock and the random number generator, which tests replace.

use std::time::Duration;

use super::BoxFuture;
use crate::domain::Timestamp;

/// The source of the current time. The runtime never reads the system clock directly, so tests can set the time instead
/// of sleeping.
pub trait Clock: Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> Timestamp;

    /// Waits until this much time has passed. The default waits on Tokio's timer; a clock that tests move waits until they
    /// have moved it this far.
    fn wait(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// A cryptographically secure random number generator. The runtime uses only the operating system's (OWASP ASVS
/// 11.5.1).
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes` with random bytes.
    ///
    /// # Errors
    /// [`RandomError`] if the generator fails. There is no fallback to a weaker one.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The operating system's random number generator failed.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the operating system's random number generator failed")]
pub struct RandomError;
