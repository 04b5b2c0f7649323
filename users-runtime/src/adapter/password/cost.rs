//! The cost of verifications. Known costs allow failed logins to take the same time for every hash and for unknown
//! accounts.

use std::{
    fmt,
    hint::black_box,
    sync::{Arc, Mutex, PoisonError},
};

use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::{Argon2Params, pool::Memory};
use crate::{domain::Password, port::ForeignHash};

/// The cost of one verification.
#[derive(Clone)]
pub(super) enum Cost {
    Argon2 {
        memory_kib: u32,
        passes: u32,
        lanes: u32,
    },
    Bcrypt {
        log_rounds: u32,
    },
    /// A part of the work of verifying this hash.
    Foreign {
        hash: Arc<dyn ForeignHash>,
        work: u64,
    },
}

/// The costliest verification since the start of the process.
#[derive(Debug)]
pub(super) struct Costliest(Mutex<Cost>);

impl Cost {
    /// The KiB that Argon2 fills in the time of one bcrypt round: 55 µs per round against 0.39 µs per KiB at 19 MiB, as
    /// measured. Larger buffers cause more cache misses and take up to 50 % longer per KiB.
    const KIB_PER_BCRYPT_ROUND: u64 = 140;
    /// The lowest cost of bcrypt.
    const LEAST_LOG_ROUNDS: u32 = 4;

    /// Returns the work, in KiB that Argon2 fills in the same time.
    pub(super) fn work(&self) -> u64 {
        match *self {
            Self::Argon2 { memory_kib, passes, .. } => u64::from(memory_kib) * u64::from(passes),
            Self::Bcrypt { log_rounds } => Self::KIB_PER_BCRYPT_ROUND << log_rounds,
            Self::Foreign { work, .. } => work,
        }
    }

    pub(super) fn memory(&self) -> Memory {
        match self {
            Self::Argon2 { memory_kib, .. } => (*memory_kib).into(),
            Self::Bcrypt { .. } => 0.into(),
            Self::Foreign { hash, .. } => Memory { buffer: 0, own: hash.cost().memory_kib },
        }
    }

    /// Returns the work that remains after `spent`, so that a wrong password takes as long for a cheap hash as for the
    /// costliest one or an unknown account. The work uses the algorithm of `self`, for which the time is most exact.
    pub(super) fn beyond(&self, spent: &Self) -> Vec<Self> {
        let missing = self.work().saturating_sub(spent.work());
        match *self {
            Self::Argon2 { passes, lanes, .. } => Self::argon2(missing, passes, lanes).into_iter().collect(),
            Self::Bcrypt { log_rounds } => Self::bcrypt(missing, log_rounds),
            Self::Foreign { ref hash, .. } if missing > 0 => {
                vec![Self::Foreign { hash: Arc::clone(hash), work: missing }]
            }
            Self::Foreign { .. } => Vec::new(),
        }
    }

    /// Returns an Argon2 cost for this work in this number of passes, or `None` if it is below Argon2's minimum.
    pub(super) fn argon2(work: u64, passes: u32, lanes: u32) -> Option<Self> {
        let memory_kib = u32::try_from(work / u64::from(passes)).unwrap_or(0);
        let least = 8 * lanes; // RFC 9106 section 3.1
        (memory_kib >= least).then_some(Self::Argon2 { memory_kib, passes, lanes })
    }

    /// Splits work into bcrypt computations of at most this cost.
    pub(super) fn bcrypt(work: u64, log_rounds: u32) -> Vec<Self> {
        let rounds = work / Self::KIB_PER_BCRYPT_ROUND;
        let is_needed = |log: &u32| rounds >> log & 1 == 1;
        let parts = (Self::LEAST_LOG_ROUNDS..=log_rounds).filter(is_needed);
        parts.map(|log_rounds| Self::Bcrypt { log_rounds }).collect()
    }

    /// Fits the work into the memory budget, next to the memory already held: unchanged if possible, otherwise as
    /// Argon2 in a smaller buffer.
    pub(super) fn fit(costs: Vec<Self>, held: Memory, budget_kib: u64) -> Vec<Self> {
        if costs.iter().map(Self::memory).fold(held, Memory::or).all() <= budget_kib {
            return costs;
        }
        let work: u64 = costs.iter().map(Self::work).sum();
        let available = if held.buffer > 0 { held.buffer.into() } else { budget_kib.saturating_sub(held.own.into()) };
        let buffer = available.min(work);
        match (u32::try_from(buffer), u32::try_from(work / buffer.max(1))) {
            (Ok(memory_kib), Ok(passes)) if memory_kib >= 8 => vec![Self::Argon2 { memory_kib, passes, lanes: 1 }],
            _ => Vec::new(),
        }
    }

