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
    /// How many KiB Argon2 fills in the time of one round of bcrypt: 225 ms for 2^12 rounds against 14 ms for two passes
    /// over 19,456 KiB.
    const KIB_PER_BCRYPT_ROUND: u64 = 150;

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

    /// Spends it on a password, with nothing to compare the result to.
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
