//! A user manager that only sends the mails.

use std::time::Duration;

use tokio::time::timeout;

use super::Mailer;
use crate::{
    domain::{ResetToken, VerifyToken},
    port::{HookResult, MailError, RequestContext, Updated, UserManager},
    user::AuthUser,
};

/// How long a request waits for a notice.
const NOTICE_TIME: Duration = Duration::from_secs(5);

/// A ready [`UserManager`]: it sends the mails of the flows and refuses nothing of its own.
///
/// * asked to verify: the link to do so
/// * password forgotten: the link to a new one
/// * registered again with a taken address (under `private_registration()`): a note to its owner
/// * address changed: a note to the **old** address; password changed: a note (OWASP ASVS 6.3.7)
///
/// Write a `UserManager` of your own, with a [`Mailer`] in it, for anything more.
#[derive(Debug, Clone)]
pub struct Mails(Mailer);

impl Mails {
    /// Sends with `mailer`.
    #[must_use]
    pub fn new(mailer: Mailer) -> Self {
        Self(mailer)
    }
}

impl From<Mailer> for Mails {
    fn from(mailer: Mailer) -> Self {
        Self::new(mailer)
    }
}

impl<U: AuthUser> UserManager<U> for Mails {
    async fn on_after_duplicate_register(&self, user: &U, _: &RequestContext) -> HookResult {
        Ok(self.0.send_already_registered(user.account().email).await?)
    }

    async fn on_after_request_verify(&self, user: &U, token: &VerifyToken, _: &RequestContext) -> HookResult {
        Ok(self.0.send_verification(user.account().email, token).await?)
    }

    async fn on_after_forgot_password(&self, user: &U, token: &ResetToken, _: &RequestContext) -> HookResult {
        Ok(self.0.send_password_reset(user.account().email, token).await?)
    }

    async fn on_after_update(&self, user: &U, updated: &Updated<U>, _: &RequestContext) -> HookResult {
        let (before, now) = (updated.before.account(), user.account());
        if before.email != now.email {
            notice(self.0.send_email_changed(before.email, now.email)).await;
        }
        if before.hashed_password != now.hashed_password {
            notice(self.0.send_password_changed(before.email)).await;
        }
        Ok(())
    }

    async fn on_after_reset_password(&self, user: &U, _: &RequestContext) -> HookResult {
        notice(self.0.send_password_changed(user.account().email)).await;
        Ok(())
    }
}

/// Sends a notice about a change that is stored. The request waits for it, so it gets half of a request's ten seconds,
/// and a failure is for the operator: it must not make the answer a 500.
async fn notice(sending: impl Future<Output = Result<(), MailError>>) {
    let sent = timeout(NOTICE_TIME, sending).await.unwrap_or_else(|_| Err(MailError("it took too long".to_owned())));
    if let Err(error) = sent {
        tracing::error!(target: "axum_users", event = "mail_failed", %error, "a notice about a changed account was not sent");
    }
}
