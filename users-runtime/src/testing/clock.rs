//! A clock that stands still.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{domain::Timestamp, event, port::Clock};

/// A clock that moves only when told to, so that a test of an expiry needs no sleeping.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock that shows `now` until it is moved.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        event::warn_of_test_helper("ManualClock");
        Self(Mutex::new(now))
    }

    /// Sets it to any time, earlier ones included.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves it forward. A step beyond the end of the calendar leaves it where it is.
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
