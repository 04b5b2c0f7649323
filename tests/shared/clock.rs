//! The clock of a service under test.

use std::{sync::Arc, time::Duration};

use axum_users::{
    env::{BoxFuture, Clock},
    testing::ManualClock,
};

/// The clock of the service, shared with the test.
pub struct SharedClock(pub Arc<ManualClock>);

impl Clock for SharedClock {
    fn now(&self) -> axum_users::env::Timestamp {
        self.0.now()
    }

    fn wait(&self, time: Duration) -> BoxFuture<'_, ()> {
        self.0.wait(time)
    }
}
