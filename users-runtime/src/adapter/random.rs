//! The operating system's random generator.

use crate::port::{Random, RandomError};

/// Asks the operating system for every byte; nothing is kept, so nothing can be predicted or forked.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter of the generator")]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(bytes).map_err(|_| RandomError)
    }
}