    /// Spends the work on a password without comparing the result. `blocks` must have the size of
    /// [`memory`](Self::memory).
    pub(super) fn spend(&self, password: &Password, blocks: &mut [Block]) {
        const SALT: [u8; Argon2Params::SALT_BYTES] = [0; Argon2Params::SALT_BYTES];
        let bytes = password.secret().as_bytes();
        match *self {
            Self::Argon2 { memory_kib, passes, lanes } => {
                let mut tag = [0; Argon2Params::TAG_BYTES];
                if let Ok(params) = Params::new(memory_kib, passes, lanes, Some(tag.len())) {
                    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
                    let done = argon2.hash_password_into_with_memory(bytes, &SALT, &mut tag, blocks);
                    black_box((done.is_ok(), tag));
                }
            }
            Self::Bcrypt { log_rounds } => {
                black_box(bcrypt::hash_with_salt_bytes(bytes, log_rounds, SALT).is_ok());
            }
            Self::Foreign { ref hash, work } => hash.spend(password, work),
        }
    }
}

impl fmt::Debug for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cost").field("work", &self.work()).field("memory", &self.memory()).finish()
    }
}

impl From<Argon2Params> for Cost {
    fn from(params: Argon2Params) -> Self {
        Self::Argon2 { memory_kib: params.memory_kib(), passes: params.passes(), lanes: params.lanes() }
    }
}

impl Costliest {
    pub(super) fn new(cost: Cost) -> Self {
        Self(Mutex::new(cost))
    }

    /// Records the cost of a verification.
    pub(super) fn record(&self, cost: Cost) {
        let mut costliest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cost.work() > costliest.work() {
            *costliest = cost;
        }
    }

    pub(super) fn get(&self) -> Cost {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECOMMENDED: Cost = Cost::Argon2 { memory_kib: 19_456, passes: 2, lanes: 1 };
    const PWDLIB: Cost = Cost::Argon2 { memory_kib: 65_536, passes: 3, lanes: 4 };
    const BCRYPT_12: Cost = Cost::Bcrypt { log_rounds: 12 };
    const BCRYPT_4: Cost = Cost::Bcrypt { log_rounds: 4 };

    #[test]
    fn a_cheap_verification_is_extended_to_the_costliest() {
        for (costliest, spent) in [
            (PWDLIB, RECOMMENDED),
            (PWDLIB, BCRYPT_4),
            (BCRYPT_12, PWDLIB),
            (BCRYPT_12, RECOMMENDED),
            (RECOMMENDED, BCRYPT_4),
        ] {
            let total = spent.work() + costliest.beyond(&spent).iter().map(Cost::work).sum::<u64>();
            let off = total.abs_diff(costliest.work());
            assert!(off * 100 <= costliest.work(), "{spent:?} to {costliest:?} is off by {off}");
        }
    }

    #[test]
    fn the_costliest_verification_is_not_extended() {
        assert!(PWDLIB.beyond(&PWDLIB).is_empty());
        assert!(RECOMMENDED.beyond(&BCRYPT_12).is_empty());
    }

    #[test]
    fn the_costliest_recorded_verification_is_kept() {
        let costliest = Costliest::new(RECOMMENDED);
        for (cost, kept) in [(BCRYPT_4, RECOMMENDED), (PWDLIB, PWDLIB), (RECOMMENDED, PWDLIB), (BCRYPT_12, BCRYPT_12)] {
            costliest.record(cost);
            assert_eq!(format!("{:?}", costliest.get()), format!("{kept:?}"));
        }
    }

    #[test]
    fn work_that_does_not_fit_is_spent_in_a_smaller_buffer() {
        let held = |buffer, own| Memory { buffer, own };
        for (held, budget_kib) in [(held(0, 200_000), 262_144), (held(1_000, 0), 65_536), (held(0, 0), 20_000)] {
            let fitted = Cost::fit(vec![PWDLIB], held, budget_kib);
            let all = fitted.iter().map(Cost::memory).fold(held, Memory::or).all();
            assert!(all <= budget_kib, "{all} in {budget_kib}");
            let work: u64 = fitted.iter().map(Cost::work).sum();
            assert!(work.abs_diff(PWDLIB.work()) * 2 <= PWDLIB.work(), "{work}");
        }
        assert!(Cost::fit(vec![PWDLIB], held(0, 65_536), 65_536).is_empty(), "no memory is left");
    }
}
