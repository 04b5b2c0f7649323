//! Counters in the memory of one process.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Mutex, PoisonError},
};

use crate::{
    domain::{Count, Rule, Timestamp},
    port::{BoxFuture, CounterKey, Counters, CountersUnavailable, Decision, Draw, Settlement, evaluate},
};

/// The maximum number of counters, at about 400 bytes each, and of remembered keys.
const CAPACITY: usize = 100_000;

/// Counts in the memory of one process: each node counts separately, and a restart resets the counters.
///
/// At most 100,000 counters (about 40 MB) are kept. Beyond that, those that are farthest from a refusal are dropped
/// first, so that a flood of new keys does not reset a counter that refuses. If all of them refuse, new keys are
/// refused as well, until the first counter no longer refuses.
///
/// At most 100,000 keys are remembered; beyond that, those that expire first are forgotten.
#[derive(Default)]
pub struct MemoryCounters(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    counters: HashMap<CounterKey, Counter>,
    /// By the time at which they are forgotten.
    by_end: BTreeSet<(i64, CounterKey)>,
    /// By the order in which they are dropped: how close they are to a refusal, and the time at which they are
    /// forgotten or, at the limit, the time at which they no longer refuse.
    by_rank: BTreeSet<(u8, i64, CounterKey)>,
    remembered: HashMap<CounterKey, i64>,
    remembered_by_end: BTreeSet<(i64, CounterKey)>,
}

/// A counter, and its places in the two orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counter {
    count: Count,
    end: i64,
    rank: (u8, i64),
}

impl Counter {
    fn new(count: Count, rule: Rule, now: Timestamp) -> Self {
        let (closeness, end) = (rule.closeness(count, now), rule.forgotten_at(count));
        let until = if closeness == Rule::AT_THE_LIMIT { rule.free_at(count) } else { end };
        Self { count, end, rank: (closeness, until) }
    }
}

impl MemoryCounters {
    /// Creates empty counters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns how many counters are kept, and how many keys are remembered.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn sizes(&self) -> (usize, usize) {
        let kept = self.lock();
        (kept.counters.len(), kept.remembered.len())
    }

    /// A panic while the lock is held leaves complete entries.
    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn take(&mut self, draws: &[Draw], now: Timestamp) -> Decision {
        self.forget(now.timestamp_millis());
        let stored = |index: usize| {
            let draw: Option<&Draw> = draws.get(index);
            draw.and_then(|draw| self.counters.get(&draw.key)).map(|counter| counter.count)
        };
        let counts = match evaluate(draws, stored, now) {
            Ok(counts) => counts,
            Err(refused) => return refused,
        };
        let new: Vec<_> =
            (0..draws.len()).filter(|index| draws.get(*index).is_some_and(|draw| !self.has(&draw.key))).collect();
        if let (Some(by), Err(wait)) = (new.first(), self.make_room(draws, new.len(), now.timestamp_millis())) {
            return Decision::refused(*by, wait);
        }
        for (draw, count) in draws.iter().zip(counts) {
            self.put(&draw.key, Some(Counter::new(count, draw.rule, now)));
        }
        Decision::Taken
    }

    fn has(&self, key: &CounterKey) -> bool {
        self.counters.contains_key(key)
    }

    /// Drops counters until there is room for `wanted` more, but none of those that `draws` name and none that refuses.
    /// Returns the milliseconds until there will be room otherwise.
    fn make_room(&mut self, draws: &[Draw], wanted: usize, now: i64) -> Result<(), i64> {
        while self.counters.len() + wanted > CAPACITY {
            let is_ours = |key: &CounterKey| draws.iter().any(|draw| draw.key == *key);
            let Some((closeness, until, key)) = self.by_rank.iter().find(|(_, _, key)| !is_ours(key)).cloned() else {
                return Ok(());
            };
            if closeness == Rule::AT_THE_LIMIT && until > now {
                return Err(until - now);
            }
            self.put(&key, None);
        }
        Ok(())
    }

    /// Stores or removes a counter.
    fn put(&mut self, key: &CounterKey, counter: Option<Counter>) {
        let before = match counter {
            Some(counter) => self.counters.insert(key.clone(), counter),
            None => self.counters.remove(key),
        };
        if let Some(Counter { end, rank: (closeness, until), .. }) = before {
            self.by_end.remove(&(end, key.clone()));
            self.by_rank.remove(&(closeness, until, key.clone()));
        }
        if let Some(Counter { end, rank: (closeness, until), .. }) = counter {
            self.by_end.insert((end, key.clone()));
            self.by_rank.insert((closeness, until, key.clone()));
        }
    }

    fn settle(&mut self, settlement: &Settlement, now: Timestamp) {
        for Draw { key, rule } in &settlement.give_back {
            let Some(before) = self.counters.get(key) else { continue };
            let left = rule.give_back(before.count, now).map(|count| Counter::new(count, *rule, now));
            self.put(key, left);
        }
        for key in &settlement.clear {
            self.put(key, None);
        }
    }

    /// Drops expired counters.
    fn forget(&mut self, now: i64) {
        while self.by_end.first().is_some_and(|(end, _)| *end <= now) {
            let Some((_, key)) = self.by_end.pop_first() else { return };
            self.put(&key, None);
        }
    }

    fn remember(&mut self, key: &CounterKey, until: i64, now: i64) {
        let before = self.remembered.get(key).copied();
        if before.is_some_and(|before| before >= until) {
            return;
        }
        if let Some(before) = self.remembered.insert(key.clone(), until) {
            self.remembered_by_end.remove(&(before, key.clone()));
        }
        self.remembered_by_end.insert((until, key.clone()));
        while self.remembered.len() > CAPACITY || self.remembered_by_end.first().is_some_and(|(end, _)| *end <= now) {
            let Some((_, key)) = self.remembered_by_end.pop_first() else { return };
            self.remembered.remove(&key);
        }
    }
}

