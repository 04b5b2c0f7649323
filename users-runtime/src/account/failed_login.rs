//! Reporting failed logins to the application.

use crate::{
    port::{BoxFuture, FailedLogin, HookCall, RequestContext},
    service::Users,
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Runs `on_after_failed_login` after the response, so that the response time reveals nothing about the account.
    /// `username` is the text that the client sent, or the address of the user.
    pub(crate) fn report_failed_login<'a>(
        &'a self,
        username: String,
        user: Option<U>,
        code: &'static str,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.after_response_or_log("on_after_failed_login", cx, move |users, cx, _| {
                let (username, user) = (username.clone(), user.clone());
                Box::pin(async move {
                    let failed = FailedLogin { username: &username, user: user.as_ref(), code };
                    users.run_hook(HookCall::LoginFailed(&failed), cx).await
                })
            })
            .await;
        })
    }
}
