//! The calls of hooks as values, and the object-safe form of [`UserManager`].

use http::HeaderMap;

use super::{
    BoxFuture, EmailChange, FailedLogin, HookResult, InvalidPassword, NewDevice, PasskeyChange, PasswordSubject,
    Registration, RequestContext, Updated, UserManager,
};
use crate::{
    domain::{InvitationToken, LoginCode, MagicLinkToken, Password, ResetToken, VerifyToken},
    user::AuthUser,
};

/// The call of a hook, as passed to [`Hooks::run`].
#[cfg_attr(not(feature = "totp"), allow(dead_code, reason = "no user has a second factor"))]
pub(crate) enum HookCall<'a, U: AuthUser> {
    Registering(&'a Registration<'a, U>),
    Registered(&'a U),
    DuplicateRegistration(&'a U),
    Updating(&'a U, &'a Updated<U>),
    Updated(&'a U, &'a Updated<U>),
    VerificationRequested(&'a U, &'a VerifyToken),
    Verified(&'a U),
    PasswordForgotten(&'a U, &'a ResetToken),
    PasswordReset(&'a U),
    /// The user after and before the change.
    CredentialsChanged(&'a U, &'a U),
    EmailChangeRequested(&'a U, &'a EmailChange<'a>),
    MagicLinkRequested(&'a U, &'a MagicLinkToken),
    EmailCodeRequested(&'a U, &'a LoginCode),
    Invited(&'a U, &'a InvitationToken),
    LoggedIn(&'a U, &'a mut HeaderMap),
    LoggedInOnNewDevice(&'a U, &'a NewDevice),
    RefreshReused(&'a U, &'a NewDevice),
    SecondFactorEnrolled(&'a U),
    SecondFactorRemoved(&'a U),
    /// The user, and how many recovery codes are left.
    RecoveryCodeUsed(&'a U, u32),
    #[cfg_attr(not(feature = "passkeys"), allow(dead_code, reason = "there are no passkeys"))]
    PasskeyChanged(&'a U, &'a PasskeyChange),
    LoginFailed(&'a FailedLogin<'a, U>),
    LoggedOut(&'a U),
    Deleting(&'a U),
    Deleted(&'a U),
}

impl<U: AuthUser> HookCall<'_, U> {
    /// Returns the name of the hook.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Registering(_) => "on_before_register",
            Self::Registered(_) => "on_after_register",
            Self::DuplicateRegistration(_) => "on_after_duplicate_register",
            Self::Updating(..) => "on_before_update",
            Self::Updated(..) => "on_after_update",
            Self::VerificationRequested(..) => "on_after_request_verify",
            Self::Verified(_) => "on_after_verify",
            Self::PasswordForgotten(..) => "on_after_forgot_password",
            Self::PasswordReset(_) => "on_after_reset_password",
            Self::CredentialsChanged(..) => "on_after_credentials_change",
            Self::EmailChangeRequested(..) => "on_after_request_email_change",
            Self::MagicLinkRequested(..) => "on_after_request_magic_link",
            Self::EmailCodeRequested(..) => "on_after_request_email_code",
            Self::Invited(..) => "on_after_invite",
            Self::LoggedIn(..) => "on_after_login",
            Self::LoggedInOnNewDevice(..) => "on_after_new_device_login",
            Self::RefreshReused(..) => "on_after_refresh_reuse",
            Self::SecondFactorEnrolled(_) => "on_after_second_factor_enrolled",
            Self::SecondFactorRemoved(_) => "on_after_second_factor_removed",
            Self::RecoveryCodeUsed(..) => "on_after_recovery_code_use",
            Self::PasskeyChanged(..) => "on_after_passkey_change",
            Self::LoginFailed(_) => "on_after_failed_login",
            Self::LoggedOut(_) => "on_after_logout",
            Self::Deleting(_) => "on_before_delete",
            Self::Deleted(_) => "on_after_delete",
        }
    }
}

/// A hook after a stored change, with what it needs to run after the response.
#[derive(Clone)]
pub(crate) enum StoredChange<U> {
    Registered(U),
    Updated(U, Updated<U>),
    Verified(U),
    PasswordReset(U),
    LoggedOut(U),
    Deleted(U),
}

impl<U: AuthUser> StoredChange<U> {
    /// Returns the call.
    pub(crate) fn call(&self) -> HookCall<'_, U> {
        match self {
            Self::Registered(user) => HookCall::Registered(user),
            Self::Updated(user, updated) => HookCall::Updated(user, updated),
            Self::Verified(user) => HookCall::Verified(user),
            Self::PasswordReset(user) => HookCall::PasswordReset(user),
            Self::LoggedOut(user) => HookCall::LoggedOut(user),
            Self::Deleted(user) => HookCall::Deleted(user),
        }
    }
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
            HookCall::Registering(registration) => Box::pin(self.on_before_register(registration, cx)),
            HookCall::Registered(user) => Box::pin(self.on_after_register(user, cx)),
            HookCall::DuplicateRegistration(user) => Box::pin(self.on_after_duplicate_register(user, cx)),
            HookCall::Updating(user, updated) => Box::pin(self.on_before_update(user, updated, cx)),
            HookCall::Updated(user, updated) => Box::pin(self.on_after_update(user, updated, cx)),
            HookCall::VerificationRequested(user, token) => Box::pin(self.on_after_request_verify(user, token, cx)),
            HookCall::Verified(user) => Box::pin(self.on_after_verify(user, cx)),
            HookCall::PasswordForgotten(user, token) => Box::pin(self.on_after_forgot_password(user, token, cx)),
            HookCall::PasswordReset(user) => Box::pin(self.on_after_reset_password(user, cx)),
            HookCall::CredentialsChanged(user, before) => Box::pin(self.on_after_credentials_change(user, before, cx)),
            HookCall::EmailChangeRequested(user, change) => {
                Box::pin(self.on_after_request_email_change(user, change, cx))
            }
            HookCall::MagicLinkRequested(user, token) => Box::pin(self.on_after_request_magic_link(user, token, cx)),
            HookCall::EmailCodeRequested(user, code) => Box::pin(self.on_after_request_email_code(user, code, cx)),
            HookCall::Invited(user, token) => Box::pin(self.on_after_invite(user, token, cx)),
            HookCall::LoggedIn(user, response) => Box::pin(self.on_after_login(user, cx, response)),
            HookCall::LoggedInOnNewDevice(user, device) => Box::pin(self.on_after_new_device_login(user, device, cx)),
            HookCall::RefreshReused(user, device) => Box::pin(self.on_after_refresh_reuse(user, device, cx)),
            HookCall::SecondFactorEnrolled(user) => Box::pin(self.on_after_second_factor_enrolled(user, cx)),
            HookCall::SecondFactorRemoved(user) => Box::pin(self.on_after_second_factor_removed(user, cx)),
            HookCall::RecoveryCodeUsed(user, left) => Box::pin(self.on_after_recovery_code_use(user, left, cx)),
            HookCall::PasskeyChanged(user, change) => Box::pin(self.on_after_passkey_change(user, change, cx)),
            HookCall::LoginFailed(failed) => Box::pin(self.on_after_failed_login(failed, cx)),
            HookCall::LoggedOut(user) => Box::pin(self.on_after_logout(user, cx)),
            HookCall::Deleting(user) => Box::pin(self.on_before_delete(user, cx)),
            HookCall::Deleted(user) => Box::pin(self.on_after_delete(user, cx)),
        }
    }
}
