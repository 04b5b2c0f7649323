//! Counters of one process.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Mutex, PoisonError},
};

use crate::{
    domain::{Quota, Timestamp},
    port::{BoxFuture, CounterKey, Counters, CountersUnavailable},
};

/// How many keys are kept at most (security contract, section (c) 10): some 240 bytes each.
const CAPACITY: usize = 100_000;

/// Counters in the memory of one process: a second node counts for itself, and a restart forgets.
///
/// Bounded: beyond 100,000 keys the one goes that would be forgotten first anyway.
#[derive(Default)]
pub struct MemoryCounters(Mutex<Kept>);

/// When each key is full again, found by key and in order.
#[derive(Default)]
struct Kept {
    by_key: HashMap<CounterKey, i64>,
    by_end: BTreeSet<(i64, CounterKey)>,
}

impl MemoryCounters {
    /// Empty ones.
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

    /// Forgets what is full again, and what is too much.
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
        // A panic while it is held leaves whole entries behind.
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take(key, quota, now);
        Box::pin(std::future::ready(Ok(taken)))
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
    fn a_flood_of_keys_does_not_fill_the_memory_and_frees_nobody_else() {
        let quota = Quota::new(1, Duration::from_secs(3600));
        let mut kept = Kept::default();
        // In the middle of the flood.
        let victim = CounterKey::of("mail", "victim");
        assert!(kept.take(&victim, quota, at(60)));
        for number in 0..CAPACITY + 100 {
            let at = at(0) + chrono::TimeDelta::milliseconds(number.try_into().unwrap());
            assert!(kept.take(&CounterKey::of("mail", &number.to_string()), quota, at));
        }
        assert_eq!((kept.by_key.len(), kept.by_end.len()), (CAPACITY, CAPACITY));
        assert!(!kept.take(&victim, quota, at(200)));
        assert!(!kept.take(&CounterKey::of("mail", "101"), quota, at(200)));
        assert!(kept.take(&CounterKey::of("mail", "0"), quota, at(200)), "the oldest was forgotten");
    }

    #[test]
    fn what_is_full_again_is_forgotten() {
        let quota = Quota::new(2, Duration::from_secs(10));
        let mut kept = Kept::default();
        for number in 0..50 {
            kept.take(&CounterKey::of("mail", &number.to_string()), quota, at(0));
        }
        kept.take(&CounterKey::of("mail", "x"), quota, at(6));
        assert_eq!((kept.by_key.len(), kept.by_end.len()), (1, 1));
    }
}
