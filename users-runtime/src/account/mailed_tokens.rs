//! Tokens that are mailed to an account's address: issuing them, limiting them, and checking their binding.

use chrono::TimeDelta;
use http::StatusCode;

use crate::{
    domain::{CLOCK_SKEW, Timestamp},
    event::{self, EventKind, SecurityEvent, operation},
    port::{BoxFuture, Found, HookCall, HookError, Lookup, MailToken, MailTokenError, RequestContext, TokenSubject},
    service::{DrawnQuota, Limited, Users},
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

    pub(crate) fn start_verification_in<'a>(
        &'a self,
        id: U::Id,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<(), HookError>> {
        Box::pin(async move {
            let found = self.find_for_mail(id).await?;
            self.mail_verify_token(&found, cx).await
        })
    }

    pub(crate) fn mail_verify_token<'a>(
        &'a self,
        found: &'a Found<U>,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<(), HookError>> {
        Box::pin(async move {
            let subject = found.user.id().to_string();
            let token = self.inner().mail_tokens.mint_verify(token_subject(found, &subject)).await?;
            self.run_hook(HookCall::VerificationRequested(&found.user, &token), cx).await
        })
    }

    /// Loads the user that a token is issued for, together with the current epoch.
    pub(crate) fn find_for_mail<'a>(&'a self, id: U::Id) -> BoxFuture<'a, Result<Found<U>, HookError>> {
        Box::pin(
            async move { self.find(Lookup::by_id(id)).await?.ok_or_else(|| HookError::from("there is no such user")) },
        )
    }

    /// Returns whether a mailed token is still bound to a user as stored now.
    pub(crate) fn is_bound<'a>(
        &'a self,
        token: &'a MailToken,
        to: &'a Found<U>,
    ) -> BoxFuture<'a, Result<bool, MailTokenError>> {
        Box::pin(async move {
            let subject = to.user.id().to_string();
            self.inner().mail_tokens.is_bound(token, token_subject(to, &subject)).await
        })
    }

    /// Counts a mail that an anonymous request caused, and returns whether it may be sent to this account. A retried
    /// mail is counted once.
    pub(crate) fn may_mail<'a>(
        &'a self,
        kind: EventKind,
        id: U::Id,
        cx: &'a RequestContext,
        drawn: &'a DrawnQuota,
    ) -> BoxFuture<'a, Result<bool, HookError>> {
        Box::pin(async move { self.may_mail_to(kind, &id.to_string(), &id, cx, drawn).await })
    }

    /// Counts a mail as [`Users::may_mail`] does, but by its recipient `to` instead of by the user `id` who causes it.
    pub(crate) fn may_mail_to<'a>(
        &'a self,
        kind: EventKind,
        to: &'a str,
        id: &'a U::Id,
        cx: &'a RequestContext,
        drawn: &'a DrawnQuota,
    ) -> BoxFuture<'a, Result<bool, HookError>> {
        Box::pin(async move {
            let counted = self.count_mail(kind.name(), to, drawn).await;
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
        })
    }
}

pub(crate) fn token_subject<'a, U: AuthUser>(found: &'a Found<U>, subject: &'a str) -> TokenSubject<'a> {
    let account = found.user.account();
    TokenSubject { subject, email: account.email, hashed_password: account.hashed_password, epoch: found.epoch }
}

/// Returns until when a used token is remembered: until it has expired even on a node whose clock is behind.
pub(crate) fn kept_until(expires_at: Timestamp) -> Timestamp {
    let skew = TimeDelta::from_std(CLOCK_SKEW).unwrap_or_default();
    expires_at.checked_add_signed(skew).unwrap_or(expires_at)
}
