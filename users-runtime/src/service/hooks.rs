//! Running the application's hooks, within the request or after the response.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio::time::{sleep, timeout};

pub(crate) use super::mail_job::DrawnQuota;
use super::{
    Users,
    mail_job::{MailJob, Work},
    nested_hooks::{enter, enter_gate, inside, running},
};
use crate::{
    background::QueueFull,
    domain::{Password, Relaxation},
    event::{self, EventKind, SecurityEvent, operation},
    port::{
        BoxFuture, Gate, HookCall, HookError, HookResult, InvalidPassword, PasswordSubject, RequestContext,
        StoredChange, Verdict,
    },
    user::AuthUser,
};

/// The time limit of a hook after a stored change: half of that of a request, so that the response can still be sent.
const AFTER_HOOK_TIME: Duration = Duration::from_secs(5);
/// The pauses before a queued hook that failed is called again.
const RETRY_PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

impl<U: AuthUser> Users<U> {
    /// Runs a hook within the request. Its error becomes the response.
    pub(crate) fn run_hook<'a>(&'a self, call: HookCall<'a, U>, cx: &'a RequestContext) -> BoxFuture<'a, HookResult> {
        Box::pin(async move { enter(call.name(), self.inner().hooks.run(call, cx)).await? })
    }

    /// Runs the application's check of a password.
    pub(crate) fn run_validate_password<'a>(
        &'a self,
        password: &'a Password,
        subject: PasswordSubject<'a, U>,
    ) -> BoxFuture<'a, Result<Result<(), InvalidPassword>, HookError>> {
        Box::pin(async move {
            Ok(enter("validate_password", self.inner().hooks.validate_password(password, subject)).await?)
        })
    }

    /// Runs a gate. A gate that triggers itself is closed with `refused`.
    pub(crate) fn run_gate<'a>(
        &'a self,
        gate: &'a dyn Gate<U>,
        user: &'a U,
        cx: &'a RequestContext,
        refused: &'static str,
    ) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            enter_gate(gate.name(), gate.check(user, cx)).await.unwrap_or_else(|error| {
                self.report_failed_hook(gate.name(), &error.into(), cx);
                Verdict::Closed(refused)
            })
        })
    }

    /// Runs a hook after its change was stored.
    ///
    /// In a request a failure is only logged, because an error response would make the client repeat the completed operation; a
    /// response that the hook chose is sent. Calls from code receive every error, and so do clients under the policy of
    /// fastapi-users.
    pub(crate) fn run_after_hook<'a>(
        &'a self,
        call: HookCall<'a, U>,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, HookResult> {
        Box::pin(async move {
            if cx.method().is_none() || self.policy().keeps_quirks() {
                return self.run_hook(call, cx).await;
            }
            let name = call.name();
            match self.attempt(call, cx).await {
                Err(error) if error.is_failure() => {
                    self.report_failed_hook(name, &error, cx);
                    Ok(())
                }
                done => done,
            }
        })
    }

    /// Runs the hook of a stored change as [`Users::run_after_hook`] does, or after the response under `queued_hooks()`.
    pub(crate) fn run_change_hook<'a>(
        &'a self,
        change: StoredChange<U>,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, HookResult> {
        Box::pin(async move {
            if !self.inner().queued_hooks || cx.method().is_none() {
                return self.run_after_hook(change.call(), cx).await;
            }
            let name = change.call().name();
            let (users, job_cx, running) = (self.clone(), cx.clone(), running());
            let job = inside(running, async move { users.run_until_done(&change, &job_cx).await });
            if let Err(QueueFull) = self.inner().jobs.try_push(name, job) {
                self.report_failed_hook(name, &QueueFull.into(), cx);
            }
            Ok(())
        })
    }

    /// Calls a hook until it succeeds, with growing pauses, and gives up after the last one.
    async fn run_until_done(&self, change: &StoredChange<U>, cx: &RequestContext) {
        let mut pauses = RETRY_PAUSES.into_iter();
        loop {
            let call = change.call();
            let name = call.name();
            let Err(error) = self.attempt(call, cx).await else { return };
            // A response that the hook chose can no longer be sent, and a retry would return the same one.
            match pauses.next().filter(|_| error.is_failure()) {
                Some(pause) => {
                    let cause = error.cause();
                    operation!(WARN, "hook_retry", "a hook failed and is called again", hook = name, cause);
                    sleep(pause).await;
                }
                None => return self.report_failed_hook(name, &error, cx),
            }
        }
    }

    /// Runs a hook with a time limit. A panic is an error.
    async fn attempt(&self, call: HookCall<'_, U>, cx: &RequestContext) -> HookResult {
        let hook = AssertUnwindSafe(self.run_hook(call, cx)).catch_unwind();
        match timeout(AFTER_HOOK_TIME, hook).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => Err("the hook panicked".into()),
            Err(_) => Err("the hook did not return in time".into()),
        }
    }

    /// Runs `work` after the response on the bounded queue, or immediately under `inline_hooks()`.
    ///
    /// The work includes every step whose duration could reveal whether an account exists: lookup, token, hook. Its
    /// error is logged, and reaches the client only under `inline_hooks()`. On the queue it is run again some minutes
    /// later if it failed because a mail server refused a mail temporarily.
    pub(crate) fn after_response<'a, F>(
        &'a self,
        name: &'static str,
        cx: &'a RequestContext,
        work: F,
    ) -> impl Future<Output = Result<(), AfterResponse>> + Send + 'a
    where
        F: for<'b> Fn(&'b Self, &'b RequestContext, &'b DrawnQuota) -> BoxFuture<'b, HookResult>
            + Send
            + Sync
            + 'static,
    {
        self.start_job(name, cx, Box::new(work))
    }

    fn start_job<'a>(
        &'a self,
        name: &'static str,
        cx: &'a RequestContext,
        work: Work<U>,
    ) -> BoxFuture<'a, Result<(), AfterResponse>> {
        Box::pin(async move {
            let job = MailJob::new(self.clone(), name, cx.clone(), work);
            if self.policy().allows(Relaxation::InlineHooks) {
                return job.run_once().await.map_err(AfterResponse::Hook);
            }
            self.inner().jobs.try_push(name, inside(running(), job.run())).map_err(AfterResponse::Full)
        })
    }

    /// Notifies the owner, after the response, if the address or the password differs from `before`. The change is
    /// already stored, so a failure is logged and not sent to the client.
    pub(crate) fn notify_credentials_changed<'a>(
        &'a self,
        user: &'a U,
        before: &'a U,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let (now, then) = (user.account(), before.account());
            if now.email == then.email && now.hashed_password == then.hashed_password {
                return;
            }
            self.after_response_or_log("on_after_credentials_change", cx, {
                let (user, before) = (user.clone(), before.clone());
                move |users, cx, drawn| {
                    let (user, before) = (user.clone(), before.clone());
                    Box::pin(async move {
                        if !users.may_notify("credentials-changed", before.account().email, drawn).await {
                            return Ok(());
                        }
                        users.run_hook(HookCall::CredentialsChanged(&user, &before), cx).await
                    })
                }
            })
            .await;
        })
    }

    /// Runs work as [`Users::after_response`] does, if its failure must not change the response.
    pub(crate) fn after_response_or_log<'a, F>(
        &'a self,
        name: &'static str,
        cx: &'a RequestContext,
        work: F,
    ) -> impl Future<Output = ()> + Send + 'a
    where
        F: for<'b> Fn(&'b Self, &'b RequestContext, &'b DrawnQuota) -> BoxFuture<'b, HookResult>
            + Send
            + Sync
            + 'static,
    {
        self.start_job_or_log(name, cx, Box::new(work))
    }

    fn start_job_or_log<'a>(&'a self, name: &'static str, cx: &'a RequestContext, work: Work<U>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            match self.start_job(name, cx, work).await {
                Ok(()) => {}
                Err(AfterResponse::Hook(error)) => self.report_failed_hook(name, &error, cx),
                Err(AfterResponse::Full(error)) => {
                    operation!(ERROR, "hook_failed", "a hook did not run", hook = name, cause = event::cause(&error));
                    self.record(&SecurityEvent::new(EventKind::Hook, cx).failed(name));
                }
            }
        })
    }

    /// Logs the failure of a hook that does not change the response.
    pub(crate) fn report_failed_hook(&self, name: &'static str, error: &HookError, cx: &RequestContext) {
        operation!(ERROR, "hook_failed", "a hook failed", hook = name, cause = cause_of(error));
        self.record(&SecurityEvent::new(EventKind::Hook, cx).failed(name));
    }

    /// Returns the error of a full queue, for operations that must not be stored if their mail cannot be sent.
    pub(crate) fn ensure_room_for_mail(&self) -> Result<(), AfterResponse> {
        if self.policy().allows(Relaxation::InlineHooks) || self.inner().jobs.has_room() {
            return Ok(());
        }
        Err(AfterResponse::Full(QueueFull))
    }

    /// Waits until the queued mails are sent, provider tokens that are being refreshed are stored, and the audit log is
    /// written, for at most `within` each. Call it after the server has stopped.
    pub async fn drain(&self, within: Duration) {
        self.finish_jobs(within).await;
        // After the jobs, which record events.
        #[cfg(feature = "audit")]
        if let Some(audit) = &self.inner().audit {
            audit.drain(within).await;
        }
    }

    async fn finish_jobs(&self, within: Duration) {
        #[cfg(feature = "oauth")]
        let _ =
            tokio::join!(self.inner().jobs.drain(within), timeout(within, self.inner().oauth.refreshes.all_ended()),);
        #[cfg(not(feature = "oauth"))]
        self.inner().jobs.drain(within).await;
    }
}

/// Returns the cause of a failed hook, for the log.
pub(super) fn cause_of(error: &HookError) -> String {
    error.cause()
}

/// The reason why work after the response was not accepted.
#[derive(Debug)]
pub(crate) enum AfterResponse {
    /// The queue is full.
    Full(QueueFull),
    /// Under `inline_hooks()`: the error of the hook.
    Hook(HookError),
}
