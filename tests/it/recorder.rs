//! The calls of the hooks of a service under test, and the hooks that should fail.

use std::{sync::Mutex, time::Duration};

use axum::http::StatusCode;
use axum_users::{HookResult, hooks::HookError};
use tokio::{sync::Notify, time::timeout};

/// A kind of failure of a hook.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Failure {
    Error,
    Panic,
    Response(u16),
    /// The hook never returns.
    Hang,
}

/// The calls so far, in order, and the failing hooks by name.
pub struct Recorder<C> {
    calls: Mutex<Vec<C>>,
    arrived: Notify,
    failing: Mutex<Vec<(&'static str, Failure)>>,
}

impl<C> Default for Recorder<C> {
    fn default() -> Self {
        Self { calls: Mutex::default(), arrived: Notify::new(), failing: Mutex::default() }
    }
}

impl<C: Clone> Recorder<C> {
    pub fn calls(&self) -> Vec<C> {
        self.calls.lock().unwrap().clone()
    }

    /// Takes the calls so far.
    pub fn take(&self) -> Vec<C> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    /// Makes a hook fail in this way, or succeed again.
    pub fn set_failure(&self, hook: &'static str, failure: Option<Failure>) {
        let mut failing = self.failing.lock().unwrap();
        failing.retain(|(name, _)| *name != hook);
        failing.extend(failure.map(|failure| (hook, failure)));
    }

    /// Lets every hook succeed again.
    pub fn heal(&self) {
        self.failing.lock().unwrap().clear();
    }

    /// Records a call of `hook` and fails as [`Recorder::set_failure`] says.
    pub async fn record(&self, hook: &'static str, call: C) -> HookResult {
        self.calls.lock().unwrap().push(call);
        self.arrived.notify_waiters();
        let failure = self.failing.lock().unwrap().iter().find(|(name, _)| *name == hook).map(|(_, failure)| *failure);
        match failure {
            None => Ok(()),
            Some(Failure::Error) => Err("the hook's own secret reason".into()),
            Some(Failure::Panic) => panic!("the hook's own secret reason"),
            Some(Failure::Response(status)) => {
                Err(HookError::response(StatusCode::from_u16(status).unwrap(), "set by the hook"))
            }
            Some(Failure::Hang) => std::future::pending().await,
        }
    }

    /// Waits until `enough` accepts the calls, at most ten seconds, because some hooks run after the response.
    pub async fn wait_until(&self, enough: impl Fn(&[C]) -> bool) {
        let wait = async {
            loop {
                let arrived = self.arrived.notified();
                if enough(&self.calls.lock().unwrap()) {
                    return;
                }
                arrived.await;
            }
        };
        // After a timeout the caller's comparison gives the better message.
        let _in_time = timeout(Duration::from_secs(10), wait).await;
    }
}
