//! The rules of counters, and the two numbers that each counter stores.

use std::{fmt, time::Duration};

use super::{Backoff, Quota, Timestamp, backoff::FOREVER};

/// What a counter allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A number of events per period.
    Quota(Quota),
    /// A delay that grows with each event.
    Backoff(Backoff),
}

/// The stored state of a counter. A counter without a state has counted nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    /// The failures under a [`Backoff`]; 0 under a quota.
    pub(crate) failures: u32,
    /// The time in milliseconds at which a quota is fully restored, or at which the delay of a back-off ends.
    pub(crate) due: i64,
}

/// The numbers of a rule, for stores that compute with them. Times are in milliseconds.
#[cfg(feature = "redis")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RuleNumbers {
    Quota { span: i64, share: i64 },
    Backoff { free: u32, first: i64, longest: i64, forget_after: i64 },
}

/// A refused event: the milliseconds until one is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) i64);

impl Rule {
    /// Counts one event.
    pub(crate) fn take(self, stored: Option<Count>, now: Timestamp) -> Result<Count, Wait> {
        match self {
            Self::Quota(quota) => {
                let full_again = stored.map(|count| count.due);
                match quota.take(full_again, now) {
                    Some(due) => Ok(Count { failures: 0, due }),
                    None => Err(Wait(quota.wait(full_again, now))),
                }
            }
            Self::Backoff(backoff) => {
                let now = now.timestamp_millis();
                let stored = stored.filter(|count| self.forgotten_at(*count) > now);
                let failures = stored.map_or(0, |count| count.failures);
                // If the clock was set back, the wait is still no longer than the delay.
                let due = stored.map_or(now, |count| count.due).min(now.saturating_add(delay(backoff, failures)));
                if due > now {
                    return Err(Wait(due - now));
                }
                let failures = failures.saturating_add(1);
                Ok(Count { failures, due: now.saturating_add(delay(backoff, failures)) })
            }
        }
    }

    /// Takes back one event. Returns `None` if nothing is left to store.
    pub(crate) fn give_back(self, stored: Count, now: Timestamp) -> Option<Count> {
        let now = now.timestamp_millis();
        let left = match self {
            Self::Quota(quota) => Count { failures: 0, due: quota.give_back(stored.due) },
            Self::Backoff(backoff) => {
                let failures = stored.failures.checked_sub(1).filter(|failures| *failures > 0)?;
                Count { failures, due: stored.due.min(now.saturating_add(delay(backoff, failures))) }
            }
        };
        (self.forgotten_at(left) > now).then_some(left)
    }

    /// Returns the time in milliseconds from which a state has no effect any more.
    pub(crate) fn forgotten_at(self, count: Count) -> i64 {
        match self {
            Self::Quota(_) => count.due,
            Self::Backoff(backoff) => count.due.saturating_add(millis(backoff.forget_after())),
        }
    }

    /// Returns the time in milliseconds at which the next event is allowed.
    pub(crate) fn free_at(self, count: Count) -> i64 {
        match self {
            Self::Quota(quota) => count.due.saturating_add(quota.share()).saturating_sub(quota.span()),
            Self::Backoff(_) => count.due,
        }
    }

    /// Returns how close a state is to a refusal: 0 for far away, [`Rule::AT_THE_LIMIT`] if events are or were refused.
    pub(crate) fn closeness(self, count: Count, now: Timestamp) -> u8 {
        let (used, most) = match self {
            Self::Quota(quota) if self.free_at(count) > now.timestamp_millis() => (quota.span(), quota.span()),
            Self::Quota(quota) => (count.due.saturating_sub(now.timestamp_millis()).max(0), quota.span()),
            Self::Backoff(backoff) => (count.failures.into(), backoff.free().into()),
        };
        if used >= most {
            return Self::AT_THE_LIMIT;
        }
        u8::try_from(used.saturating_mul(i64::from(Self::AT_THE_LIMIT)) / most.max(1)).unwrap_or(Self::AT_THE_LIMIT - 1)
    }

    /// The greatest closeness.
    pub(crate) const AT_THE_LIMIT: u8 = u8::MAX;

    /// Returns the quota and the window in seconds of the field `RateLimit-Policy`, for a client that waits for `wait`.
    pub(crate) fn advertised(self, wait: Duration) -> (u32, u64) {
        match self {
            Self::Quota(quota) => (quota.at_most(), quota.per().as_secs().max(1)),
            // One attempt after each delay.
            Self::Backoff(_) => (1, wait.as_secs().max(1)),
        }
    }

    /// Returns the numbers of the rule.
    #[cfg(feature = "redis")]
    pub(crate) fn numbers(self) -> RuleNumbers {
        match self {
            Self::Quota(quota) => RuleNumbers::Quota { span: quota.span(), share: quota.share() },
            Self::Backoff(backoff) => RuleNumbers::Backoff {
                free: backoff.free(),
                first: delay(backoff, backoff.free()),
                longest: delay(backoff, u32::MAX),
                forget_after: millis(backoff.forget_after()),
            },
        }
    }

    /// Returns whether a success clears the counter, rather than only taking back its own event.
    pub(crate) fn counts_in_a_row(self) -> bool {
        matches!(self, Self::Backoff(_))
    }

    pub(crate) fn is_usable(self) -> bool {
        match self {
            Self::Quota(quota) => quota.is_usable(),
            Self::Backoff(backoff) => backoff.is_usable(),
        }
    }
}

impl From<Quota> for Rule {
    fn from(quota: Quota) -> Self {
        Self::Quota(quota)
    }
}

impl From<Backoff> for Rule {
    fn from(backoff: Backoff) -> Self {
        Self::Backoff(backoff)
    }
}

