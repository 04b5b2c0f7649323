//! The settings of password hashing.

use std::{num::NonZero, time::Duration};

use super::{Argon2Params, ForeignHashes};
use crate::{
    domain::{Error, PasswordHash, Result, Setting},
    port::HashVerifier,
};

/// The settings of [`Hashing`](super::Hashing).
///
/// Two limits apply at the same time: at most [`workers`](Self::workers) passwords are hashed concurrently, and their
/// memory never exceeds [`memory_budget_mib`](Self::memory_budget_mib). See
/// [Sizing](https://github.com/axum-users/axum-users/blob/main/docs/guide/resources.md#sizing).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct HashSettings {
    /// The cost of new hashes. Default: [`Argon2Params::recommended`].
    pub params: Argon2Params,
    /// The rule for replacing a stored hash after a login. Default: [`RehashRule::WhenWeaker`].
    pub rehash: RehashRule,
    /// The number of hashing threads, 1 to 1,024. Default: the number of cores available to the process.
    pub workers: usize,
    /// The number of further threads, of normal priority, at most 1,024. They hash only if other work leaves no CPU
    /// time to the hashing threads, which have the lowest priority: a login then takes about a tenth of a second longer
    /// instead of seconds. With 0, hashing never takes time from other work. Default: one for each four cores, rounded
    /// up; without effect on systems other than Linux, where all threads have the normal priority.
    pub helpers: usize,
    /// Memory for hashing in MiB, at most 1 TiB and at least the memory of one new hash. Default: 256.
    ///
    /// A stored hash that needs more than the whole budget cannot be verified: the login fails and an ERROR event is
    /// emitted.
    pub memory_budget_mib: u32,
    /// Passwords that may wait for each worker, 1 to 1,024. Sources, which are [clients](crate::port::WorkSource),
    /// share the places: if all are taken, a password replaces the newest one of the source with the most waiting, or
    /// is refused with [`HashError::Overloaded`](crate::port::HashError) if that source is its own. Default: 32.
    pub queue_per_worker: usize,
    /// The time that a password may wait to be hashed, at most 10 s (the time limit of a request). Afterwards it is
    /// refused with [`HashError::Overloaded`](crate::port::HashError). Default: 2 s.
    pub max_wait: Duration,
    /// The verifiers of other systems' hashes. Default: none.
    pub foreign: ForeignHashes,
}

/// The rule for replacing a stored hash after a successful login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RehashRule {
    /// Replaces a hash that was not made by Argon2id (version 19), or whose work (memory × passes) is less than that of
    /// a new hash. Never replaces a hash by a weaker one (OWASP ASVS 11.2.2).
    #[default]
    WhenWeaker,
    /// Replaces a hash that was not made by Argon2id or differs in any parameter: version, memory, passes, lanes,
    /// length of salt or tag. This is the rule of fastapi-users, needed if both systems write the same table.
    ///
    /// # Security
    /// Replaces stronger hashes by weaker ones if the settings are weaker.
    WhenDifferent,
}

impl HashSettings {
    const MAX_WORKERS: usize = 1024;
    const MAX_QUEUE: usize = 1024;
    const MAX_BUDGET_MIB: u32 = 1024 * 1024;
    const MAX_WAIT: Duration = Duration::from_secs(10);

    /// Sets the cost of new hashes.
    pub fn params(mut self, params: Argon2Params) -> Self {
        self.params = params;
        self
    }

    /// Sets the rule for replacing a stored hash after a login.
    pub fn rehash(mut self, rehash: RehashRule) -> Self {
        self.rehash = rehash;
        self
    }

    /// Sets the number of hashing threads, 1 to 1,024.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Sets the number of further threads of normal priority, at most 1,024.
    pub fn helpers(mut self, helpers: usize) -> Self {
        self.helpers = helpers;
        self
    }

    /// Sets the memory budget for hashing, in MiB.
    pub fn memory_budget_mib(mut self, memory_budget_mib: u32) -> Self {
        self.memory_budget_mib = memory_budget_mib;
        self
    }

    /// Sets the number of passwords that may wait for each worker, 1 to 1,024.
    pub fn queue_per_worker(mut self, queue_per_worker: usize) -> Self {
        self.queue_per_worker = queue_per_worker;
        self
    }

    /// Sets the time that a password may wait to be hashed, at most 10 s.
    pub fn max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = max_wait;
        self
    }

    /// Registers a verifier for the hashes of another system; each hash is replaced at its user's next login. Verifiers
    /// are tried in the order of registration and the first one that recognizes a string is used. Argon2 strings
    /// (`$argon2…`) are never passed to a verifier.
    pub fn also_verify(mut self, verifier: impl HashVerifier) -> Self {
        self.foreign.add(verifier);
        self
    }

    /// Registers a stored hash as an example of the verification cost: from the start, failed logins take at least as
    /// long as its verification. Without an example, this begins only with the first login against such a hash.
    pub fn costs_like(mut self, stored: PasswordHash) -> Self {
        self.foreign.add_example(stored);
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        let in_bounds = |name: &str, ok: bool, bounds: String| {
            if ok {
                Ok(())
            } else {
                Err(Error::setting(Setting::Password, format!("hash settings: {name} must be {bounds}")))
            }
        };
        let least_budget = self.params.memory_kib().div_ceil(1024).max(1);
        in_bounds("workers", (1..=Self::MAX_WORKERS).contains(&self.workers), format!("1 to {}", Self::MAX_WORKERS))?;
        in_bounds("helpers", self.helpers <= Self::MAX_WORKERS, format!("at most {}", Self::MAX_WORKERS))?;
        in_bounds(
            "queue_per_worker",
            (1..=Self::MAX_QUEUE).contains(&self.queue_per_worker),
            format!("1 to {}", Self::MAX_QUEUE),
        )?;
        in_bounds(
            "memory_budget_mib",
            (least_budget..=Self::MAX_BUDGET_MIB).contains(&self.memory_budget_mib),
            format!("{least_budget} (the memory of one new hash) to {}", Self::MAX_BUDGET_MIB),
        )?;
        in_bounds(
            "max_wait",
            !self.max_wait.is_zero() && self.max_wait <= Self::MAX_WAIT,
            format!("more than 0 and at most {} s", Self::MAX_WAIT.as_secs()),
        )
    }
}

impl Default for HashSettings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            params: Argon2Params::default(),
            rehash: RehashRule::default(),
            workers: cores,
            helpers: cores.div_ceil(4),
            memory_budget_mib: 256,
            queue_per_worker: 32,
            max_wait: Duration::from_secs(2),
            foreign: ForeignHashes::default(),
        }
    }
}
