//! Argon2 in another system's wrapping.

use super::super::{cost::Cost, stored::Argon2Hash, work_buffer::WorkBuffer};
use crate::{
    domain::Password,
    port::{ForeignHash, HashCost, UnfitHash},
};

pub(super) struct Argon2(Argon2Hash);

impl Argon2 {
    /// Reads `$argon2id$v=19$…`.
    pub(super) fn parse(text: &str) -> Result<Self, UnfitHash> {
        match Argon2Hash::parse(text) {
            Ok(hash) => Ok(Self(hash)),
            Err(corrupt) => Err(corrupt.into()),
        }
    }

    /// Gives `work` an area of so many blocks, and wipes it. Nothing, if the system has no memory for it.
    fn with_area<T>(kib: u32, work: impl FnOnce(&mut [argon2::Block]) -> T) -> Option<T> {
        let mut area = WorkBuffer::allocate(kib)?;
        let result = work(area.blocks());
        area.wipe();
        Some(result)
    }
}

impl ForeignHash for Argon2 {
    fn cost(&self) -> HashCost {
        let params = &self.0.params;
        HashCost { memory_kib: params.m_cost(), work: u64::from(params.m_cost()) * u64::from(params.t_cost()) }
    }

    fn matches(&self, password: &Password) -> bool {
        let bytes = password.secret().as_bytes();
        let matched = Self::with_area(self.cost().memory_kib, |blocks| self.0.matches(bytes, blocks));
        matched.is_some_and(|matched| matched.unwrap_or(false))
    }

    fn spend(&self, password: &Password, work: u64) {
        let work = work.min(self.cost().work);
        if let Some(cost) = Cost::argon2(work, self.0.params.t_cost(), self.0.params.p_cost()) {
            let _ = Self::with_area(cost.memory().area, |blocks| cost.spend(password, blocks));
        }
    }
}
