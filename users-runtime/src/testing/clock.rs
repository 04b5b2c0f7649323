//! A clock that tests set.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

use crate::{
    domain::Timestamp,
    event,
    port::{BoxFuture, Clock},
};

/// A clock that moves only when a test moves it, so that tests of expiry do not sleep.
#[derive(Debug)]
pub struct ManualClock {
    now: Mutex<Timestamp>,
    moved: Notify,
}

impl ManualClock {
    /// Returns a clock that shows `now` until it is moved.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        event::warn_of_test_helper("ManualClock");
        Self { now: Mutex::new(now), moved: Notify::new() }
    }

    /// Sets the time, to any value.
    pub fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
        self.moved.notify_waiters();
    }

    /// Moves the clock forward. A step beyond the representable range has no effect.
    pub fn advance(&self, step: Duration) {
        if let Some(later) = chrono::TimeDelta::from_std(step).ok().and_then(|step| self.now().checked_add_signed(step))
        {
            self.set(later);
        }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, time: Duration) -> BoxFuture<'_, ()> {
        let end = chrono::TimeDelta::from_std(time).ok().and_then(|time| self.now().checked_add_signed(time));
        Box::pin(async move {
            loop {
                let moved = self.moved.notified(); // created before the check, so that no move is missed
                if end.is_some_and(|end| end <= self.now()) {
                    return;
                }
                moved.await;
            }
        })
    }
}
