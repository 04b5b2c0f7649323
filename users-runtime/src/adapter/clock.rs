//! The system clock.

use std::time::Instant;

use crate::{domain::Timestamp, port::Clock};

/// The clock of the operating system, in UTC.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the only place that reads the system clock")]
    fn now(&self) -> Timestamp {
        chrono::Utc::now()
    }
}

/// Returns the time of a monotonic clock, for durations within this process.
#[expect(clippy::disallowed_methods, reason = "the only place that reads this clock")]
pub(super) fn monotonic() -> Instant {
    Instant::now()
}