/// Writes the rule as the guide does: `10 in 1 h`, `100, then one each 15 min`, `5, then after 1 s, doubling up to 15 min`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quota(quota) if quota.per() >= Duration::from_secs(24 * 3600) && quota.at_most() > 1 => {
                write!(f, "{}, then one each {}", quota.at_most(), Span(quota.per() / quota.at_most()))
            }
            Self::Quota(quota) => write!(f, "{} in {}", quota.at_most(), Span(quota.per())),
            Self::Backoff(backoff) => match backoff.longest() {
                Some(longest) => {
                    let first = backoff.delay_after(backoff.free());
                    write!(f, "{}, then after {}, doubling up to {}", backoff.free(), Span(first), Span(longest))
                }
                None => write!(f, "{} in a row, then none", backoff.free()),
            },
        }
    }
}

/// A time in its largest whole unit.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            seconds if seconds > 0 && seconds % 3600 == 0 => write!(f, "{} h", seconds / 3600),
            seconds if seconds > 0 && seconds % 60 == 0 => write!(f, "{} min", seconds / 60),
            seconds => write!(f, "{seconds} s"),
        }
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.min(FOREVER).as_millis()).unwrap_or(i64::MAX)
}

fn delay(backoff: Backoff, failures: u32) -> i64 {
    millis(backoff.delay_after(failures))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_795_435_200;
    const LOGIN: Rule = Rule::Backoff(Backoff::new(5, Duration::from_secs(900)));

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(START + second, 0).unwrap()
    }

    /// Takes an event whenever one is allowed, and returns the seconds at which this happened.
    fn as_fast_as_possible(rule: Rule, until: i64) -> Vec<i64> {
        let (mut state, mut second, mut taken) = (None, 0, Vec::new());
        while second <= until {
            match rule.take(state, at(second)) {
                Ok(after) => {
                    taken.push(second);
                    state = Some(after);
                }
                Err(Wait(wait)) => second += wait / 1000,
            }
        }
        taken
    }

    #[test]
    fn five_attempts_are_free_and_each_further_one_waits_twice_as_long() {
        let taken = as_fast_as_possible(LOGIN, 24 * 3600);
        let waits: Vec<_> = taken.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(waits[..15], [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900]);
        assert!(waits[15..].iter().all(|wait| *wait == 900));
        // The bound that the guide names: 15, and four more in each hour.
        assert!(taken.len() <= 15 + 4 * 24, "{}", taken.len());
    }

    #[test]
    fn pauses_gain_nothing() {
        // A client that waits until the failures are forgotten has fewer attempts than one who does not.
        let forgotten = 6 * 3600;
        let burst = as_fast_as_possible(LOGIN, 1023).len();
        let with_pauses = burst * (24 * 3600 / (1023 + forgotten));
        assert!(with_pauses < as_fast_as_possible(LOGIN, 24 * 3600).len(), "{with_pauses}");
    }

    #[test]
    fn failures_are_forgotten_after_a_time_without_attempts() {
        let Ok(mut state) = LOGIN.take(None, at(0)) else { panic!() };
        for _ in 0..5 {
            state = LOGIN.take(Some(state), at(1)).unwrap_or(state);
        }
        assert_eq!(state.failures, 5);
        assert_eq!(LOGIN.take(Some(state), at(2)).unwrap().failures, 6);
        assert_eq!(LOGIN.take(Some(state), at(2 + 6 * 3600)).unwrap().failures, 1);
    }

    #[test]
    fn an_attempt_that_is_given_back_leaves_no_trace() {
        let mut state = None;
        for _ in 0..5 {
            state = LOGIN.take(state, at(0)).ok();
        }
        assert_eq!(LOGIN.take(state, at(0)), Err(Wait(1000)));
        state = state.and_then(|count| LOGIN.give_back(count, at(0)));
        assert_eq!(state, Some(Count { failures: 4, due: START * 1000 }));
        for _ in 0..4 {
            state = state.and_then(|count| LOGIN.give_back(count, at(0)));
        }
        assert_eq!(state, None);
    }

    #[test]
    fn a_clock_set_back_delays_no_longer_than_the_delay() {
        let state = Count { failures: 5, due: (START + 1_000_000) * 1000 };
        assert_eq!(LOGIN.take(Some(state), at(0)), Err(Wait(1000)));
    }

    #[test]
    fn a_closed_rule_stays_closed() {
        let rule = Rule::Backoff(Backoff::then_closed(3));
        assert_eq!(as_fast_as_possible(rule, 100 * 366 * 24 * 3600), [0, 0, 0]);
    }

    #[test]
    fn states_are_ordered_by_their_distance_to_a_refusal() {
        let quota = Rule::from(Quota::new(10, Duration::from_secs(3600)));
        for rule in [LOGIN, quota] {
            let (mut state, mut before) = (None, 0);
            while let Ok(count) = rule.take(state, at(0)) {
                let closeness = rule.closeness(count, at(0));
                assert!(closeness > before, "{rule:?} {count:?}");
                (state, before) = (Some(count), closeness);
            }
            assert_eq!(before, Rule::AT_THE_LIMIT);
        }
    }

    #[test]
    fn rules_print_as_in_the_guide() {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        for (rule, text) in [
            (LOGIN, "5, then after 1 s, doubling up to 15 min"),
            (Quota::new(10, minutes(60)).into(), "10 in 1 h"),
            (Quota::new(30, minutes(10)).into(), "30 in 10 min"),
            (Quota::burst(100, minutes(15)).into(), "100, then one each 15 min"),
            (Backoff::then_closed(100).into(), "100 in a row, then none"),
        ] {
            assert_eq!(rule.to_string(), text);
        }
    }
}
