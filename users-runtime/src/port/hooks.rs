//! The application's say: password policy and what follows an event.

use std::future::Future;

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::{BoxFuture, RequestContext};
use crate::{
    domain::{Password, ResetToken, VerifyToken},
    user::AuthUser,
};

/// What a hook returns.
pub type HookResult = Result<(), HookError>;

/// The application's hooks, in the words of fastapi-users. Each does nothing unless it is written.
///
/// Hooks run after the change they follow is stored. Those that send mail (`on_after_request_verify`,
/// `on_after_forgot_password`, `on_after_duplicate_register`, `on_after_credentials_change`) run after the answer, on a
/// bounded queue that is drained at shutdown, so that the answer's time tells nothing about an account and a slow mail
/// server holds no request.
pub trait UserManager<U: AuthUser>: Send + Sync + 'static {
    /// Refuses a password, in addition to the built-in policy. Asked at register, update and reset, never at login.
    fn validate_password(
        &self,
        password: &Password,
        subject: PasswordSubject<'_, U>,
    ) -> impl Future<Output = Result<(), InvalidPassword>> + Send {
        let _ = (password, subject);
        std::future::ready(Ok(()))
    }

    /// A person registered.
    fn on_after_register(&self, user: &U, cx: &RequestContext) -> impl Future<Output = HookResult> + Send {
        let _ = (user, cx);
        std::future::ready(Ok(()))
    }

    /// Somebody registered with an address that `user` has, under `private_registration()`: tell its owner.
    fn on_after_duplicate_register(&self, user: &U, cx: &RequestContext) -> impl Future<Output = HookResult> + Send {
        let _ = (user, cx);
        std::future::ready(Ok(()))
    }

    /// A user was changed by itself or a superuser. `updated` says what, and holds the user as it was before.
    fn on_after_update(
        &self,
        user: &U,
        updated: &Updated<U>,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, updated, cx);
        std::future::ready(Ok(()))
    }

    /// A verification mail is due: send `token` to the user's stored address.
    fn on_after_request_verify(
        &self,
        user: &U,
        token: &VerifyToken,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, token, cx);
        std::future::ready(Ok(()))
    }

    /// The user proved the address.
    fn on_after_verify(&self, user: &U, cx: &RequestContext) -> impl Future<Output = HookResult> + Send {
        let _ = (user, cx);
        std::future::ready(Ok(()))
    }

    /// A reset mail is due: send `token` to the user's stored address.
    fn on_after_forgot_password(
        &self,
        user: &U,
        token: &ResetToken,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, token, cx);
        std::future::ready(Ok(()))
    }

    /// The password was reset by a mailed token.
    fn on_after_reset_password(&self, user: &U, cx: &RequestContext) -> impl Future<Output = HookResult> + Send {
        let _ = (user, cx);
        std::future::ready(Ok(()))
    }

    /// The address or the password was changed, by an update or by a reset: tell the owner, at the address of `before`
    /// (OWASP ASVS 6.3.7). Its error cannot change the answer.
    fn on_after_credentials_change(
        &self,
        user: &U,
        before: &U,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, before, cx);
        std::future::ready(Ok(()))
    }

    /// A person logged in. `response` are the headers of the answer, which the hook may change.
    fn on_after_login(
        &self,
        user: &U,
        cx: &RequestContext,
        response: &mut HeaderMap,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (user, cx, response);
        std::future::ready(Ok(()))
    }

    /// A login failed. Its error cannot change the answer.
    fn on_after_failed_login(
        &self,
        failed: &FailedLogin<'_, U>,
        cx: &RequestContext,
    ) -> impl Future<Output = HookResult> + Send {
        let _ = (failed, cx);
        std::future::ready(Ok(()))
    }

    /// A person logged out.
    fn on_after_logout(&self, user: &U, cx: &RequestContext) -> impl Future<Output = HookResult> + Send {
        let _ = (user, cx);
        std::future::ready(Ok(()))
    }

    /// A user is about to be deleted. An error keeps it.
    fn on_before_delete(&self, user: &U, cx: &RequestContext) -> impl Future<Output = HookResult> + Send {
        let _ = (user, cx);
        std::future::ready(Ok(()))
    }

    /// A user was deleted.
    fn on_after_delete(&self, user: &U, cx: &RequestContext) -> impl Future<Output = HookResult> + Send {
        let _ = (user, cx);
        std::future::ready(Ok(()))
    }
}

/// Whose password it is to be.
pub enum PasswordSubject<'a, U: AuthUser> {
    /// A person who registers: what they sent.
    New(&'a U::Create),
    /// A user who is there: as stored.
    Existing(&'a U),
}

/// A password is refused.
#[derive(Debug, Clone, PartialEq)]
pub struct InvalidPassword {
    /// Shown to the client as `reason`: a text, or any JSON.
    pub reason: Value,
}

impl InvalidPassword {
    /// Refuses with a reason.
    #[must_use]
    pub fn new(reason: impl Into<Value>) -> Self {
        Self { reason: reason.into() }
    }
}

/// What a login failed with.
#[derive(Debug)]
#[non_exhaustive]
pub struct FailedLogin<'a, U> {
    /// The user name as typed: an address, or anything.
    pub username: &'a str,
    /// The user with that address, if there is one.
    pub user: Option<&'a U>,
    /// The code of the answer, such as `LOGIN_BAD_CREDENTIALS`.
    pub code: &'static str,
}

/// What an update changed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Updated<U> {
    /// The user as it was before, with the old address.
    pub before: U,
    /// The JSON keys that the request had, but for privileged ones, in the order of the schema.
    pub fields: Vec<&'static str>,
}

/// A hook's error: an answer of its own for the client, or a failure (500) whose cause goes to the log.
#[derive(Debug)]
pub enum HookError {
    /// Answer with this status and `{"detail": …}`.
    Answer(StatusCode, Value),
    /// Answer 500; the cause is logged and not sent.
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl HookError {
    /// Turns the answer into this status with `{"detail": detail}`.
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

/// What happened, as handed to [`Hooks::run`].
pub(crate) enum HookCall<'a, U: AuthUser> {
    Registered(&'a U),
    DuplicateRegistration(&'a U),
    Updated(&'a U, &'a Updated<U>),
    VerificationRequested(&'a U, &'a VerifyToken),
    Verified(&'a U),
    PasswordForgotten(&'a U, &'a ResetToken),
    PasswordReset(&'a U),
    /// The user as it is and as it was.
    CredentialsChanged(&'a U, &'a U),
    LoggedIn(&'a U, &'a mut HeaderMap),
    LoginFailed(&'a FailedLogin<'a, U>),
    LoggedOut(&'a U),
    Deleting(&'a U),
    Deleted(&'a U),
}

/// [`UserManager`] as an object, since asynchronous methods of a trait cannot be called through `dyn`.
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
