//! Sending the token of a reset.

use crate::{
    account::token_subject,
    port::{Found, HookCall, HookError, RequestContext},
    service::Users,
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Starts a password reset: issues a token and runs `on_after_forgot_password`, which mails it. For administrators,
    /// and for accounts that were created without a usable password. Not counted against [`Limits`](crate::Limits).
    ///
    /// The hook gets the user as stored now, even if `user` is older: the mail goes to the address that the token is bound
    /// to.
    ///
    /// # Errors
    /// Returns the hook's error, or [`HookError::Failed`] if the user does not exist, the database is not available, or
    /// the token could not be issued.
    pub async fn start_reset(&self, user: &U) -> Result<(), HookError> {
        let found = self.find_for_mail(user.id()).await?;
        self.mail_reset_token(&found, &RequestContext::none()).await
    }

    pub(super) async fn mail_reset_token(&self, found: &Found<U>, cx: &RequestContext) -> Result<(), HookError> {
        let subject = found.user.id().to_string();
        let token = self.inner().mail_tokens.mint_reset(token_subject(found, &subject)).await?;
        self.run_hook(HookCall::PasswordForgotten(&found.user, &token), cx).await
    }
}
