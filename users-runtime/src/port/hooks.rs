//! The application's hooks: a password policy and reactions to events.

use std::future::Future;

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::RequestContext;
use crate::{
    domain::{ConfirmEmailToken, Device, Password, ResetToken, Status, Timestamp, UndoEmailToken, VerifyToken},
    event,
    user::AuthUser,
};

/// The result of a hook.
pub type HookResult = Result<(), HookError>;

/// The application's hooks, named as in fastapi-users. By default every hook does nothing.
///
/// A hook `on_before_…` runs before anything is stored, and its error refuses the operation. A hook `on_after_…` runs after
/// its change was stored: its [`HookError::Response`] still becomes the response, while a failure, a panic or more than five
/// seconds are logged and the response is the one of the success, so that a client does not repeat what was done
/// ([`Policy::fastapi_users`](crate::Policy::fastapi_users) responds with 500, as that library does). A call from code
/// returns the error.
///
/// Hooks that send mail (`on_after_request_verify`, `on_after_forgot_password`, `on_after_duplicate_register`,
/// `on_after_credentials_change`, `on_after_request_email_change`, `on_after_new_device_login`) run after the response, on a
/// bounded queue that is drained at shutdown: the response time
/// reveals nothing about an account, and a slow mail server delays no request.
///
/// A hook may call [`Users`](crate::Users). A chain of hooks that cause each other ends at a depth of four, with an error
/// that names them. See [Hooks and
/// mail](https://github.com/axum-users/axum-users/blob/main/docs/guide/hooks-and-mail.md).
pub trait UserManager<U: AuthUser>: Send + Sync + 'static {
    /// Checks a new password, in addition to the built-in policy. Runs at registration, update and reset, never at
    /// login.
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

    /// Runs after a registration with the address of the existing `user`, under `private_registration()`: tell the
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
        std::future::ready(Err(HookError::from(
            "no mail was sent, so the address cannot be changed: implement UserManager::on_after_request_email_change, \
             or call Policy::change_email_at_once()",
        )))
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

    /// Runs after a login from a client that is not known to the account, which is known to others: notify the owner (OWASP
    /// ASVS 6.3.5). An error is logged and does not change the response.
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

/// The owner of a password that is checked.
pub enum PasswordSubject<'a, U: AuthUser> {
    /// A user who registers, with the request body.
    New(&'a U::Create),
    /// An existing user, as stored.
    Existing(&'a U),
}

/// An account that is about to be created.
#[non_exhaustive]
pub struct Registration<'a, U: AuthUser> {
    /// The address in its normal form, as it would be stored.
    pub email: &'a str,
    /// The body of the registration.
    pub input: &'a U::Create,
    /// The flags that the account would have.
    pub status: Status,
}

impl<'a, U: AuthUser> Registration<'a, U> {
    pub(crate) fn new(email: &'a str, input: &'a U::Create, status: Status) -> Self {
        Self { email, input, status }
    }
}

/// The application refuses a password.
#[derive(Debug, Clone, PartialEq)]
pub struct InvalidPassword {
    /// The `reason` that the client sees: a string, or any JSON value.
    pub reason: Value,
}

impl InvalidPassword {
    /// Refuses a password for this reason.
    #[must_use]
    pub fn new(reason: impl Into<Value>) -> Self {
        Self { reason: reason.into() }
    }
}

/// The details of a login from a new device.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewDevice {
    /// The address and the user agent of the client.
    pub device: Device,
    /// The time of the login.
    pub at: Timestamp,
}

impl NewDevice {
    pub(crate) fn new(device: Device, at: Timestamp) -> Self {
        Self { device, at }
    }
}

/// The details of a failed login.
#[derive(Debug)]
#[non_exhaustive]
pub struct FailedLogin<'a, U> {
    /// The user name as the client sent it, not validated.
    pub username: &'a str,
    /// The user with that address, if one exists.
    pub user: Option<&'a U>,
    /// The error code of the response, such as `LOGIN_BAD_CREDENTIALS`.
    pub code: &'static str,
}

/// A requested change of the address.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct EmailChange<'a> {
    /// The new address, which nobody has proved.
    pub new_email: &'a str,
    /// The token that proves the new address, for `POST /auth/confirm-email`. Send it to the new address only.
    pub token: &'a ConfirmEmailToken,
    /// The token that undoes the change, for `POST /auth/undo-email`. Send it to the stored address only.
    pub undo_token: &'a UndoEmailToken,
}

impl<'a> EmailChange<'a> {
    pub(crate) fn new(new_email: &'a str, token: &'a ConfirmEmailToken, undo_token: &'a UndoEmailToken) -> Self {
        Self { new_email, token, undo_token }
    }
}

/// The details of an update.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Updated<U> {
    /// The user as it was before the update.
    pub before: U,
    /// The JSON keys of the request without the privileged ones, in the order of the schema.
    pub fields: Vec<&'static str>,
}

/// The error of a hook: a response for the client, or a failure (status 500) whose cause is only logged.
#[derive(Debug)]
pub enum HookError {
    /// Responds with this status and `{"detail": …}`.
    Response(StatusCode, Value),
    /// Responds with status 500. The cause is logged and not sent to the client.
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl HookError {
    /// Responds with this status and `{"detail": detail}`.
    #[must_use]
    pub fn response(status: StatusCode, detail: impl Into<Value>) -> Self {
        Self::Response(status, detail.into())
    }

    /// Returns the text for a log, without addresses.
    pub(crate) fn cause(&self) -> String {
        match self {
            Self::Response(status, _) => format!("the hook responded with {status}"),
            Self::Failed(error) => event::cause(error.as_ref()),
        }
    }

    /// Returns whether the hook failed, rather than chose a response for the client.
    pub(crate) fn is_failure(&self) -> bool {
        match self {
            Self::Response(status, _) => status.is_server_error(),
            Self::Failed(_) => true,
        }
    }
}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for HookError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}
