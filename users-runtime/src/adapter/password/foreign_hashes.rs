//! The registered verifiers of other systems' hashes.

use std::{fmt, sync::Arc};

use super::stored::Corrupt;
use crate::{
    domain::PasswordHash,
    port::{ForeignHash, HashVerifier},
};

/// The verifiers registered with [`HashSettings::also_verify`](super::HashSettings::also_verify). Two values are equal
/// if they contain the same objects.
#[derive(Clone, Default)]
pub struct ForeignHashes {
    verifiers: Vec<Arc<dyn HashVerifier>>,
    examples: Vec<PasswordHash>,
}

impl ForeignHashes {
    pub(super) fn add(&mut self, verifier: impl HashVerifier) {
        self.verifiers.push(Arc::new(verifier));
    }

    pub(super) fn add_example(&mut self, stored: PasswordHash) {
        self.examples.push(stored);
    }

    pub(super) fn examples(&self) -> &[PasswordHash] {
        &self.examples
    }

    /// Parses a string with the first verifier that recognizes it. Also returns the name of its system.
    #[expect(clippy::type_complexity, reason = "one use")]
    pub(super) fn read(&self, stored: &str) -> Option<Result<(&'static str, Arc<dyn ForeignHash>), Corrupt>> {
        let found = |verifier: &Arc<dyn HashVerifier>| Some((verifier.name(), verifier.read(stored)?));
        let (system, read) = self.verifiers.iter().find_map(found)?;
        Some(read.map(|hash| (system, Arc::from(hash))).map_err(Corrupt::from))
    }
}

impl PartialEq for ForeignHashes {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&Arc<dyn HashVerifier>, &Arc<dyn HashVerifier>)| Arc::ptr_eq(a, b);
        self.verifiers.len() == other.verifiers.len()
            && self.verifiers.iter().zip(&other.verifiers).all(same)
            && self.examples == other.examples
    }
}

impl Eq for ForeignHashes {}

impl fmt::Debug for ForeignHashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.verifiers.iter().map(|verifier| verifier.name()).collect();
        f.debug_tuple("ForeignHashes").field(&names).finish()
    }
}
