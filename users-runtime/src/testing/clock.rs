//! A clock that tests set.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{domain::Timestamp, event, port::Clock};

/// A clock that moves only when a test moves it, so that tests of expiry do not sleep.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// Returns a clock that shows `now` until it is moved.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        event::warn_of_test_helper("ManualClock");
        Self(Mutex::new(now))
    }

    /// Sets the time, to any value.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves the clock forward. A step beyond the representable range has no effect.
    pub fn advance(&self, step: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(later) = chrono::TimeDelta::from_std(step).ok().and_then(|step| now.checked_add_signed(step)) {
            *now = later;
        }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
