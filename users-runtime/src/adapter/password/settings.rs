//! How much hashing a server does at once, and what it upgrades.

use std::{num::NonZero, time::Duration};

use super::{Argon2Params, ForeignHashes};
use crate::{
    domain::{Error, PasswordHash, Result},
    port::HashVerifier,
};

/// Settings of [`Hashing`](super::Hashing).
///
/// Two bounds hold at once: at most [`workers`](Self::workers) passwords are hashed, and the memory that the running ones
/// ask for never adds up to more than [`memory_budget_mib`](Self::memory_budget_mib).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct HashSettings {
    /// The cost of new hashes. Default: [`Argon2Params::recommended`].
    pub params: Argon2Params,
    /// When a stored hash is replaced at the next login. Default: [`RehashRule::WhenWeaker`].
    pub rehash: RehashRule,
    /// Threads that hash, 1 to 1,024. Default: as many as there are cores for this process.
    pub workers: usize,
    /// Memory for hashing in MiB, up to 1 TiB, and no less than one new hash takes. Default: 256.
    ///
    /// A stored hash that asks for more than all of it can never be verified: the login fails and an ERROR event says so.
    pub memory_budget_mib: u32,
    /// Passwords that may wait for each worker, 1 to 1,024. Beyond, [`HashError::Overloaded`](crate::port::HashError). Default: 32.
    pub queue_per_worker: usize,
    /// How long a password may wait before it is hashed, up to 10 s (the time limit of a request). Beyond,
    /// [`HashError::Overloaded`](crate::port::HashError). Default: 2 s.
    pub max_wait: Duration,
    /// Hashes of other systems that verify. Default: none.
    pub foreign: ForeignHashes,
}

/// When a stored hash is replaced after a successful login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RehashRule {
    /// When it was not made by Argon2id (version 19), or one guess at it costs less work (memory times passes) than at a
    /// new one. Never downward (OWASP ASVS 11.2.2).
    #[default]
    WhenWeaker,
    /// When it was not made by Argon2id, or any parameter differs: version, memory, passes, lanes, length of salt or tag. This
    /// is fastapi-users' rule, needed where both stacks write one table.
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

    /// Sets when a stored hash is replaced at the next login.
    pub fn rehash(mut self, rehash: RehashRule) -> Self {
        self.rehash = rehash;
        self
    }

    /// Sets the number of threads that hash.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Sets the memory for hashing, in MiB.
    pub fn memory_budget_mib(mut self, memory_budget_mib: u32) -> Self {
        self.memory_budget_mib = memory_budget_mib;
        self
    }

    /// Sets how many passwords may wait for each worker.
    pub fn queue_per_worker(mut self, queue_per_worker: usize) -> Self {
        self.queue_per_worker = queue_per_worker;
        self
    }

    /// Sets how long a password may wait before it is hashed.
    pub fn max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = max_wait;
        self
    }

    /// Verifies hashes of another system too, and replaces each at its user's next login. Several are asked in the order of
    /// registration; the first that knows a string has it. A string of Argon2 (`$argon2…`) is never given to any.
    pub fn also_verify(mut self, verifier: impl HashVerifier) -> Self {
        self.foreign.add(verifier);
        self
    }

    /// Takes a stored string as an example of what verifying costs: from the start, a wrong password and one for nobody take
    /// as long as it. Without one, that begins with the first such hash that somebody tries a password for.
    pub fn costs_like(mut self, stored: PasswordHash) -> Self {
        self.foreign.add_example(stored);
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        let in_bounds = |name: &str, ok: bool, bounds: String| {
            if ok { Ok(()) } else { Err(Error::config(format!("hash settings: {name} must be {bounds}"))) }
        };
        let least_budget = self.params.memory_kib().div_ceil(1024).max(1);
        in_bounds("workers", (1..=Self::MAX_WORKERS).contains(&self.workers), format!("1 to {}", Self::MAX_WORKERS))?;
        in_bounds(
            "queue_per_worker",
            (1..=Self::MAX_QUEUE).contains(&self.queue_per_worker),
            format!("1 to {}", Self::MAX_QUEUE),
        )?;
        in_bounds(
            "memory_budget_mib",
            (least_budget..=Self::MAX_BUDGET_MIB).contains(&self.memory_budget_mib),
            format!("{least_budget} (what one new hash takes) to {}", Self::MAX_BUDGET_MIB),
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
        Self {
            params: Argon2Params::default(),
            rehash: RehashRule::default(),
            workers: std::thread::available_parallelism().map_or(1, NonZero::get),
            memory_budget_mib: 256,
            queue_per_worker: 32,
            max_wait: Duration::from_secs(2),
            foreign: ForeignHashes::default(),
        }
    }
}
