//! Tokens that are mailed to an account's address: minting them, limiting them, and checking what they are bound to.

use http::StatusCode;

use crate::{
    event::{self, EventKind, Outcome},
    port::{CounterKey, HookCall, HookError, MailToken, MailTokenError, RequestContext, TokenSubject},
    service::Users,
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Starts a password reset: mints a token and runs `on_after_forgot_password`, which mails it. For administrators,
    /// and for accounts that were created without a usable password. Not counted against [`Limits`](crate::Limits).
    ///
    /// # Errors
    /// The hook's error, or [`HookError::Failed`] if no token could be minted.
    pub async fn start_reset(&self, user: &U) -> Result<(), HookError> {
        self.mail_reset_token(user, &RequestContext::none()).await
    }

    pub(crate) async fn mail_reset_token(&self, user: &U, cx: &RequestContext) -> Result<(), HookError> {
        let subject = user.id().to_string();
        let token = self.inner().mail_tokens.mint_reset(token_subject(user, &subject)).await?;
        self.run_hook(HookCall::PasswordForgotten(user, &token), cx).await
    }

    /// Starts a verification: mints a token and runs `on_after_request_verify`, which mails it. Not counted against
    /// [`Limits`](crate::Limits).
    ///
    /// # Errors
    /// The hook's error, or [`HookError::Failed`] if no token could be minted.
    pub async fn start_verification(&self, user: &U) -> Result<(), HookError> {
        self.mail_verify_token(user, &RequestContext::none()).await
    }

    pub(crate) async fn mail_verify_token(&self, user: &U, cx: &RequestContext) -> Result<(), HookError> {
        let subject = user.id().to_string();
        let token = self.inner().mail_tokens.mint_verify(token_subject(user, &subject)).await?;
        self.run_hook(HookCall::VerificationRequested(user, &token), cx).await
    }

    /// Returns whether a mailed token is still bound to `user` as stored now.
    pub(crate) async fn is_bound(&self, token: &MailToken, user: &U) -> Result<bool, MailTokenError> {
        let subject = user.id().to_string();
        self.inner().mail_tokens.is_bound(token, token_subject(user, &subject)).await
    }

    /// Counts a mail that an anonymous request asked for. Returns whether it may be sent to this account.
    pub(crate) async fn may_mail(&self, kind: EventKind, id: U::Id, cx: &RequestContext) -> Result<bool, HookError> {
        let Some(quota) = self.inner().limits.mails_to_one_account() else { return Ok(true) };
        let key = CounterKey::of(kind.name(), &id.to_string());
        match self.inner().counters.take(&key, quota, self.now()).await {
            Ok(true) => Ok(true),
            Ok(false) => {
                event::record(kind, Outcome::Refused("too many mails to this account"), Some(&id), None, cx);
                Ok(false)
            }
            Err(error) => {
                tracing::error!(target: "axum_users", event = "counters_down", ?error, "no mail is sent that cannot be counted");
                Err(HookError::answer(StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE"))
            }
        }
    }
}

fn token_subject<'a, U: AuthUser>(user: &'a U, subject: &'a str) -> TokenSubject<'a> {
    let account = user.account();
    TokenSubject { subject, email: account.email, hashed_password: account.hashed_password }
}
