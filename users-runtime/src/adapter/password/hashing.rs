//! The password hasher: creates and verifies hashes.

use std::{fmt, sync::Arc, time::Duration};

use argon2::{Algorithm, Block, Params, Version};

use super::{
    Argon2Params, HashSettings,
    bounds::Bounds,
    cost::Cost,
    hash_kinds::{HashKinds, TooMuch},
    job::{Demand, Memory},
    pool::Pool,
    priority,
    stored::{Argon2Hash, Corrupt, Stored},
    worker_threads,
};
use crate::{
    adapter::clock,
    domain::{Error, Password, PasswordHash, PasswordPolicy, Result, Setting},
    event::operation,
    port::{BoxFuture, Clock, HashError, PasswordHasher, Random, Verification},
};

/// Hashes passwords with Argon2id. Verifies Argon2id, Argon2i, Argon2d, bcrypt (`2a`, `2b`, `2x`, `2y`) and the
/// [registered](HashSettings::also_verify) forms of other systems, within the limits of [`HashSettings`].
///
/// The futures need a Tokio runtime with timers enabled. Dropping the hasher stops its threads.
///
/// # Security
/// * Passwords are hashed and compared byte for byte. A password of more than 1,024 bytes is never hashed and never
///   matches.
/// * A wrong password costs one hash of every kind in use (parameters of Argon2, cost of bcrypt, method of another
///   system), regardless of its own hash; so does a login with an unknown address. Response times therefore do not allow
///   account enumeration. A kind is in use from its first verification until 24 hours after its last one, and from the
///   start if it is [ours](HashSettings::params) or an [example](HashSettings::costs_like). All kinds together are
///   limited to about half a second and to the memory budget; a kind beyond that is verified, but not imitated, and
///   emits a WARN event.
/// * A password with more than 72 bytes or with a NUL byte never matches a bcrypt hash, because bcrypt ignores what
///   follows.
/// * A stored hash that is malformed, of an unknown form or of excessive cost (more than
///   [`HashCost::MAX_WORK`](crate::port::HashCost::MAX_WORK), which is about one second, more than 1 GiB, or more than the
///   whole memory budget) never matches. The check takes the time of any failed login, and an ERROR event without any
///   part of the hash is emitted.
pub struct Hashing {
    pub(super) pool: Pool,
    settings: HashSettings,
    random: Arc<dyn Random>,
    clock: Arc<dyn Clock>,
    kinds: HashKinds,
}

impl Hashing {
    /// Starts the hashing threads. The clock decides which kinds of hashes are still in use.
    ///
    /// # Errors
    /// [`Error::Config`](crate::domain::Error::Config) if a setting is out of range, or if an example hash cannot be
    /// verified or costs too much to be imitated, [`Error::Io`](crate::domain::Error::Io) if the operating system cannot start the threads.
    pub fn start(settings: HashSettings, random: Arc<dyn Random>, clock: Arc<dyn Clock>) -> Result<Self> {
        settings.check()?;
        #[cfg(any(test, feature = "testing"))]
        if settings.params.are_for_tests() {
            crate::event::warn_of_test_helper("Argon2Params::weak_for_tests");
        }
        let (memory_kib, one_hash) =
            (u64::from(settings.memory_budget_mib) * 1024, u64::from(settings.params.memory_kib()));
        // Elsewhere the threads have the normal priority.
        let helpers = if cfg!(target_os = "linux") { settings.helpers } else { 0 };
        let pool = Pool::start(Bounds {
            workers: settings.workers,
            helpers,
            memory_kib,
            helpers_kib: if helpers > 0 && memory_kib >= 2 * one_hash { one_hash } else { 0 },
            waiting: settings.workers * settings.queue_per_worker,
            max_wait: settings.max_wait,
            patience: worker_threads::PATIENCE,
            now: clock::monotonic,
            gets_time: priority::gets_time,
        })?;
        let kinds = HashKinds::new(settings.params.into(), u64::from(settings.memory_budget_mib) * 1024);
        let hashing = Self { pool, settings, random, clock, kinds };
        for example in hashing.settings.foreign.examples() {
            let refused =
                |why: String| Error::setting(Setting::Password, format!("hash settings: the example hash {why}"));
            let read = hashing.read(example).map_err(|reason| refused(format!("cannot be verified: {reason}")))?;
            let admitted = hashing.kinds.always(read.cost());
            admitted.map_err(|TooMuch| refused("costs too much to be imitated at every failed login".to_owned()))?;
        }
        Ok(hashing)
    }

    /// Returns the settings.
    pub fn settings(&self) -> &HashSettings {
        &self.settings
    }

