//! The operating system's random number generator.

use crate::{
    domain::{Error, Result, SecretKey, Setting},
    port::{Random, RandomError},
};

/// Reads every byte from the operating system's random number generator. No state is kept in the process, so none can
/// leak or be duplicated by a fork.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    #[expect(clippy::disallowed_methods, reason = "the only place that calls the operating system's generator")]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(bytes).map_err(|_| RandomError)
    }
}

impl SecretKey {
    /// Generates a random secret, for development and tests. It exists only in this process: a restart invalidates all
    /// sessions and mailed links.
    ///
    /// # Errors
    /// [`Error::Config`] if the operating system's random number generator fails.
    pub fn generate() -> Result<Self> {
        let mut bytes = [0; Self::MIN_BYTES];
        OsRandom.fill(&mut bytes).map_err(|error| Error::setting(Setting::Random, error.to_string()))?;
        Self::new(bytes)
    }
}
