//! Checks the dependencies of the service.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::Mutex;

use crate::{
    domain::{IdSeed, Timestamp},
    event::{self, operation},
    port::Lookup,
    service::Users,
    user::AuthUser,
};

/// The time limit of a check. Orchestrators wait one to ten seconds.
const PATIENCE: Duration = Duration::from_secs(2);
/// The time for which the result of a check is reused for further requests, so that requests cannot put load on the database.
const VALID: TimeDelta = TimeDelta::seconds(1);

/// The last check. Requests that arrive during a check wait for it.
#[derive(Debug, Default)]
pub(super) struct Readiness(Mutex<Option<Checked>>);

#[derive(Debug, Clone, Copy)]
struct Checked {
    at: Timestamp,
    is_ready: bool,
}

impl Readiness {
    /// Returns whether everything responds.
    pub(super) async fn of<U: AuthUser>(&self, users: &Users<U>) -> bool {
        let mut last = self.0.lock().await;
        let now = users.now();
        let is_recent = |checked: &Checked| (TimeDelta::zero()..VALID).contains(&(now - checked.at));
        match *last {
            Some(checked) if is_recent(&checked) => checked.is_ready,
            _ => {
                let is_ready = matches!(tokio::time::timeout(PATIENCE, check(users)).await, Ok(true));
                *last = Some(Checked { at: now, is_ready });
                is_ready
            }
        }
    }
}

async fn check<U: AuthUser>(users: &Users<U>) -> bool {
    let parts = users.inner();
    // Any id will do: the check only verifies that the table can be read.
    let id = U::new_id(IdSeed::new(Timestamp::UNIX_EPOCH, [0; 16]));
    if let Err(error) = parts.whole_store.find(&[Lookup::by_id(id)]).await {
        return unavailable("the users cannot be read", &error);
    }
    if let Err(error) = parts.counters.ping().await {
        return unavailable("the counters do not respond", &error);
    }
    for backend in &parts.backends {
        if let Err(error) = backend.strategy.ping().await {
            return unavailable("the tokens of a backend cannot be checked", &error);
        }
    }
    true
}

fn unavailable(what: &'static str, error: &(dyn std::error::Error + 'static)) -> bool {
    let cause = event::cause(error);
    operation!(WARN, "not_ready", "the service is not ready", what, cause);
    false
}
