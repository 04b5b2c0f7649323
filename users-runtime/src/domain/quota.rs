//! How often something may happen.

use std::time::Duration;

use super::Timestamp;

/// So many times within a span of time: all of them at once if need be, and then one more each time that a share of the span
/// has passed (the generic cell rate algorithm, ITU-T I.371). There is no window to wait for the end of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    at_most: u32,
    per: Duration,
}

impl Quota {
    /// `at_most` times within `per`. Fractions of a millisecond do not count.
    #[must_use]
    pub const fn new(at_most: u32, per: Duration) -> Self {
        Self { at_most, per }
    }

    /// How many times.
    #[must_use]
    pub const fn at_most(self) -> u32 {
        self.at_most
    }

    /// Within which time.
    #[must_use]
    pub const fn per(self) -> Duration {
        self.per
    }

    /// Whether it lets anything happen, and forbids anything.
    pub(crate) fn is_usable(self) -> bool {
        self.at_most > 0 && self.share() > 0
    }

    /// The whole span in milliseconds, at most a thousand years, so that sums with times do not overflow.
    pub(crate) fn span(self) -> i64 {
        const LONGEST: i64 = 1000 * 366 * 24 * 3600 * 1000;
        i64::try_from(self.per.as_millis()).unwrap_or(LONGEST).min(LONGEST)
    }

    /// After how many milliseconds one more may happen.
    pub(crate) fn share(self) -> i64 {
        self.span() / i64::from(self.at_most.max(1))
    }

    /// Takes one. `full_again` is when all that was taken so far is given back, in milliseconds; answers the same after this
    /// one, or nothing if none is left.
    pub(crate) fn take(self, full_again: Option<i64>, now: Timestamp) -> Option<i64> {
        let now = now.timestamp_millis();
        // A clock that was set back must not keep somebody waiting for longer than the span.
        let from = full_again.unwrap_or(now).clamp(now, now.saturating_add(self.span()));
        let full_again = from.saturating_add(self.share());
        (full_again.saturating_sub(now) <= self.span()).then_some(full_again)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(1_795_435_200 + second, 0).unwrap()
    }

    #[test]
    fn all_may_happen_at_once_and_then_one_after_each_share() {
        let quota = Quota::new(3, Duration::from_secs(60));
        let (mut state, mut taken) = (None, Vec::new());
        for second in [0, 0, 0, 0, 19, 20, 20, 39, 40, 200, 200, 200, 200] {
            let after = quota.take(state, at(second));
            taken.push(after.is_some());
            state = after.or(state);
        }
        let wanted = [true, true, true, false, false, true, false, false, true, true, true, true, false];
        assert_eq!(taken, wanted);
    }

    #[test]
    fn a_clock_that_was_set_back_costs_no_more_than_the_span() {
        let quota = Quota::new(1, Duration::from_secs(60));
        let state = quota.take(None, at(1_000_000));
        assert!(state.is_some() && quota.take(state, at(0)).is_none());
        assert_eq!(quota.take(Some(at(0).timestamp_millis() + 60_000), at(60)), Some(at(120).timestamp_millis()));
    }

    #[test]
    fn what_forbids_everything_or_nothing_is_not_usable() {
        let second = Duration::from_secs(1);
        assert!(Quota::new(1, second).is_usable() && Quota::new(1000, second).is_usable());
        assert!(!Quota::new(0, second).is_usable() && !Quota::new(1, Duration::ZERO).is_usable());
        assert!(!Quota::new(1001, second).is_usable());
        assert!(Quota::new(1, Duration::MAX).take(None, at(0)).is_some());
    }
}
