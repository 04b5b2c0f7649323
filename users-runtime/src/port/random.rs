//! The source of randomness.

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
