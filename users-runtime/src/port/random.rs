//! The source of randomness.

/// Fills bytes that nobody can guess. The only source in the runtime is the operating system's generator (OWASP ASVS 11.5.1).
pub trait Random: Send + Sync + 'static {
    /// Fills the whole of `bytes`.
    ///
    /// # Errors
    /// [`RandomError`] if the generator fails; nothing weaker is tried instead.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The operating system's generator failed.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the operating system's random generator failed")]
pub struct RandomError;
