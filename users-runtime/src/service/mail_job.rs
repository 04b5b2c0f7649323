//! A job that may send a mail: it is retried after a temporary refusal, and returns its unit of the rate limit if
//! nothing was sent.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{Users, hooks::cause_of, rate_limit::Limited};
use crate::{
    domain::{CanonicalEmail, Limit},
    event::operation,
    port::{
        BoxFuture, CounterKey, Draw, HashError, HookError, HookResult, MailError, MailTokenError, RequestContext,
        Settlement, StoreError,
    },
    user::AuthUser,
};

/// The pauses before a job is run again. Greylisting mail servers accept a mail after one to fifteen minutes.
const PAUSES: [Duration; 3] = [Duration::from_secs(60), Duration::from_secs(300), Duration::from_secs(900)];

/// The unit of a rate limit that a job has taken. It is kept while the job waits to be run again.
#[derive(Debug, Default)]
pub(crate) struct DrawnQuota(Mutex<Option<Draw>>);

impl DrawnQuota {
    /// Returns whether the job took a unit in an earlier run.
    pub(crate) fn is_taken(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub(crate) fn keep(&self, draw: Draw) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(draw);
    }

    fn take(&self) -> Option<Draw> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What a job does. Boxed, so that the code of a job is compiled once for all kinds of work.
pub(super) type Work<U> =
    Box<dyn for<'a> Fn(&'a Users<U>, &'a RequestContext, &'a DrawnQuota) -> BoxFuture<'a, HookResult> + Send + Sync>;

/// Work that runs after the response.
pub(super) struct MailJob<U: AuthUser> {
    users: Users<U>,
    name: &'static str,
    cx: RequestContext,
    work: Work<U>,
    drawn: DrawnQuota,
    pauses: &'static [Duration],
}

impl<U: AuthUser> MailJob<U> {
    pub(super) fn new(users: Users<U>, name: &'static str, cx: RequestContext, work: Work<U>) -> Self {
        Self { users, name, cx, work, drawn: DrawnQuota::default(), pauses: &PAUSES }
    }

    /// Runs the work once and returns its error.
    pub(super) async fn run_once(self) -> HookResult {
        let result = (self.work)(&self.users, &self.cx, &self.drawn).await;
        if let Err(error) = &result {
            self.give_share_back(error).await;
        }
        result
    }

    /// Runs the work, and again later after a temporary refusal. Logs an error.
    pub(super) fn run(mut self) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let Err(error) = (self.work)(&self.users, &self.cx, &self.drawn).await else { return };
            let pause = self.pauses.split_first().filter(|_| mail_error(&error).is_some_and(MailError::is_temporary));
            if let Some((&pause, rest)) = pause
                && let Ok(place) = self.users.inner().jobs.reserve()
            {
                let (hook, cause, seconds) = (self.name, cause_of(&error), pause.as_secs());
                operation!(WARN, "mail_delayed", "a mail was not sent and will be tried again", hook, cause, seconds);
                self.pauses = rest;
                place.fill(pause, self.name, self.run());
                return;
            }
            self.give_share_back(&error).await;
            self.users.report_failed_hook(self.name, &error, &self.cx);
        })
    }

    /// Returns the unit if the error shows that no mail was sent. After any other error of the application's hook it is
    /// not known whether one was.
    async fn give_share_back(&self, error: &HookError) {
        if !nothing_was_sent(error) {
            return;
        }
        let Some(draw) = self.drawn.take() else { return };
        self.users.settle(Settlement::give_back(vec![draw])).await;
    }
}

impl<U: AuthUser> Users<U> {
    /// Counts a notice to an address, and returns whether it may be sent. Every account can cause notices to its address,
    /// which its user need not own. A retried notice is counted once, and a notice that cannot be counted is sent.
    pub(crate) fn may_notify<'a>(
        &'a self,
        kind: &'a str,
        address: &'a str,
        drawn: &'a DrawnQuota,
    ) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let address = CanonicalEmail::for_counters(address, self.policy().email_rules());
            !matches!(self.count_mail(kind, &address, drawn).await, Err(Limited::Reached(_)))
        })
    }

    /// Counts a mail of a kind to one account or mailbox, once for all attempts to send it. Records nothing.
    pub(crate) fn count_mail<'a>(
        &'a self,
        kind: &'a str,
        to: &'a str,
        drawn: &'a DrawnQuota,
    ) -> BoxFuture<'a, Result<(), Limited>> {
        Box::pin(async move {
            let Some(rule) = self.inner().limits.rule(Limit::Mails).filter(|_| !drawn.is_taken()) else {
                return Ok(());
            };
            let counted = self.take(vec![(Limit::Mails, Draw::new(CounterKey::of(kind, to), rule))]).await?;
            counted.0.into_iter().for_each(|draw| drawn.keep(draw));
            Ok(())
        })
    }
}

/// Returns the error of the mail transport in a chain of errors.
fn mail_error(error: &HookError) -> Option<&MailError> {
    let HookError::Failed(error) = error else { return None };
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error.as_ref());
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref() {
            return Some(error);
        }
        next = error.source();
    }
    None
}

/// Returns whether the mail was refused, or the work failed before the hook.
fn nothing_was_sent(error: &HookError) -> bool {
    let HookError::Failed(failed) = error else { return false };
    mail_error(error).is_some()
        || failed.is::<StoreError>()
        || failed.is::<MailTokenError>()
        || failed.is::<HashError>()
}
