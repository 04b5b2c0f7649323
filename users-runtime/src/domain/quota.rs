//! Rates for rate limits.

use std::time::Duration;

use super::Timestamp;

/// A number of events per period, for the generic cell rate algorithm (ITU-T I.371): all of them may happen at once,
/// and then one more after each interval of `period / number`. There is no fixed window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    at_most: u32,
    per: Duration,
}

impl Quota {
    /// Allows `at_most` events per period `per`. Fractions of a millisecond are ignored.
    #[must_use]
    pub const fn new(at_most: u32, per: Duration) -> Self {
        Self { at_most, per }
    }

    /// Allows `at_most` events at once, and then one after each `interval`.
    #[must_use]
    pub const fn burst(at_most: u32, interval: Duration) -> Self {
        Self { at_most, per: interval.saturating_mul(at_most) }
    }

    /// Returns the number of events.
    #[must_use]
    pub const fn at_most(self) -> u32 {
        self.at_most
    }

    /// Returns the period.
    #[must_use]
    pub const fn per(self) -> Duration {
        self.per
    }

    /// Returns whether the quota allows some events and forbids others.
    pub(crate) fn is_usable(self) -> bool {
        self.at_most > 0 && self.share() > 0
    }

    /// Returns the period in milliseconds, at most a thousand years, so that adding it to a time cannot overflow.
    pub(crate) fn span(self) -> i64 {
        const LONGEST: i64 = 1000 * 366 * 24 * 3600 * 1000;
        i64::try_from(self.per.as_millis()).unwrap_or(LONGEST).min(LONGEST)
    }

    /// Returns the interval in milliseconds after which one more event is allowed.
    pub(crate) fn share(self) -> i64 {
        self.span() / i64::from(self.at_most.max(1))
    }

    /// Counts one event. `full_again` is the time in milliseconds at which the whole quota is available again. Returns that
    /// time after this event, or `None` if the event is not allowed.
    pub(crate) fn take(self, full_again: Option<i64>, now: Timestamp) -> Option<i64> {
        let now = now.timestamp_millis();
        // If the clock was set back, the wait is still no longer than one period.
        let from = full_again.unwrap_or(now).clamp(now, now.saturating_add(self.span()));
        let full_again = from.saturating_add(self.share());
        (full_again.saturating_sub(now) <= self.span()).then_some(full_again)
    }

    /// Returns the milliseconds until one event is allowed.
    pub(crate) fn wait(self, full_again: Option<i64>, now: Timestamp) -> i64 {
        let now = now.timestamp_millis();
        let from = full_again.unwrap_or(now).clamp(now, now.saturating_add(self.span()));
        (from.saturating_add(self.share()) - now - self.span()).max(0)
    }

    /// Returns the time at which the whole quota is available again after one event was taken back.
    pub(crate) fn give_back(self, full_again: i64) -> i64 {
        full_again.saturating_sub(self.share())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(1_795_435_200 + second, 0).unwrap()
    }

    #[test]
    fn a_burst_is_allowed_and_then_one_event_per_interval() {
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
    fn an_event_that_is_given_back_is_allowed_again() {
        let quota = Quota::new(3, Duration::from_secs(60));
        let mut state = None;
        for _ in 0..3 {
            state = quota.take(state, at(0));
        }
        assert_eq!(quota.take(state, at(0)), None);
        let given_back = state.map(|state| quota.give_back(state));
        assert!(given_back.is_some() && quota.take(given_back, at(0)) == state);
    }

    #[test]
    fn a_clock_set_back_delays_no_longer_than_one_period() {
        let quota = Quota::new(1, Duration::from_secs(60));
        let state = quota.take(None, at(1_000_000));
        assert!(state.is_some() && quota.take(state, at(0)).is_none());
        assert_eq!(quota.take(Some(at(0).timestamp_millis() + 60_000), at(60)), Some(at(120).timestamp_millis()));
    }

    #[test]
    fn a_quota_that_allows_nothing_or_everything_is_unusable() {
        let second = Duration::from_secs(1);
        assert!(Quota::new(1, second).is_usable() && Quota::new(1000, second).is_usable());
        assert!(!Quota::new(0, second).is_usable() && !Quota::new(1, Duration::ZERO).is_usable());
        assert!(!Quota::new(1001, second).is_usable());
        assert!(Quota::new(1, Duration::MAX).take(None, at(0)).is_some());
    }
}
