//! Counters in the memory of one process.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Mutex, PoisonError},
};

use crate::{
    domain::{Quota, Timestamp},
    port::{BoxFuture, CounterKey, Counters, CountersUnavailable},
};

/// The most keys that are kept, at about 240 bytes each.
const CAPACITY: usize = 100_000;

/// Counts in the memory of one process: each node counts separately, and a restart resets the counters.
///
/// At most 100,000 keys (about 24 MB) are kept. Beyond that, the key whose quota is restored first is dropped.
#[derive(Default)]
pub struct MemoryCounters(Mutex<Kept>);

/// The time in milliseconds at which each key's quota is fully restored, by key and in order of time.
#[derive(Default)]
struct Kept {
    by_key: HashMap<CounterKey, i64>,
    by_end: BTreeSet<(i64, CounterKey)>,
}

impl MemoryCounters {
    /// Creates empty counters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Kept {
    fn take(&mut self, key: &CounterKey, quota: Quota, now: Timestamp) -> bool {
        let before = self.by_key.get(key).copied();
        let Some(after) = quota.take(before, now) else { return false };
        if let Some(before) = before {
            self.by_end.remove(&(before, key.clone()));
        }
        self.by_key.insert(key.clone(), after);
        self.by_end.insert((after, key.clone()));
        self.forget(now.timestamp_millis());
        true
    }

    fn give_back(&mut self, key: &CounterKey, quota: Quota, now: Timestamp) {
        let Some(before) = self.by_key.remove(key) else { return };
        self.by_end.remove(&(before, key.clone()));
        let after = quota.give_back(before);
        if after > now.timestamp_millis() {
            self.by_key.insert(key.clone(), after);
            self.by_end.insert((after, key.clone()));
        }
    }

    /// Drops keys whose quota is fully restored, and keys beyond the capacity.
    fn forget(&mut self, now: i64) {
        while let Some((end, key)) = self.by_end.pop_first() {
            if end > now && self.by_key.len() <= CAPACITY {
                self.by_end.insert((end, key));
                return;
            }
            self.by_key.remove(&key);
        }
    }
}

impl Counters for MemoryCounters {
    fn take<'a>(
        &'a self,
        key: &'a CounterKey,
        quota: Quota,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, CountersUnavailable>> {
        // A panic while the lock is held leaves complete entries.
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take(key, quota, now);
        Box::pin(std::future::ready(Ok(taken)))
    }

    fn give_back<'a>(
        &'a self,
        key: &'a CounterKey,
        quota: Quota,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), CountersUnavailable>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).give_back(key, quota, now);
        Box::pin(std::future::ready(Ok(())))
    }
}

impl fmt::Debug for MemoryCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCounters").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(1_795_435_200 + second, 0).unwrap()
    }

    #[test]
    fn a_flood_of_keys_is_bounded_in_memory_and_does_not_reset_other_keys() {
        let quota = Quota::new(1, Duration::from_secs(3600));
        let mut kept = Kept::default();
        let victim = CounterKey::of("mail", "victim");
        assert!(kept.take(&victim, quota, at(60)));
        for number in 0..CAPACITY + 100 {
            let at = at(0) + chrono::TimeDelta::milliseconds(number.try_into().unwrap());
            assert!(kept.take(&CounterKey::of("mail", &number.to_string()), quota, at));
        }
        assert_eq!((kept.by_key.len(), kept.by_end.len()), (CAPACITY, CAPACITY));
        assert!(!kept.take(&victim, quota, at(200)));
        assert!(!kept.take(&CounterKey::of("mail", "101"), quota, at(200)));
        assert!(kept.take(&CounterKey::of("mail", "0"), quota, at(200)), "the oldest was dropped");
    }

    #[test]
    fn a_unit_that_is_given_back_can_be_taken_again() {
        let quota = Quota::new(2, Duration::from_secs(10));
        let (mut kept, key) = (Kept::default(), CounterKey::of("mail", "arthur"));
        assert!(kept.take(&key, quota, at(0)) && kept.take(&key, quota, at(0)) && !kept.take(&key, quota, at(0)));
        kept.give_back(&key, quota, at(0));
        assert!(kept.take(&key, quota, at(0)) && !kept.take(&key, quota, at(0)));
        for _ in 0..5 {
            kept.give_back(&key, quota, at(0));
        }
        assert_eq!((kept.by_key.len(), kept.by_end.len()), (0, 0));
        assert!(kept.take(&key, quota, at(0)) && kept.take(&key, quota, at(0)) && !kept.take(&key, quota, at(0)));
    }

    #[test]
    fn a_key_with_a_restored_quota_is_dropped() {
        let quota = Quota::new(2, Duration::from_secs(10));
        let mut kept = Kept::default();
        for number in 0..50 {
            kept.take(&CounterKey::of("mail", &number.to_string()), quota, at(0));
        }
        kept.take(&CounterKey::of("mail", "x"), quota, at(6));
        assert_eq!((kept.by_key.len(), kept.by_end.len()), (1, 1));
    }
}
