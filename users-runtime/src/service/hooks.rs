//! Running the application's hooks, within the request or after the response.

use super::Users;
use crate::{
    background::QueueFull,
    domain::Relaxation,
    event::{self, EventKind, Outcome},
    port::{BoxFuture, HookCall, HookResult, RequestContext},
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
    /// error is logged, and reaches the client only under `inline_hooks()`.
    pub(crate) async fn after_response<F>(
        &self,
        name: &'static str,
        cx: &RequestContext,
        work: F,
    ) -> Result<(), AfterResponse>
    where
        F: for<'a> FnOnce(&'a Self, &'a RequestContext) -> BoxFuture<'a, HookResult> + Send + 'static,
    {
        if self.policy().allows(Relaxation::InlineHooks) {
            return work(self, cx).await.map_err(AfterResponse::Hook);
        }
        let (users, cx) = (self.clone(), cx.clone());
        let job = async move {
            if let Err(error) = work(&users, &cx).await {
                tracing::error!(target: "axum_users", hook = name, ?error, "a hook failed");
                event::record(EventKind::Hook, Outcome::Failed(name), None, None, &cx);
            }
        };
        self.inner().jobs.try_push(name, Box::pin(job)).map_err(AfterResponse::Full)
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
            move |users, cx| {
                Box::pin(async move { users.run_hook(HookCall::CredentialsChanged(&user, &before), cx).await })
            }
        })
        .await;
    }

    /// Runs work as [`Users::after_response`] does, if its failure must not change the response.
    pub(crate) async fn after_response_or_log<F>(&self, name: &'static str, cx: &RequestContext, work: F)
    where
        F: for<'a> FnOnce(&'a Self, &'a RequestContext) -> BoxFuture<'a, HookResult> + Send + 'static,
    {
        if let Err(error) = self.after_response(name, cx, work).await {
            tracing::error!(target: "axum_users", hook = name, ?error, "a hook did not run");
            event::record(EventKind::Hook, Outcome::Failed(name), None, None, cx);
        }
    }

    /// Waits until the queued mails are sent, for at most `within`. Call it after the server has stopped.
    pub async fn drain(&self, within: std::time::Duration) {
        self.inner().jobs.drain(within).await;
    }
}

/// The reason why work after the response was not accepted.
#[derive(Debug)]
pub(crate) enum AfterResponse {
    /// The queue is full.
    Full(QueueFull),
    /// Under `inline_hooks()`: the error of the hook.
    Hook(crate::port::HookError),
}