    async fn new_hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        if is_too_long(password) {
            return Err(HashError::Failed);
        }
        let params = self.settings.params;
        let mut salt = vec![0; Argon2Params::SALT_BYTES];
        self.random.fill(&mut salt).map_err(|_| HashError::Failed)?;
        let hash = Argon2Hash {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: Params::new(params.memory_kib(), params.passes(), params.lanes(), Some(Argon2Params::TAG_BYTES))
                .map_err(|_| HashError::Failed)?,
            salt,
            tag: Vec::new(),
        };
        let password = password.clone();
        let work = move |blocks: &mut [Block]| {
            let tag = hash.compute(password.secret().as_bytes(), Argon2Params::TAG_BYTES, blocks)?;
            Ok(Argon2Hash { tag, ..hash.clone() }.to_phc())
        };
        self.pool.run(demand_of(&[params.into()]), work).await?.map(PasswordHash::from_stored)
    }

    async fn compare(&self, password: &Password, hash: &PasswordHash) -> Result<Verification, HashError> {
        if is_too_long(password) {
            return Ok(Verification::Wrong);
        }
        let stored = match self.read(hash) {
            Ok(stored) => stored,
            Err(Corrupt::Unusable) => {
                self.spend(password).await?;
                return Ok(Verification::Wrong);
            }
            Err(reason) => {
                operation!(ERROR, "stored_hash_corrupt", "a stored password hash cannot be verified", %reason);
                self.spend(password).await?;
                return Ok(Verification::Wrong);
            }
        };
        let cost = stored.cost();
        let outdated = stored.is_outdated(self.settings.params, self.settings.rehash);
        let (rest, imitated) = self.kinds.beyond(&cost, self.clock.now());
        if imitated.is_err() {
            operation!(
                WARN,
                "hash_cost_not_imitated",
                "the time of a failed login reveals an account with a costly hash"
            );
        }
        let demand = demand_of(&[&rest[..], &[cost]].concat());
        let password = password.clone();
        let work = move |blocks: &mut [Block]| {
            let right = stored.matches(&password, blocks)?;
            if !right {
                rest.iter().for_each(|cost| cost.spend(&password, blocks));
            }
            Ok(right)
        };
        Ok(match self.pool.run(demand, work).await?? {
            false => Verification::Wrong,
            true if outdated => Verification::RightButOutdated,
            true => Verification::Right,
        })
    }

    fn read(&self, hash: &PasswordHash) -> Result<Stored, Corrupt> {
        let stored = Stored::parse(hash.as_stored(), &self.settings.foreign)?;
        let cost = stored.cost();
        if cost.is_excessive() {
            return Err(Corrupt::AbsurdCost);
        }
        if cost.memory().all() > u64::from(self.settings.memory_budget_mib) * 1024 {
            return Err(Corrupt::OverBudget);
        }
        Ok(stored)
    }

    /// Spends the time of any failed login.
    async fn spend(&self, password: &Password) -> Result<(), HashError> {
        if is_too_long(password) {
            return Ok(());
        }
        let costs = self.kinds.all(self.clock.now());
        let password = password.clone();
        self.pool
            .run(demand_of(&costs), move |blocks| costs.iter().for_each(|cost| cost.spend(&password, blocks)))
            .await
    }
}

impl PasswordHasher for Hashing {
    fn ensure_room(&self) -> Result<(), HashError> {
        self.pool.ensure_room()
    }

    fn hash<'a>(&'a self, password: &'a Password) -> BoxFuture<'a, Result<PasswordHash, HashError>> {
        Box::pin(self.new_hash(password))
    }

    fn verify<'a>(
        &'a self,
        password: &'a Password,
        hash: &'a PasswordHash,
    ) -> BoxFuture<'a, Result<Verification, HashError>> {
        Box::pin(self.compare(password, hash))
    }

    fn verify_dummy<'a>(&'a self, password: &'a Password) -> BoxFuture<'a, Result<(), HashError>> {
        Box::pin(self.spend(password))
    }
}

impl fmt::Debug for Hashing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hashing").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Returns the resources that consecutive computations need.
fn demand_of(costs: &[Cost]) -> Demand {
    /// The time in which Argon2 fills one KiB, as measured. It only decides when a job is late.
    const PER_KIB: Duration = Duration::from_nanos(400);
    let work = costs.iter().map(Cost::work).fold(0, u64::saturating_add);
    Demand {
        memory: costs.iter().map(Cost::memory).fold(Memory::from(0), Memory::or),
        time: PER_KIB.saturating_mul(u32::try_from(work).unwrap_or(u32::MAX)),
    }
}

/// Returns `true` if the password exceeds the policy's limit. The policy refuses such a password earlier; this check is
/// defense in depth.
fn is_too_long(password: &Password) -> bool {
    password.secret().len() > PasswordPolicy::MAX_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::{clock::SystemClock, random::OsRandom};

    fn costing(costs: &str) -> PasswordHash {
        PasswordHash::from_stored(format!(
            "$argon2id$v=19${costs}$MiLBbZJ7+olm6EP8QD0+gg$CknWbZnMWoDJ3GlFgTkPQiMHvqDE5wTR6GX6HnlVXAQ"
        ))
    }

    #[test]
    fn one_costly_hash_does_not_slow_other_logins() {
        let hashing = Hashing::start(HashSettings::default(), Arc::new(OsRandom), Arc::new(SystemClock)).unwrap();
        let every_failed_login = || format!("{:?}", hashing.kinds.all(hashing.clock.now()));
        let ours = every_failed_login();
        // These would take seconds, and are never computed.
        for costs in ["m=261120,t=32,p=1", "m=261120,t=10,p=1"] {
            assert!(matches!(hashing.read(&costing(costs)), Err(Corrupt::AbsurdCost)), "{costs}");
        }
        // This one takes about one second. It is verified, and no other login imitates it.
        let stored = hashing.read(&costing("m=261120,t=9,p=1")).unwrap();
        let (rest, imitated) = hashing.kinds.beyond(&stored.cost(), hashing.clock.now());
        assert_eq!((rest.len(), imitated), (0, Err(TooMuch)));
        assert_eq!(every_failed_login(), ours);
    }
}
