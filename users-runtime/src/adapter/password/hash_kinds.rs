//! The kinds of stored hashes in use. Every failed login verifies one hash of each kind, so that its time depends
//! neither on the kind of the account's own hash nor on whether there is an account.
//!
//! A model of the time of one kind in terms of another would be off by more than an attacker needs: the time of Argon2
//! is not proportional to memory × passes, and its ratio to that of bcrypt depends on the processor.

use std::{
    iter,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::TimeDelta;

use super::{cost::Cost, job::Memory};
use crate::domain::Timestamp;

/// The kinds of hashes that every failed login verifies.
#[derive(Debug)]
pub(super) struct HashKinds {
    kinds: Mutex<Vec<Kind>>,
    budget_kib: u64,
}

#[derive(Debug)]
struct Kind {
    cost: Cost,
    /// `None` for a kind that never expires.
    last_seen: Option<Timestamp>,
}

/// A cost is not imitated, because too many kinds are in use or they cost too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMuch;

impl HashKinds {
    /// The maximum work of all kinds together: about half a second. This allows the kinds of fastapi-users (bcrypt with
    /// cost 12 or 13, or Argon2 at 64 MiB) in addition to ours.
    pub(super) const MAX_WORK: u64 = 1_250_000;
    /// More kinds than a table needs: ours, and those of one or two other systems.
    const MAX_KINDS: usize = 16;

    /// Imitates at least `ours`.
    pub(super) fn new(ours: Cost, budget_kib: u64) -> Self {
        Self { kinds: Mutex::new(vec![Kind { cost: ours, last_seen: None }]), budget_kib }
    }

    /// The time after which a kind without a verification is forgotten.
    fn kept() -> TimeDelta {
        TimeDelta::hours(24)
    }

    /// Imitates `cost` from now on and forever.
    ///
    /// # Errors
    /// [`TooMuch`] if it exceeds the bounds.
    pub(super) fn always(&self, cost: Cost) -> Result<(), TooMuch> {
        admit(&mut self.kinds(), cost, None, self.budget_kib)
    }

    /// Returns what every failed login costs at `now`.
    pub(super) fn all(&self, now: Timestamp) -> Vec<Cost> {
        let mut kinds = self.kinds();
        forget(&mut kinds, now);
        kinds.iter().map(|kind| kind.cost.clone()).collect()
    }

    /// Records a verification and returns what a wrong password costs in addition.
    ///
    /// # Errors
    /// [`TooMuch`] if the verification is not imitated, with the additional cost that comes closest.
    pub(super) fn beyond(&self, spent: &Cost, now: Timestamp) -> (Vec<Cost>, Result<(), TooMuch>) {
        let mut kinds = self.kinds();
        forget(&mut kinds, now);
        let admitted = admit(&mut kinds, spent.clone(), Some(now), self.budget_kib);
        let rest = match admitted {
            Ok(()) => kinds
                .iter()
                .filter_map(
                    |Kind { cost, .. }| {
                        if cost.is_like(spent) { cost.after(spent) } else { Some(cost.clone()) }
                    },
                )
                .collect(),
            Err(TooMuch) => closest(&kinds, spent, self.budget_kib),
        };
        (rest, admitted)
    }

    /// No code that can panic runs while the lock is held, so a poisoned lock still guards valid kinds.
    fn kinds(&self) -> MutexGuard<'_, Vec<Kind>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget(kinds: &mut Vec<Kind>, now: Timestamp) {
    kinds.retain(|kind| kind.last_seen.is_none_or(|seen| now - seen < HashKinds::kept()));
}

/// Adds a kind, or records that it occurred. For a foreign method, the largest amount of work is used.
fn admit(kinds: &mut Vec<Kind>, cost: Cost, seen: Option<Timestamp>, budget_kib: u64) -> Result<(), TooMuch> {
    let known = kinds.iter().position(|kind| kind.cost.is_like(&cost));
    if let Some(kind) = known.and_then(|at| kinds.get_mut(at))
        && cost.work() <= kind.cost.work()
    {
        if cost.work() == kind.cost.work() {
            kind.last_seen = kind.last_seen.and(seen);
        }
        return Ok(());
    }
    let others = || kinds.iter().filter(|kind| !kind.cost.is_like(&cost)).map(|kind| &kind.cost);
    let costs = || others().chain(iter::once(&cost));
    let ours = kinds.first().map_or(0, |kind| kind.cost.work());
    let work = costs().map(Cost::work).fold(0, u64::saturating_add);
    let memory = costs().map(Cost::memory).fold(Memory::from(0), Memory::or).all();
    if work > HashKinds::MAX_WORK.max(ours) || memory > budget_kib || costs().count() > HashKinds::MAX_KINDS {
        return Err(TooMuch);
    }
    match known.and_then(|at| kinds.get_mut(at)) {
        Some(kind) => *kind = Kind { cost, last_seen: kind.last_seen.and(seen) },
        None => kinds.push(Kind { cost, last_seen: seen }),
    }
    Ok(())
}

/// Returns the kinds that fit into the work and the memory that remain after a verification.
fn closest(kinds: &[Kind], spent: &Cost, budget_kib: u64) -> Vec<Cost> {
    let all = kinds.iter().map(|kind| kind.cost.work()).fold(0, u64::saturating_add);
    let (mut left, mut memory) = (all.saturating_sub(spent.work()), spent.memory());
    let mut rest = Vec::new();
    for Kind { cost, .. } in kinds {
        let with = memory.or(cost.memory());
        if cost.work() <= left && with.all() <= budget_kib {
            (left, memory) = (left - cost.work(), with);
            rest.push(cost.clone());
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use argon2::{Algorithm, Version};
    use chrono::DateTime;

    use super::*;
    use crate::{
        domain::Password,
        port::{ForeignHash, HashCost},
    };

    const BUDGET_KIB: u64 = 262_144;
    const RECOMMENDED: Cost = argon2(19_456, 2, 1);
    const PWDLIB: Cost = argon2(65_536, 3, 4);
    const BCRYPT_12: Cost = Cost::Bcrypt { log_rounds: 12 };

    const fn argon2(memory_kib: u32, passes: u32, lanes: u32) -> Cost {
        Cost::Argon2 { algorithm: Algorithm::Argon2id, version: Version::V0x13, memory_kib, passes, lanes }
    }

    struct Foreign(&'static str);

    impl ForeignHash for Foreign {
        fn cost(&self) -> HashCost {
            HashCost { memory_kib: 0, work: 1 }
        }

        fn method(&self) -> String {
            self.0.to_owned()
        }

        fn matches(&self, _: &Password) -> bool {
            false
        }
    }

    fn foreign(method: &'static str, work: u64) -> Cost {
        Cost::Foreign { system: "django", hash: std::sync::Arc::new(Foreign(method)), work }
    }

    fn at(hours: i64) -> Timestamp {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    fn text(costs: &[Cost]) -> Vec<String> {
        let mut texts: Vec<_> = costs.iter().map(|cost| format!("{cost:?}")).collect();
        texts.sort();
        texts
    }

    /// Asserts that a wrong password for each of these hashes and an unknown user cost the same computations.
    fn assert_equal(in_use: &HashKinds, own: &[Cost]) {
        for cost in own {
            let (rest, admitted) = in_use.beyond(cost, at(0));
            assert_eq!(admitted, Ok(()), "{cost:?}");
            let spent = [&rest[..], std::slice::from_ref(cost)].concat();
            assert_eq!(text(&spent), text(&in_use.all(at(0))), "{cost:?}");
        }
    }

    #[test]
    fn a_wrong_password_and_an_unknown_user_cost_one_hash_of_each_kind() {
        let in_use = HashKinds::new(RECOMMENDED, BUDGET_KIB);
        assert_equal(&in_use, &[RECOMMENDED]);
        let kinds = [RECOMMENDED, PWDLIB, BCRYPT_12, argon2(19_456, 3, 1), argon2(19_456, 2, 2)];
        kinds.iter().for_each(|cost| drop(in_use.beyond(cost, at(0))));
        assert_equal(&in_use, &kinds);
        let argon2i = Cost::Argon2 {
            algorithm: Algorithm::Argon2i,
            version: Version::V0x10,
            memory_kib: 19_456,
            passes: 2,
            lanes: 1,
        };
        assert!(!argon2i.is_like(&RECOMMENDED), "its time differs");
    }

    #[test]
    fn of_one_foreign_method_the_largest_work_counts() {
        let in_use = HashKinds::new(RECOMMENDED, BUDGET_KIB);
        for (method, work) in [("pbkdf2", 100_000), ("pbkdf2", 300_000), ("pbkdf2", 200_000), ("scrypt", 1_000)] {
            assert_eq!(in_use.beyond(&foreign(method, work), at(0)).1, Ok(()));
        }
        let works = |costs: Vec<Cost>| costs.iter().map(Cost::work).collect::<Vec<_>>();
        assert_eq!(works(in_use.all(at(0))), [38_912, 300_000, 1_000]);
        assert_eq!(works(in_use.beyond(&foreign("pbkdf2", 100_000), at(0)).0), [38_912, 200_000, 1_000]);
    }

    #[test]
    fn a_kind_that_no_longer_occurs_is_forgotten() {
        let in_use = HashKinds::new(RECOMMENDED, BUDGET_KIB);
        assert_eq!(in_use.always(BCRYPT_12), Ok(()));
        drop(in_use.beyond(&PWDLIB, at(0)));
        drop(in_use.beyond(&PWDLIB, at(20)));
        assert_eq!(text(&in_use.all(at(43))), text(&[RECOMMENDED, BCRYPT_12, PWDLIB]));
        drop(in_use.beyond(&BCRYPT_12, at(43)));
        assert_eq!(text(&in_use.all(at(44))), text(&[RECOMMENDED, BCRYPT_12]));
        assert_eq!(text(&in_use.all(at(1_000_000))), text(&[RECOMMENDED, BCRYPT_12]), "examples are kept");
    }

    #[test]
    fn what_is_imitated_is_bounded() {
        let in_use = HashKinds::new(RECOMMENDED, BUDGET_KIB);
        let total = |costs: &[Cost]| costs.iter().map(Cost::work).sum::<u64>();
        for costly in [argon2(261_120, 32, 1), argon2(261_120, 5, 1), foreign("pbkdf2", u64::MAX)] {
            let (rest, admitted) = in_use.beyond(&costly, at(0));
            assert_eq!((rest.len(), admitted), (0, Err(TooMuch)));
            assert_eq!(text(&in_use.all(at(0))), text(&[RECOMMENDED]));
        }
        for log_rounds in 4..=16 {
            drop(in_use.beyond(&Cost::Bcrypt { log_rounds }, at(0)));
            drop(in_use.beyond(&argon2(8 + log_rounds, 1, 1), at(0)));
            let all = in_use.all(at(0));
            assert!(total(&all) <= HashKinds::MAX_WORK && all.len() <= HashKinds::MAX_KINDS, "{all:?}");
        }
        assert_eq!(HashKinds::new(RECOMMENDED, 20_000).beyond(&PWDLIB, at(0)).1, Err(TooMuch), "no memory");
        assert_eq!(HashKinds::new(RECOMMENDED, BUDGET_KIB).always(argon2(261_120, 32, 1)), Err(TooMuch));
    }

    #[test]
    fn a_cost_that_is_not_imitated_is_extended_within_the_bounds() {
        let in_use = HashKinds::new(argon2(65_536, 20, 1), BUDGET_KIB);
        let (rest, admitted) = in_use.beyond(&PWDLIB, at(0));
        assert_eq!((rest.len(), admitted), (0, Err(TooMuch)), "ours alone exceeds the difference");
    }
}