impl Counters for MemoryCounters {
    fn take<'a>(&'a self, draws: &'a [Draw], now: Timestamp) -> BoxFuture<'a, Result<Decision, CountersUnavailable>> {
        let decision = self.lock().take(draws, now);
        Box::pin(std::future::ready(Ok(decision)))
    }

    fn settle<'a>(
        &'a self,
        settlement: &'a Settlement,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), CountersUnavailable>> {
        self.lock().settle(settlement, now);
        Box::pin(std::future::ready(Ok(())))
    }

    fn remember<'a>(
        &'a self,
        key: &'a CounterKey,
        until: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), CountersUnavailable>> {
        self.lock().remember(key, until.timestamp_millis(), now.timestamp_millis());
        Box::pin(std::future::ready(Ok(())))
    }

    fn remembered_until<'a>(
        &'a self,
        key: &'a CounterKey,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Timestamp>, CountersUnavailable>> {
        let until = self.lock().remembered.get(key).and_then(|until| Timestamp::from_timestamp_millis(*until));
        Box::pin(std::future::ready(Ok(until.filter(|until| *until > now))))
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
    use crate::domain::{Backoff, Quota};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(1_795_435_200 + second, 0).unwrap()
    }

    fn draw(kind: &str, whose: impl ToString, rule: impl Into<Rule>) -> Draw {
        Draw::new(CounterKey::of(kind, &whose.to_string()), rule)
    }

    fn hourly(at_most: u32) -> Rule {
        Quota::new(at_most, Duration::from_secs(3600)).into()
    }

    impl Kept {
        fn takes(&mut self, draw: &Draw, now: Timestamp) -> bool {
            self.take(std::slice::from_ref(draw), now).is_taken()
        }

        fn is_consistent(&self) -> bool {
            self.counters.len() == self.by_end.len() && self.counters.len() == self.by_rank.len()
        }
    }

    #[test]
    fn a_flood_of_keys_drops_neither_a_counter_that_refuses_nor_one_that_is_near() {
        let mut kept = Kept::default();
        let login = Backoff::new(5, Duration::from_secs(900));
        let punished = draw("login", "punished", login);
        let near = draw("login", "near", login);
        let bombed = draw("mail", "bombed", hourly(3));
        for _ in 0..5 {
            assert!(kept.takes(&punished, at(0)));
        }
        for _ in 0..3 {
            assert!(kept.takes(&near, at(0)) && kept.takes(&bombed, at(0)));
        }
        for number in 0..=CAPACITY {
            assert!(kept.takes(&draw("login", number, login), at(0)));
            assert!(kept.takes(&draw("mail", number, hourly(30)), at(0)));
        }
        assert_eq!(kept.counters.len(), CAPACITY);
        assert!(kept.is_consistent());
        assert!(!kept.takes(&punished, at(0)) && !kept.takes(&bombed, at(0)));
        assert_eq!(kept.counters[&near.key].count.failures, 3, "two more attempts are free");
    }

    #[test]
    fn new_keys_are_refused_while_every_counter_refuses() {
        let mut kept = Kept::default();
        let once = |whose: usize| draw("mail", whose, hourly(1));
        for number in 0..CAPACITY {
            assert!(kept.takes(&once(number), at(i64::from(number > 0))));
        }
        let new = once(CAPACITY);
        assert_eq!(
            kept.take(std::slice::from_ref(&new), at(2)),
            Decision::Refused { by: 0, wait: Duration::from_secs(3598) }
        );
        assert!(!kept.takes(&once(7), at(2)), "known keys are refused as before");
        assert!(kept.takes(&new, at(3600)), "the first counter has ended");
        assert_eq!(kept.counters.len(), CAPACITY);
    }

    #[test]
    fn all_counters_are_drawn_from_or_none() {
        let mut kept = Kept::default();
        let (one, two) = (draw("a", "", hourly(1)), draw("b", "", hourly(2)));
        let both = [two.clone(), one.clone()];
        assert_eq!(kept.take(&both, at(0)), Decision::Taken);
        assert_eq!(kept.take(&both, at(0)), Decision::Refused { by: 1, wait: Duration::from_secs(3600) });
        assert!(kept.takes(&two, at(0)), "the refused attempt took nothing");
        assert!(!kept.takes(&two, at(0)));
        kept.settle(&Settlement::give_back(both.to_vec()), at(0));
        assert_eq!(kept.take(&both, at(0)), Decision::Taken);
        kept.settle(&Settlement::clear(both.iter().map(|draw| draw.key.clone()).collect()), at(0));
        assert!(kept.counters.is_empty() && kept.is_consistent());
    }

    #[test]
    fn counters_that_mean_nothing_are_dropped() {
        let mut kept = Kept::default();
        for number in 0..50 {
            kept.takes(&draw("mail", number, hourly(2)), at(0));
        }
        kept.takes(&draw("mail", "x", hourly(2)), at(1800));
        assert_eq!(kept.counters.len(), 1);
        assert!(kept.is_consistent());
        kept.settle(&Settlement::give_back(vec![draw("mail", "x", hourly(2)), draw("mail", "y", hourly(2))]), at(1800));
        assert!(kept.counters.is_empty() && kept.is_consistent());
    }

    #[test]
    fn keys_are_remembered_until_their_time_and_bounded() {
        let mut kept = Kept::default();
        let millis = |second| at(second).timestamp_millis();
        let key = |number: usize| CounterKey::of("known", &number.to_string());
        for number in 0..CAPACITY + 10 {
            kept.remember(&key(number), millis(100) + i64::try_from(number).unwrap(), millis(0));
        }
        assert_eq!((kept.remembered.len(), kept.remembered_by_end.len()), (CAPACITY, CAPACITY));
        assert!(!kept.remembered.contains_key(&key(9)) && kept.remembered.contains_key(&key(10)));
        kept.remember(&key(10), millis(50), millis(0));
        assert_eq!(kept.remembered[&key(10)], millis(100) + 10, "never shortened");
        kept.remember(&key(0), millis(2000), millis(1000));
        assert_eq!((kept.remembered.len(), kept.remembered_by_end.len()), (1, 1));
    }
}
