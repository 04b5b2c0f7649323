//! The cost of one verification, and the same computation without a comparison.

use std::{fmt, hint::black_box, sync::Arc};

use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::{Argon2Params, job::Memory};
use crate::{
    domain::Password,
    port::{ForeignHash, HashCost},
};

/// The cost of one verification: everything that its time depends on.
#[derive(Clone)]
pub(super) enum Cost {
    Argon2 {
        algorithm: Algorithm,
        version: Version,
        memory_kib: u32,
        passes: u32,
        lanes: u32,
    },
    Bcrypt {
        log_rounds: u32,
    },
    /// A part of the work of verifying this hash.
    Foreign {
        system: &'static str,
        hash: Arc<dyn ForeignHash>,
        work: u64,
    },
}

impl Cost {
    /// The KiB that Argon2 fills in the time of one bcrypt round: 55 µs per round against 0.39 µs per KiB at 19 MiB, as
    /// measured.
    const KIB_PER_BCRYPT_ROUND: u64 = 140;

    /// Returns the approximate work, in KiB that Argon2 fills in the same time. It bounds costs; equal times come from
    /// equal computations, not from equal work. The lanes of Argon2 share the memory, so they add no work.
    pub(super) fn work(&self) -> u64 {
        match *self {
            Self::Argon2 { memory_kib, passes, .. } => u64::from(memory_kib) * u64::from(passes),
            Self::Bcrypt { log_rounds } => Self::KIB_PER_BCRYPT_ROUND.checked_shl(log_rounds).unwrap_or(u64::MAX),
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

    /// Returns `true` if no hash may require this much.
    pub(super) fn is_excessive(&self) -> bool {
        self.memory().all() > HashCost::MAX_MEMORY_KIB.into() || self.work() > HashCost::MAX_WORK
    }

    /// Returns `true` if both are the same computation, or the same foreign method with another amount of work.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Argon2 { algorithm, version, memory_kib, passes, lanes },
                Self::Argon2 { algorithm: algorithm_, version: version_, memory_kib: m, passes: t, lanes: p },
            ) => (algorithm, version, memory_kib, passes, lanes) == (algorithm_, version_, m, t, p),
            (Self::Bcrypt { log_rounds }, Self::Bcrypt { log_rounds: other }) => log_rounds == other,
            (Self::Foreign { system, hash, .. }, Self::Foreign { system: other_system, hash: other, .. }) => {
                system == other_system && hash.method() == other.method()
            }
            _ => false,
        }
    }

    /// Returns the remainder of this cost after a verification of a [similar](Self::is_like) cost.
    pub(super) fn after(&self, spent: &Self) -> Option<Self> {
        match (self, spent) {
            (Self::Foreign { system, hash, work }, Self::Foreign { work: spent, .. }) if work > spent => {
                Some(Self::Foreign { system, hash: Arc::clone(hash), work: work - spent })
            }
            _ => None,
        }
    }

    /// Performs the computation on a password without comparing the result. `blocks` must have at least the size of
    /// [`memory`](Self::memory).
    pub(super) fn spend(&self, password: &Password, blocks: &mut [Block]) {
        const SALT: [u8; Argon2Params::SALT_BYTES] = [0; Argon2Params::SALT_BYTES];
        let bytes = password.secret().as_bytes();
        match *self {
            Self::Argon2 { algorithm, version, memory_kib, passes, lanes } => {
                let mut tag = [0; Argon2Params::TAG_BYTES];
                if let Ok(params) = Params::new(memory_kib, passes, lanes, Some(tag.len())) {
                    let argon2 = Argon2::new(algorithm, version, params);
                    let done = argon2.hash_password_into_with_memory(bytes, &SALT, &mut tag, blocks);
                    black_box((done.is_ok(), tag));
                }
            }
            Self::Bcrypt { log_rounds } => {
                black_box(bcrypt::hash_with_salt_bytes(bytes, log_rounds, SALT).is_ok());
            }
            Self::Foreign { ref hash, work, .. } => hash.spend(password, work),
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
        Self::Argon2 {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            memory_kib: params.memory_kib(),
            passes: params.passes(),
            lanes: params.lanes(),
        }
    }
}
