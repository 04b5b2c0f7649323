//! The application's hooks: a password policy and reactions to events.

use std::future::Future;

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::{BoxFuture, RequestContext};
use crate::{
    domain::{Password, ResetToken, VerifyToken},
    user::AuthUser,
};

/// The result of a hook.
pub type HookResult = Result<(), HookError>;

/// The application's hooks, named as in fastapi-users. By default every hook does nothing.
///
/// Hooks run after their change was stored. Those that send mail (`on_after_request_verify`,
/// `on_after_forgot_password`, `on_after_duplicate_register`, `on_after_credentials_change`) run after the response, on
/// a bounded queue that is drained at shutdown: the response time reveals nothing about an account, and a slow mail
/// server delays no request. See [Hooks and
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
    Answer(StatusCode, Value),
    /// Responds with status 500. The cause is logged and not sent to the client.
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl HookError {
    /// Responds with this status and `{"detail": detail}`.
    #[must_use]
    pub fn answer(status: StatusCode, detail: impl Into<Value>) -> Self {
        Self::Answer(status, detail.into())
    }
}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for HookError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// The call of a hook, as passed to [`Hooks::run`].
pub(crate) enum HookCall<'a, U: AuthUser> {
    Registered(&'a U),
    DuplicateRegistration(&'a U),
    Updated(&'a U, &'a Updated<U>),
    VerificationRequested(&'a U, &'a VerifyToken),
    Verified(&'a U),
    PasswordForgotten(&'a U, &'a ResetToken),
    PasswordReset(&'a U),
    /// The user after and before the change.
    CredentialsChanged(&'a U, &'a U),
    LoggedIn(&'a U, &'a mut HeaderMap),
    LoginFailed(&'a FailedLogin<'a, U>),
    LoggedOut(&'a U),
    Deleting(&'a U),
    Deleted(&'a U),
}

/// The object-safe form of [`UserManager`]: methods that return `impl Future` cannot be called through `dyn`.
pub(crate) trait Hooks<U: AuthUser>: Send + Sync + 'static {
    fn validate_password<'a>(
        &'a self,
        password: &'a Password,
        subject: PasswordSubject<'a, U>,
    ) -> BoxFuture<'a, Result<(), InvalidPassword>>;

    fn run<'a>(&'a self, event: HookCall<'a, U>, cx: &'a RequestContext) -> BoxFuture<'a, HookResult>;
}

impl<U: AuthUser, M: UserManager<U>> Hooks<U> for M {
    fn validate_password<'a>(
        &'a self,
        password: &'a Password,
        subject: PasswordSubject<'a, U>,
    ) -> BoxFuture<'a, Result<(), InvalidPassword>> {
        Box::pin(UserManager::validate_password(self, password, subject))
    }

    fn run<'a>(&'a self, event: HookCall<'a, U>, cx: &'a RequestContext) -> BoxFuture<'a, HookResult> {
        match event {
            HookCall::Registered(user) => Box::pin(self.on_after_register(user, cx)),
            HookCall::DuplicateRegistration(user) => Box::pin(self.on_after_duplicate_register(user, cx)),
            HookCall::Updated(user, updated) => Box::pin(self.on_after_update(user, updated, cx)),
            HookCall::VerificationRequested(user, token) => Box::pin(self.on_after_request_verify(user, token, cx)),
            HookCall::Verified(user) => Box::pin(self.on_after_verify(user, cx)),
            HookCall::PasswordForgotten(user, token) => Box::pin(self.on_after_forgot_password(user, token, cx)),
            HookCall::PasswordReset(user) => Box::pin(self.on_after_reset_password(user, cx)),
            HookCall::CredentialsChanged(user, before) => Box::pin(self.on_after_credentials_change(user, before, cx)),
            HookCall::LoggedIn(user, response) => Box::pin(self.on_after_login(user, cx, response)),
            HookCall::LoginFailed(failed) => Box::pin(self.on_after_failed_login(failed, cx)),
            HookCall::LoggedOut(user) => Box::pin(self.on_after_logout(user, cx)),
            HookCall::Deleting(user) => Box::pin(self.on_before_delete(user, cx)),
            HookCall::Deleted(user) => Box::pin(self.on_after_delete(user, cx)),
        }
    }
}
