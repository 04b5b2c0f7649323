//! Running the application's hooks, within the request or after the response.

pub(crate) use super::mail_job::Share;
use super::{Users, mail_job::MailJob};
use crate::{
    background::QueueFull,
    domain::Relaxation,
    event::{self, EventKind, Outcome, operation},
    port::{BoxFuture, HookCall, HookError, HookResult, RequestContext},
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Runs a hook within the request. Its error becomes the response.
    pub(crate) async fn run_hook(&self, event: HookCall<'_, U>, cx: &RequestContext) -> HookResult {
        self.inner().hooks.run(event, cx).await
    }

    /// Runs `work` after the response on the bounded queue, or immediately under `inline_hooks()`.
    ///
    /// The work includes every step whose duration could reveal whether an account exists: lookup, token, hook. Its
    /// error is logged, and reaches the client only under `inline_hooks()`. On the queue it is run again some minutes
    /// later if it failed because a mail server refused a mail temporarily.
    pub(crate) async fn after_response<F>(
        &self,
        name: &'static str,
        cx: &RequestContext,
        work: F,
    ) -> Result<(), AfterResponse>
    where
        F: for<'a> Fn(&'a Self, &'a RequestContext, &'a Share) -> BoxFuture<'a, HookResult> + Send + Sync + 'static,
    {
        let job = MailJob::new(self.clone(), name, cx.clone(), work);
        if self.policy().allows(Relaxation::InlineHooks) {
            return job.run_once().await.map_err(AfterResponse::Hook);
        }
        self.inner().jobs.try_push(name, job.run()).map_err(AfterResponse::Full)
    }

    /// Notifies the owner, after the response, if the address or the password differs from `before`. The change is
    /// already stored, so a failure is logged and not sent to the client.
    pub(crate) async fn notify_credentials_changed(&self, user: &U, before: &U, cx: &RequestContext) {
        let (now, then) = (user.account(), before.account());
        if now.email == then.email && now.hashed_password == then.hashed_password {
            return;
        }
        self.after_response_or_log("on_after_credentials_change", cx, {
            let (user, before) = (user.clone(), before.clone());
            move |users, cx, _| {
                let (user, before) = (user.clone(), before.clone());
                Box::pin(async move { users.run_hook(HookCall::CredentialsChanged(&user, &before), cx).await })
            }
        })
        .await;
    }

    /// Runs work as [`Users::after_response`] does, if its failure must not change the response.
    pub(crate) async fn after_response_or_log<F>(&self, name: &'static str, cx: &RequestContext, work: F)
    where
        F: for<'a> Fn(&'a Self, &'a RequestContext, &'a Share) -> BoxFuture<'a, HookResult> + Send + Sync + 'static,
    {
        match self.after_response(name, cx, work).await {
            Ok(()) => {}
            Err(AfterResponse::Hook(error)) => self.report_failed_hook(name, &error, cx),
            Err(AfterResponse::Full(error)) => {
                operation!(ERROR, "hook_failed", "a hook did not run", hook = name, cause = event::cause(&error));
                event::record(EventKind::Hook, Outcome::Failed(name), None, None, cx);
            }
        }
    }

    /// Logs the failure of a hook that does not change the response.
    pub(crate) fn report_failed_hook(&self, name: &'static str, error: &HookError, cx: &RequestContext) {
        operation!(ERROR, "hook_failed", "a hook failed", hook = name, cause = cause_of(error));
        event::record(EventKind::Hook, Outcome::Failed(name), None, None, cx);
    }

    /// Waits until the queued mails are sent, for at most `within`. Call it after the server has stopped.
    pub async fn drain(&self, within: std::time::Duration) {
        self.inner().jobs.drain(within).await;
    }
}

/// Returns the cause of a failed hook, for the log.
pub(super) fn cause_of(error: &HookError) -> String {
    match error {
        HookError::Failed(error) => event::cause(error.as_ref()),
        HookError::Answer(status, _) => format!("the hook responded with {status}"),
    }
}

/// The reason why work after the response was not accepted.
#[derive(Debug)]
pub(crate) enum AfterResponse {
    /// The queue is full.
    Full(QueueFull),
    /// Under `inline_hooks()`: the error of the hook.
    Hook(HookError),
}
