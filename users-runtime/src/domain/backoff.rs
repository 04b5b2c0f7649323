//! Growing delays after failures.

use std::time::Duration;

/// A delay after failures that doubles with each: `free` attempts without a delay, then one second, two, four and so on,
/// up to the longest delay. A success ends it, and so does a time without attempts.
///
/// ```
/// # use users_runtime::limits::Backoff;
/// # use std::time::Duration;
/// let backoff = Backoff::new(5, Duration::from_secs(900));
/// assert_eq!(backoff.delay_after(4), Duration::ZERO);
/// assert_eq!(backoff.delay_after(5), Duration::from_secs(1));
/// assert_eq!(backoff.delay_after(8), Duration::from_secs(8));
/// assert_eq!(backoff.delay_after(100), Duration::from_secs(900));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    free: u32,
    first: Duration,
    longest: Duration,
    forget_after: Duration,
}

/// A thousand years: an upper bound on every delay and retention, so that adding one to a time cannot overflow.
pub(super) const FOREVER: Duration = Duration::from_secs(1000 * 366 * 24 * 3600);

impl Backoff {
    /// Allows `free` attempts without a delay, and then delays of up to `longest`. Failures are forgotten six hours after
    /// the last delay has passed.
    #[must_use]
    pub const fn new(free: u32, longest: Duration) -> Self {
        Self { free, first: Duration::from_secs(1), longest, forget_after: Duration::from_secs(6 * 3600) }
    }

    /// Allows `free` attempts without a success between them, and then none until the counter is cleared: for a login, by a
    /// mailed reset of the password (NIST SP 800-63B-4 section 3.2.2).
    #[must_use]
    pub const fn then_closed(free: u32) -> Self {
        Self { free, first: FOREVER, longest: FOREVER, forget_after: FOREVER }
    }

    /// Sets after how long without an attempt failures are forgotten, counted from the end of the last delay.
    ///
    /// # Security
    /// With a time below about four hours, an attacker gets more attempts with bursts and pauses than with one attempt
    /// after each maximum delay of 15 minutes.
    #[must_use]
    pub const fn forgotten_after(mut self, time: Duration) -> Self {
        self.forget_after = time;
        self
    }

    /// Returns how many attempts have no delay.
    #[must_use]
    pub const fn free(self) -> u32 {
        self.free
    }

    /// Returns the longest delay, or `None` if no attempt follows.
    #[must_use]
    pub fn longest(self) -> Option<Duration> {
        (!self.is_closed()).then_some(self.longest)
    }

    /// Returns after how long without an attempt failures are forgotten.
    #[must_use]
    pub const fn forget_after(self) -> Duration {
        self.forget_after
    }

    /// Returns how long an attempt must wait after this many failures.
    #[must_use]
    pub fn delay_after(self, failures: u32) -> Duration {
        let Some(doublings) = failures.checked_sub(self.free) else { return Duration::ZERO };
        let factor = 2_u32.checked_pow(doublings.min(31)).unwrap_or(u32::MAX);
        self.first.checked_mul(factor).unwrap_or(FOREVER).min(self.longest).min(FOREVER)
    }

    pub(super) fn is_closed(self) -> bool {
        self.first >= FOREVER
    }

    /// Returns whether the rule allows some attempts and delays others.
    pub(super) fn is_usable(self) -> bool {
        self.free > 0 && !self.longest.is_zero() && !self.forget_after.is_zero()
    }
}
