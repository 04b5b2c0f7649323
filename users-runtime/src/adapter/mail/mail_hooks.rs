//! A user manager that only sends the mails.

use super::Mailer;
use crate::{
    domain::{ResetToken, VerifyToken},
    port::{HookResult, RequestContext, UserManager},
    user::AuthUser,
};

/// A ready [`UserManager`]: it sends the mails of the flows and refuses nothing of its own.
///
/// * asked to verify: the link to do so
/// * password forgotten: the link to a new one
/// * registered again with a taken address (under `private_registration()`): a note to its owner
/// * address changed: a note to the **old** address; password changed: a note (OWASP ASVS 6.3.7)
///
/// All of them are sent after the answer.
///
/// Write a `UserManager` of your own, with a [`Mailer`] in it, for anything more.
#[derive(Debug, Clone)]
pub struct MailHooks(Mailer);

impl MailHooks {
    /// Sends with `mailer`.
    #[must_use]
    pub fn new(mailer: Mailer) -> Self {
        Self(mailer)
    }
}

impl From<Mailer> for MailHooks {
    fn from(mailer: Mailer) -> Self {
        Self::new(mailer)
    }
}

impl<U: AuthUser> UserManager<U> for MailHooks {
    async fn on_after_duplicate_register(&self, user: &U, _: &RequestContext) -> HookResult {
        Ok(self.0.send_already_registered(user.account().email).await?)
    }

    async fn on_after_request_verify(&self, user: &U, token: &VerifyToken, _: &RequestContext) -> HookResult {
        Ok(self.0.send_verification(user.account().email, token).await?)
    }

    async fn on_after_forgot_password(&self, user: &U, token: &ResetToken, _: &RequestContext) -> HookResult {
        Ok(self.0.send_password_reset(user.account().email, token).await?)
    }

    async fn on_after_credentials_change(&self, user: &U, before: &U, _: &RequestContext) -> HookResult {
        let (before, now) = (before.account(), user.account());
        // Both are tried, whatever becomes of the first.
        let told_of_email = match before.email == now.email {
            true => Ok(()),
            false => self.0.send_email_changed(before.email, now.email).await,
        };
        if before.hashed_password != now.hashed_password {
            self.0.send_password_changed(before.email).await?;
        }
        Ok(told_of_email?)
    }
}
