//! The operating system's random generator.

use crate::{
    domain::{Error, Result, SecretKey},
    port::{Random, RandomError},
};

/// Asks the operating system for every byte; nothing is kept, so nothing can be predicted or forked.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the operating system")]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(bytes).map_err(|_| RandomError)
    }
}

impl SecretKey {
    /// Makes a secret that lasts as long as the process, for a first try and for tests: after a restart nobody is logged
    /// in, and mailed links are dead.
    ///
    /// # Errors
    /// [`Error::Config`] if the operating system's generator fails.
    pub fn generate() -> Result<Self> {
        let mut bytes = [0; Self::MIN_BYTES];
        OsRandom.fill(&mut bytes).map_err(|error| Error::config(error.to_string()))?;
        Self::new(bytes)
    }
}
