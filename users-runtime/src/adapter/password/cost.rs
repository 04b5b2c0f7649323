//! What a verification costs, so that one for nobody can cost as much.

use std::{
    hint::black_box,
    sync::{Mutex, PoisonError},
};

use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::Argon2Params;

/// The cost of one verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    Argon2 { memory_kib: u32, passes: u32, lanes: u32 },
    Bcrypt { log_rounds: u32 },
}

/// The costliest verification that this process has met.
#[derive(Debug)]
pub(super) struct Costliest(Mutex<Cost>);

impl Cost {
    /// How many KiB Argon2 fills in the time of one round of bcrypt: measured as 55 µs a round against 0.39 µs a KiB at
    /// 19 MiB. Bigger areas miss the processor's cache more often and take up to half as long again for each KiB.
    const KIB_PER_BCRYPT_ROUND: u64 = 140;
    /// The cheapest bcrypt there is.
    const LEAST_LOG_ROUNDS: u32 = 4;

    /// KiB that Argon2 fills in the same time.
    pub(super) fn work(self) -> u64 {
        match self {
            Self::Argon2 { memory_kib, passes, .. } => u64::from(memory_kib) * u64::from(passes),
            Self::Bcrypt { log_rounds } => Self::KIB_PER_BCRYPT_ROUND << log_rounds,
        }
    }

    pub(super) fn memory_kib(self) -> u32 {
        match self {
            Self::Argon2 { memory_kib, .. } => memory_kib,
            Self::Bcrypt { .. } => 0,
        }
    }

    /// What is left to spend of this cost after `spent`, so that a wrong password for a cheap hash takes as long as one for
    /// a costly hash, or for nobody. Work of this kind only, so that the sum is as close as the two kinds can be compared.
    pub(super) fn beyond(self, spent: Self) -> Vec<Self> {
        let missing = self.work().saturating_sub(spent.work());
        match self {
            Self::Argon2 { passes, lanes, .. } => {
                let memory_kib = u32::try_from(missing / u64::from(passes)).unwrap_or(0);
                let least = 8 * lanes; // RFC 9106 section 3.1
                if memory_kib < least { Vec::new() } else { vec![Self::Argon2 { memory_kib, passes, lanes }] }
            }
            Self::Bcrypt { log_rounds } => {
                let rounds = missing / Self::KIB_PER_BCRYPT_ROUND;
                let is_needed = |log: &u32| rounds >> log & 1 == 1;
                (Self::LEAST_LOG_ROUNDS..=log_rounds)
                    .filter(is_needed)
                    .map(|log_rounds| Self::Bcrypt { log_rounds })
                    .collect()
            }
        }
    }

    /// Spends it on a password, with nothing to compare the result to. Needs [`memory_kib`](Self::memory_kib) blocks.
    pub(super) fn spend(self, password: &[u8], blocks: &mut [Block]) {
        const SALT: [u8; Argon2Params::SALT_BYTES] = [0; Argon2Params::SALT_BYTES];
        match self {
            Self::Argon2 { memory_kib, passes, lanes } => {
                let mut tag = [0; Argon2Params::TAG_BYTES];
                if let Ok(params) = Params::new(memory_kib, passes, lanes, Some(tag.len())) {
                    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
                    let done = argon2.hash_password_into_with_memory(password, &SALT, &mut tag, blocks);
                    black_box((done.is_ok(), tag));
                }
            }
            Self::Bcrypt { log_rounds } => {
                black_box(bcrypt::hash_with_salt_bytes(password, log_rounds, SALT).is_ok());
            }
        }
    }
}

impl From<Argon2Params> for Cost {
    fn from(params: Argon2Params) -> Self {
        Self::Argon2 { memory_kib: params.memory_kib(), passes: params.passes(), lanes: params.lanes() }
    }
}

impl Costliest {
    pub(super) fn starting_with(cost: Cost) -> Self {
        Self(Mutex::new(cost))
    }

    /// Takes note of a cost that is in use.
    pub(super) fn meet(&self, cost: Cost) {
        let mut costliest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cost.work() > costliest.work() {
            *costliest = cost;
        }
    }

    pub(super) fn get(&self) -> Cost {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn a_cheap_verification_is_topped_up_to_the_costliest() {
        for (costliest, spent) in [
            (PWDLIB, RECOMMENDED),
            (PWDLIB, BCRYPT_4),
            (BCRYPT_12, PWDLIB),
            (BCRYPT_12, RECOMMENDED),
            (RECOMMENDED, BCRYPT_4),
        ] {
            let topped_up = spent.work() + costliest.beyond(spent).into_iter().map(Cost::work).sum::<u64>();
            let off = topped_up.abs_diff(costliest.work());
            assert!(off * 100 <= costliest.work(), "{spent:?} to {costliest:?} is off by {off}");
        }
    }

    #[test]
    fn the_costliest_itself_is_not_topped_up() {
        assert!(PWDLIB.beyond(PWDLIB).is_empty());
        assert!(RECOMMENDED.beyond(BCRYPT_12).is_empty());
    }

    #[test]
    fn the_costliest_met_is_kept() {
        let costliest = Costliest::starting_with(RECOMMENDED);
        for (met, kept) in [(BCRYPT_4, RECOMMENDED), (PWDLIB, PWDLIB), (RECOMMENDED, PWDLIB), (BCRYPT_12, BCRYPT_12)] {
            costliest.meet(met);
            assert_eq!(costliest.get(), kept);
        }
    }
}
