//! Hooks that send the mails of the flows.

use super::{Mailer, NoticeKind};
use crate::{
    domain::{InvitationToken, LoginCode, MagicLinkToken, ResetToken, VerifyToken},
    port::{EmailChange, HookResult, NewDevice, PasskeyChange, RequestContext, UserManager},
    user::AuthUser,
};

/// A [`UserManager`] that sends the mails of the flows and does nothing else:
///
/// * verification requested: a link that verifies the address
/// * password forgotten: a link to choose a new password
/// * link or code to log in requested: the link or the code
/// * invited: a link that opens the account
/// * registration with the address of an existing account (under `private_registration()`): a notice to its owner
/// * change of the address requested: a link that confirms it to the new address, and a link that undoes it to the **old** one
/// * address changed at once (by a superuser, or under `change_email_at_once()`): a notice to the **old** address
/// * password changed: a notice (OWASP ASVS 6.3.7)
/// * login from a new device: a notice (OWASP ASVS 6.3.5)
/// * refresh token used twice: a notice (RFC 9700 section 4.14.2)
/// * second factor enrolled or removed, recovery code used: a notice (OWASP ASVS 6.3.7)
/// * passkey added, removed, or refused because it may be copied: a notice (OWASP ASVS 6.3.7)
///
/// [`Mailer::without_notice`] turns off a kind of notice. All mails are sent after the response. If you need more,
/// implement `UserManager` yourself and keep a [`Mailer`] in it; see [Hooks and
/// mail](https://github.com/axum-users/axum-users/blob/main/docs/guide/hooks-and-mail.md).
#[derive(Debug, Clone)]
pub struct MailHooks(Mailer);

impl MailHooks {
    /// Creates hooks that send with `mailer`.
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

    async fn on_after_request_email_change(
        &self,
        user: &U,
        change: &EmailChange<'_>,
        _: &RequestContext,
    ) -> HookResult {
        let EmailChange { new_email, token, undo_token } = *change;
        // The old address first: it must get its mail before anyone can confirm the new one. A failure must not prevent
        // the owner of a lost mailbox from changing the address.
        let warned = self.0.send_email_change_undo(user.account().email, new_email, undo_token).await;
        self.0.send_email_change_confirmation(new_email, token).await?;
        Ok(warned?)
    }

    async fn on_after_request_magic_link(&self, user: &U, token: &MagicLinkToken, _: &RequestContext) -> HookResult {
        Ok(self.0.send_magic_link(user.account().email, token).await?)
    }

    async fn on_after_request_email_code(&self, user: &U, code: &LoginCode, _: &RequestContext) -> HookResult {
        Ok(self.0.send_login_code(user.account().email, code).await?)
    }

    async fn on_after_invite(&self, user: &U, token: &InvitationToken, _: &RequestContext) -> HookResult {
        Ok(self.0.send_invitation(user.account().email, token).await?)
    }

    async fn on_after_credentials_change(&self, user: &U, before: &U, _: &RequestContext) -> HookResult {
        let (before, now) = (before.account(), user.account());
        // A failure of the first mail must not prevent the second one.
        let notified = match before.email != now.email && self.0.notifies(NoticeKind::EmailChanged) {
            true => self.0.send_email_changed(before.email, now.email).await,
            false => Ok(()),
        };
        if before.hashed_password != now.hashed_password && self.0.notifies(NoticeKind::PasswordChanged) {
            self.0.send_password_changed(before.email).await?;
        }
        Ok(notified?)
    }

    async fn on_after_new_device_login(&self, user: &U, login: &NewDevice, _: &RequestContext) -> HookResult {
        match self.0.notifies(NoticeKind::NewLogin) {
            true => Ok(self.0.send_new_login(user.account().email, login).await?),
            false => Ok(()),
        }
    }

    async fn on_after_refresh_reuse(&self, user: &U, login: &NewDevice, _: &RequestContext) -> HookResult {
        match self.0.notifies(NoticeKind::RefreshReuse) {
            true => Ok(self.0.send_refresh_reuse(user.account().email, login).await?),
            false => Ok(()),
        }
    }

    async fn on_after_second_factor_enrolled(&self, user: &U, _: &RequestContext) -> HookResult {
        match self.0.notifies(NoticeKind::SecondFactor) {
            true => Ok(self.0.send_second_factor_enrolled(user.account().email).await?),
            false => Ok(()),
        }
    }

    async fn on_after_second_factor_removed(&self, user: &U, _: &RequestContext) -> HookResult {
        match self.0.notifies(NoticeKind::SecondFactor) {
            true => Ok(self.0.send_second_factor_removed(user.account().email).await?),
            false => Ok(()),
        }
    }

    async fn on_after_recovery_code_use(&self, user: &U, left: u32, _: &RequestContext) -> HookResult {
        match self.0.notifies(NoticeKind::RecoveryCode) {
            true => Ok(self.0.send_recovery_code_used(user.account().email, left).await?),
            false => Ok(()),
        }
    }

    async fn on_after_passkey_change(&self, user: &U, change: &PasskeyChange, _: &RequestContext) -> HookResult {
        match self.0.notifies(NoticeKind::Passkey) {
            true => Ok(self.0.send_passkey_notice(user.account().email, change).await?),
            false => Ok(()),
        }
    }
}
