//! Argon2 hashes with another system's prefix.

use super::super::{stored::Argon2Hash, work_buffer::WorkBuffer};
use crate::{
    domain::Password,
    port::{ForeignHash, HashCost, UnfitHash},
};

pub(super) struct Argon2(Argon2Hash);

impl Argon2 {
    /// Parses `$argon2id$v=19$…`.
    pub(super) fn parse(text: &str) -> Result<Self, UnfitHash> {
        match Argon2Hash::parse(text) {
            Ok(hash) => Ok(Self(hash)),
            Err(corrupt) => Err(corrupt.into()),
        }
    }

    /// Runs `work` with a buffer of `kib` blocks and wipes it. Returns `None` if the system is out of memory.
    fn with_buffer<T>(kib: u32, work: impl FnOnce(&mut [argon2::Block]) -> T) -> Option<T> {
        let mut buffer = WorkBuffer::allocate(kib)?;
        let result = work(buffer.blocks());
        buffer.wipe();
        Some(result)
    }
}

impl ForeignHash for Argon2 {
    fn cost(&self) -> HashCost {
        let cost = self.0.cost();
        HashCost { memory_kib: cost.memory().buffer, work: cost.work() }
    }

    fn method(&self) -> String {
        let params = &self.0.params;
        format!(
            "{} {} m={} t={} p={}",
            self.0.algorithm,
            u32::from(self.0.version),
            params.m_cost(),
            params.t_cost(),
            params.p_cost()
        )
    }

    fn matches(&self, password: &Password) -> bool {
        let bytes = password.secret().as_bytes();
        let matched = Self::with_buffer(self.cost().memory_kib, |blocks| self.0.matches(bytes, blocks));
        matched.is_some_and(|matched| matched.unwrap_or(false))
    }
}
