//! The application's hooks: a password policy and reactions to events.

use std::future::Future;

use http::HeaderMap;

use super::{
    EmailChange, FailedLogin, HookError, HookResult, InvalidPassword, NewDevice, PasskeyChange, PasswordSubject,
    Registration, RequestContext, Updated,
};
use crate::{
    domain::{InvitationToken, LoginCode, MagicLinkToken, Password, ResetToken, VerifyToken},
    user::AuthUser,
};

/// The application's hooks, named as in fastapi-users. A hook does nothing by default, except those that must send a mail
/// (`on_after_request_email_change`, `on_after_request_magic_link`, `on_after_request_email_code` and `on_after_invite`): they
/// return an error.
///
/// A hook `on_before_…` runs before anything is stored, and its error refuses the operation. A hook `on_after_…` runs after its
/// change was stored: its [`HookError::Response`] still becomes the response, while a failure, a panic or a duration of more than
/// five seconds is logged and the response reports success, so that a client does not repeat the completed operation
/// ([`Policy::fastapi_users`](crate::Policy::fastapi_users) responds with 500). A call from code returns the error.
///
/// Hooks that send mail (`on_after_request_verify`, `on_after_forgot_password`, `on_after_duplicate_register`,
/// `on_after_credentials_change`, `on_after_request_email_change`, `on_after_request_magic_link`, `on_after_request_email_code`,
/// `on_after_invite`, `on_after_new_device_login`, `on_after_refresh_reuse`, `on_after_passkey_change`, `on_after_second_factor_enrolled`,
/// `on_after_second_factor_removed`, `on_after_recovery_code_use`) run after the response, on a bounded queue that is drained at
/// shutdown: the response time reveals nothing about an account, and a slow mail server delays no request.
///
/// A hook may call [`Users`](crate::Users). A chain of hooks that trigger each other is stopped at a depth of four, with an error
/// that names them. See [Hooks and mail](https://github.com/axum-users/axum-users/blob/main/docs/guide/hooks-and-mail.md).
pub trait UserManager<U: AuthUser>: Send + Sync + 'static {
    /// Checks a new password, in addition to the built-in policy. Runs at registration, update and reset, never at login.
    ///
    /// # Errors
    /// [`InvalidPassword`] with the reason that the client sees.
    fn validate_password(
        &self,
        password: &Password,
        subject: PasswordSubject<'_, U>,
    ) -> impl Future<Output = Result<(), InvalidPassword>> + Send {
        let _ = (password, subject);
        std::future::ready(Ok(()))
    }

    /// Runs before an account is created, by a registration or by code, after the password was accepted and before the
    /// address is looked up. Refuse here what must not be stored: domains, invitations, quotas.
    ///
    /// # Errors
    /// [`HookError::response`] with the response, such as 403. Any other error is a 500. Nothing is stored then.
    ///
    /// # Security
    /// Under `private_registration()` the decision must not depend on whether the address is taken.
    fn on_before_register(
        &self,
        registration: &Registration<'_, U>,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (registration, cx);
        std::future::ready(Ok(()))
    }

    /// Runs after a user registered.
    fn on_after_register(&self, user: &U, cx: &RequestContext) -> impl Future<Output = HookResult> + Send {
        let _ = (user, cx);
        std::future::ready(Ok(()))
    }

    /// Runs after a registration with the address of the existing `user`, under `private_registration()`: notify the
    /// owner of the address.
    fn on_after_duplicate_register(&self, user: &U, cx: &RequestContext) -> impl Future<Output = HookResult> + Send {
        let _ = (user, cx);
        std::future::ready(Ok(()))
    }

    /// Runs before a change of a user is stored. `user` is the user as it would be stored, `updated` as for
    /// [`on_after_update`](Self::on_after_update). For an address that must be confirmed it runs when the change is
    /// requested, and again when it is confirmed.
    ///
    /// # Errors
    /// As for [`on_before_register`](Self::on_before_register).
    fn on_before_update(
        &self,
        user: &U,
        updated: &Updated<U>,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, updated, cx);
        std::future::ready(Ok(()))
    }

    /// Runs after a user was changed by the user or by a superuser. `updated` has the names of the changed fields and
    /// the user as it was before.
    fn on_after_update(
        &self,
        user: &U,
        updated: &Updated<U>,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, updated, cx);
        std::future::ready(Ok(()))
    }

    /// Sends a verification mail: `token` must go to the user's stored address.
    fn on_after_request_verify(
        &self,
        user: &U,
        token: &VerifyToken,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, token, cx);
        std::future::ready(Ok(()))
    }

    /// Runs after the user proved ownership of the address.
    fn on_after_verify(&self, user: &U, cx: &RequestContext) -> impl Future<Output = HookResult> + Send {
        let _ = (user, cx);
        std::future::ready(Ok(()))
    }

    /// Sends a reset mail: `token` must go to the user's stored address.
    fn on_after_forgot_password(
        &self,
        user: &U,
        token: &ResetToken,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, token, cx);
        std::future::ready(Ok(()))
    }

    /// Runs after the password was reset with a mailed token.
    fn on_after_reset_password(&self, user: &U, cx: &RequestContext) -> impl Future<Output = HookResult> + Send {
        let _ = (user, cx);
        std::future::ready(Ok(()))
    }

    /// Runs after the address or the password was changed by an update or a reset: notify the owner at the address of
    /// `before` (OWASP ASVS 6.3.7). An error is logged and does not change the response.
    fn on_after_credentials_change(
        &self,
        user: &U,
        before: &U,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, before, cx);
        std::future::ready(Ok(()))
    }

    /// Sends the two mails of a change of the address, which a user has requested and which is not stored yet: `token` must
    /// go to the new address, and `undo_token` to the stored one (OWASP ASVS 6.3.7). Not called under
    /// `change_email_at_once()`.
    ///
    /// # Errors
    /// The default is an error in the log: nobody could change the address.
    fn on_after_request_email_change(
        &self,
        user: &U,
        change: &EmailChange<'_>,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, change, cx);
        std::future::ready(Err(HookError::not_mailed(
            "UserManager::on_after_request_email_change, or call Policy::change_email_at_once()",
        )))
    }

    /// Sends a mail with a link to log in: `token` must go to the user's stored address.
    ///
    /// # Errors
    /// The default is an error in the log: nobody could log in with a link.
    fn on_after_request_magic_link(
        &self,
        user: &U,
        token: &MagicLinkToken,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, token, cx);
        std::future::ready(Err(HookError::not_mailed("UserManager::on_after_request_magic_link")))
    }

    /// Sends a mail with a code to log in: `code` must go to the user's stored address. The code is useless without the
    /// request for which it was issued.
    ///
    /// # Errors
    /// As for [`on_after_request_magic_link`](Self::on_after_request_magic_link).
    fn on_after_request_email_code(
        &self,
        user: &U,
        code: &LoginCode,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, code, cx);
        std::future::ready(Err(HookError::not_mailed("UserManager::on_after_request_email_code")))
    }

    /// Sends a mail with a link that opens the account of an invited user: `token` must go to the user's stored address.
    ///
    /// # Errors
    /// As for [`on_after_request_magic_link`](Self::on_after_request_magic_link).
    fn on_after_invite(
        &self,
        user: &U,
        token: &InvitationToken,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, token, cx);
        std::future::ready(Err(HookError::not_mailed("UserManager::on_after_invite")))
    }

    /// Runs after a login. The hook may change `response`, the headers of the response.
    fn on_after_login(
        &self,
        user: &U,
        cx: &RequestContext,
        response: &mut HeaderMap,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, cx, response);
        std::future::ready(Ok(()))
    }

    /// Runs after a login from a client that is not known to the account, if the account has other known clients:
    /// notify the owner (OWASP ASVS 6.3.5). An error is logged and does not change the response.
    ///
    /// A client is known to an account after a login or a mailed reset: a browser by its device cookie, any other by its
    /// address ([`Limits::known_addresses_for`](crate::Limits::known_addresses_for)). Not called if clients are not
    /// remembered, as under [`Policy::fastapi_users`](crate::Policy::fastapi_users), and not more often than mails to one
    /// account are allowed ([`Limit::Mails`](crate::limits::Limit::Mails)).
    fn on_after_new_device_login(
        &self,
        user: &U,
        device: &NewDevice,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, device, cx);
        std::future::ready(Ok(()))
    }

    /// Runs after a refresh token was reused: it was stolen, either by this client or by the one that used it first.
    /// The login of `device` has been ended; notify the owner. An error is logged and does not change the response. Not
    /// called more often than mails to one account are allowed ([`Limit::Mails`](crate::limits::Limit::Mails)).
    fn on_after_refresh_reuse(
        &self,
        user: &U,
        device: &NewDevice,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, device, cx);
        std::future::ready(Ok(()))
    }

    /// Runs after a second factor was activated: notify the owner (OWASP ASVS 6.3.7). Errors and frequency as for
    /// [`on_after_refresh_reuse`](Self::on_after_refresh_reuse).
    fn on_after_second_factor_enrolled(
        &self,
        user: &U,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, cx);
        std::future::ready(Ok(()))
    }

    /// Runs after a second factor was removed, by its user or by an administrator: notify the owner, likewise.
    fn on_after_second_factor_removed(&self, user: &U, cx: &RequestContext) -> impl Future<Output = HookResult> + Send {
        let _ = (user, cx);
        std::future::ready(Ok(()))
    }

    /// Runs after a recovery code was used; `left` codes remain. Notify the owner, likewise.
    fn on_after_recovery_code_use(
        &self,
        user: &U,
        left: u32,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, left, cx);
        std::future::ready(Ok(()))
    }

    /// Runs after a passkey was added to or removed from an account, or was used in a way that suggests a copy of its
    /// key on another authenticator: notify the owner (OWASP ASVS 6.3.7). An error is logged and does not change the
    /// response. Not called for the passkey of a registration, nor more often than mails to one account are allowed
    /// ([`Limit::Mails`](crate::limits::Limit::Mails)).
    fn on_after_passkey_change(
        &self,
        user: &U,
        change: &PasskeyChange,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, change, cx);
        std::future::ready(Ok(()))
    }

    /// Runs after a failed login. An error is logged and does not change the response.
    fn on_after_failed_login(
        &self,
        failed: &FailedLogin<'_, U>,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (failed, cx);
        std::future::ready(Ok(()))
    }

    /// Runs after a logout.
    fn on_after_logout(&self, user: &U, cx: &RequestContext) -> impl Future<Output = HookResult> + Send {
        let _ = (user, cx);
        std::future::ready(Ok(()))
    }

    /// Runs before a user is deleted. An error prevents the deletion.
    fn on_before_delete(&self, user: &U, cx: &RequestContext) -> impl Future<Output = HookResult> + Send {
        let _ = (user, cx);
        std::future::ready(Ok(()))
    }

    /// Runs after a user was deleted.
    fn on_after_delete(&self, user: &U, cx: &RequestContext) -> impl Future<Output = HookResult> + Send {
        let _ = (user, cx);
        std::future::ready(Ok(()))
    }
}
