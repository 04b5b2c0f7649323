//! Tokens that are mailed to an account's address: issuing them, limiting them, and checking what they are bound to.

use http::StatusCode;

use crate::{
    event::{self, EventKind, SecurityEvent, operation},
    port::{Found, HookCall, HookError, Lookup, MailToken, MailTokenError, RequestContext, TokenSubject},
    service::{Limited, Share, Users},
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Starts a verification: issues a token and runs `on_after_request_verify`, which mails it. Not counted against
    /// [`Limits`](crate::Limits). The hook gets the user as stored now, as in [`Users::start_reset`].
    ///
    /// # Errors
    /// As [`Users::start_reset`].
    pub async fn start_verification(&self, user: &U) -> Result<(), HookError> {
        self.start_verification_in(user.id(), &RequestContext::none()).await
    }

    pub(crate) async fn start_verification_in(&self, id: U::Id, cx: &RequestContext) -> Result<(), HookError> {
        let found = self.find_for_mail(id).await?;
        self.mail_verify_token(&found, cx).await
    }

    pub(crate) async fn mail_verify_token(&self, found: &Found<U>, cx: &RequestContext) -> Result<(), HookError> {
        let subject = found.user.id().to_string();
        let token = self.inner().mail_tokens.mint_verify(token_subject(found, &subject)).await?;
        self.run_hook(HookCall::VerificationRequested(&found.user, &token), cx).await
    }

    /// Loads the user that a token is issued for, together with the current epoch.
    pub(crate) async fn find_for_mail(&self, id: U::Id) -> Result<Found<U>, HookError> {
        self.find(Lookup::by_id(id)).await?.ok_or_else(|| HookError::from("there is no such user"))
    }

    /// Returns whether a mailed token is still bound to a user as stored now.
    pub(crate) async fn is_bound(&self, token: &MailToken, to: &Found<U>) -> Result<bool, MailTokenError> {
        let subject = to.user.id().to_string();
        self.inner().mail_tokens.is_bound(token, token_subject(to, &subject)).await
    }

    /// Counts a mail that an anonymous request caused, and returns whether it may be sent to this account. A mail that is
    /// tried again is counted once.
    pub(crate) async fn may_mail(
        &self,
        kind: EventKind,
        id: U::Id,
        cx: &RequestContext,
        share: &Share,
    ) -> Result<bool, HookError> {
        self.may_mail_to(kind, &id.to_string(), &id, cx, share).await
    }

    /// Counts a mail as [`Users::may_mail`] does, by its recipient `to` and not by the user `id` who causes it.
    pub(crate) async fn may_mail_to(
        &self,
        kind: EventKind,
        to: &str,
        id: &U::Id,
        cx: &RequestContext,
        share: &Share,
    ) -> Result<bool, HookError> {
        let counted = self.count_mail(kind.name(), to, share).await;
        self.record_limited(&counted, SecurityEvent::new(kind, cx).of(id));
        match counted {
            Ok(()) => Ok(true),
            Err(Limited::Reached(_)) => Ok(false),
            Err(error) => {
                let cause = event::cause(&error);
                operation!(ERROR, "counters_down", "a mail was not sent because it could not be counted", cause);
                Err(HookError::response(StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE"))
            }
        }
    }
}

pub(crate) fn token_subject<'a, U: AuthUser>(found: &'a Found<U>, subject: &'a str) -> TokenSubject<'a> {
    let account = found.user.account();
    TokenSubject { subject, email: account.email, hashed_password: account.hashed_password, epoch: found.epoch }
}
