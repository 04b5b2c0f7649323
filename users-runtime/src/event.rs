//! The log: security events and operational messages, written to `tracing`; security events are also written to the audit log.
//!
//! All of it has the target `axum_users`, and only this module writes to it. Nothing contains a password, a token, a
//! hash or an address.

mod cause;
mod current;
pub(crate) mod metric;
mod security_event;
mod untrusted;

pub use self::metric::{METRICS, Metric, MetricKind};
pub(crate) use self::{
    cause::cause,
    current::{CurrentRequest, EventSink},
    security_event::SecurityEvent,
    untrusted::Untrusted,
};
use crate::domain::Limit;

/// Writes an operational message, from a level, the name of the event, a sentence, and fields in the syntax of `tracing`.
///
/// Texts that a client or another system chose are passed as [`Untrusted`], errors as [`cause`].
macro_rules! operation {
    ($level:ident, $event:literal, $message:literal $(, $($fields:tt)+)?) => {
        ::tracing::event!(
            target: "axum_users",
            ::tracing::Level::$level,
            event = $event,
            $($($fields)+,)?
            $message
        )
    };
}
pub(crate) use operation;

/// The kind of an event. Levels and conditions are listed in
/// [Events](https://github.com/axum-users/axum-users/blob/main/docs/guide/events.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A registration, or an attempt.
    Register,
    /// A login, or an attempt.
    Login,
    /// A logout.
    Logout,
    /// The user of a session re-authenticated, or a limit refused the attempt.
    Reauthenticate,
    /// A refresh token was replaced, or refused.
    Refresh,
    /// A verification mail was requested.
    RequestVerify,
    /// An address was verified, or a token for it was refused.
    Verify,
    /// A reset mail was requested.
    ForgotPassword,
    /// A password was reset, or a token for it was refused.
    ResetPassword,
    /// A link to log in was requested.
    RequestMagicLink,
    /// A code to log in was requested.
    RequestEmailCode,
    /// A user was invited, or invited again.
    Invite,
    /// An invitation was accepted, or a token for it was refused.
    AcceptInvitation,
    /// A user was changed.
    Update,
    /// A user requested a change of the address.
    RequestEmailChange,
    /// A new address was confirmed, or a token for it was refused.
    ConfirmEmail,
    /// A change of the address was undone, or a token for it was refused.
    UndoEmail,
    /// A user was deleted.
    Delete,
    /// A token was presented that is not valid.
    BadToken,
    /// A page of another site made a browser send a request (CSRF).
    Csrf,
    /// An authenticated user lacks a permission.
    Denied,
    /// A login with an OAuth provider, or an association, was started or did not succeed.
    OAuth,
    /// An account at an OAuth provider was linked with a user.
    Link,
    /// A link with an account at an OAuth provider was removed, or could not be.
    Unlink,
    /// A passkey was added to an account, or could not be.
    AddPasskey,
    /// A passkey was removed from an account, or could not be.
    RemovePasskey,
    /// Sessions were ended by application code.
    EndSessions,
    /// An account was suspended.
    Suspend,
    /// A suspension was lifted.
    LiftSuspension,
    /// An account was marked because its password must be changed.
    RequirePasswordChange,
    /// A user began to enroll a second factor, or was refused.
    EnrollSecondFactor,
    /// A second factor was confirmed and is in force, or its code was wrong.
    ConfirmSecondFactor,
    /// A second factor was removed, by its user or by an administrator, or a code for it was wrong.
    RemoveSecondFactor,
    /// The recovery codes of a user were replaced, or a code for it was wrong.
    ReplaceRecoveryCodes,
    /// A recovery code was used.
    UseRecoveryCode,
    /// A device was remembered, so that it needs no second factor.
    RememberDevice,
    /// A remembered device was forgotten by its user.
    ForgetDevice,
    /// A hash was replaced at login because its parameters were outdated.
    Rehash,
    /// A hook failed or panicked.
    Hook,
    /// Work was refused because the service is overloaded.
    Overload,
    /// A database, a strategy or another dependency failed.
    Dependency,
}

impl EventKind {
    /// All kinds, in the order of their documentation.
    pub const ALL: [Self; 41] = [
        Self::Register,
        Self::Login,
        Self::Logout,
        Self::Reauthenticate,
        Self::Refresh,
        Self::RequestVerify,
        Self::Verify,
        Self::ForgotPassword,
        Self::ResetPassword,
        Self::RequestMagicLink,
        Self::RequestEmailCode,
        Self::Invite,
        Self::AcceptInvitation,
        Self::Update,
        Self::RequestEmailChange,
        Self::ConfirmEmail,
        Self::UndoEmail,
        Self::Delete,
        Self::BadToken,
        Self::Csrf,
        Self::Denied,
        Self::OAuth,
        Self::Link,
        Self::Unlink,
        Self::AddPasskey,
        Self::RemovePasskey,
        Self::EndSessions,
        Self::Suspend,
        Self::LiftSuspension,
        Self::RequirePasswordChange,
        Self::EnrollSecondFactor,
        Self::ConfirmSecondFactor,
        Self::RemoveSecondFactor,
        Self::ReplaceRecoveryCodes,
        Self::UseRecoveryCode,
        Self::RememberDevice,
        Self::ForgetDevice,
        Self::Rehash,
        Self::Hook,
        Self::Overload,
        Self::Dependency,
    ];

    /// Returns the value of the field `event`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::Logout => "logout",
            Self::Reauthenticate => "reauthenticate",
            Self::Refresh => "refresh",
            Self::RequestVerify => "request_verify",
            Self::Verify => "verify",
            Self::ForgotPassword => "forgot_password",
            Self::ResetPassword => "reset_password",
            Self::RequestMagicLink => "request_magic_link",
            Self::RequestEmailCode => "request_email_code",
            Self::Invite => "invite",
            Self::AcceptInvitation => "accept_invitation",
            Self::Update => "update",
            Self::RequestEmailChange => "request_email_change",
            Self::ConfirmEmail => "confirm_email",
            Self::UndoEmail => "undo_email",
            Self::Delete => "delete",
            Self::BadToken => "bad_token",
            Self::Csrf => "csrf",
            Self::Denied => "denied",
            Self::OAuth => "oauth",
            Self::Link => "oauth_link",
            Self::Unlink => "oauth_unlink",
            Self::AddPasskey => "passkey_add",
            Self::RemovePasskey => "passkey_remove",
            Self::EndSessions => "end_sessions",
            Self::Suspend => "suspend",
            Self::LiftSuspension => "lift_suspension",
            Self::RequirePasswordChange => "require_password_change",
            Self::EnrollSecondFactor => "enroll_second_factor",
            Self::ConfirmSecondFactor => "confirm_second_factor",
            Self::RemoveSecondFactor => "remove_second_factor",
            Self::ReplaceRecoveryCodes => "replace_recovery_codes",
            Self::UseRecoveryCode => "use_recovery_code",
            Self::RememberDevice => "remember_device",
            Self::ForgetDevice => "forget_device",
            Self::Rehash => "rehash",
            Self::Hook => "hook",
            Self::Overload => "overload",
            Self::Dependency => "dependency",
        }
    }
}

/// The outcome of an event, which determines the level: INFO, WARN or ERROR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The operation succeeded. INFO.
    Success,
    /// The request was refused, for this reason. WARN.
    Refused(&'static str),
    /// The service failed, for this reason. ERROR.
    Failed(&'static str),
}

/// Writes a security event to the log, and counts it. `cause` is the cause of a failure, without values.
fn write(written: &SecurityEvent, cause: Option<&str>) {
    let SecurityEvent { kind, outcome, limit, .. } = *written;
    let SecurityEvent { user_id, backend, client, request_id, session_id, .. } = written;
    metric::count_event(kind, outcome, backend.as_deref());
    let (event, limit, backend) = (kind.name(), limit.map(Limit::name), backend.as_deref());
    let user_id = user_id.as_ref().map(tracing::field::display);
    let actor_id = written.actor().map(tracing::field::display);
    let client = client.map(tracing::field::display);
    let request_id = request_id.as_deref().map(|id| tracing::field::display(untrusted::quoted(id)));
    let session_id = session_id.as_ref().map(|id| tracing::field::display(&id.0));
    let changed = written.changed_names();
    let changed = changed.as_deref();
    match outcome {
        Outcome::Success => {
            let outcome = "success";
            tracing::info!(target: "axum_users", event, outcome, user_id, actor_id, changed, backend, client, request_id, session_id);
        }
        Outcome::Refused(reason) => {
            let outcome = "refused";
            tracing::warn!(target: "axum_users", event, outcome, reason, user_id, actor_id, backend, client, request_id, session_id, limit, cause);
        }
        Outcome::Failed(reason) => {
            let outcome = "failed";
            tracing::error!(target: "axum_users", event, outcome, reason, user_id, actor_id, backend, client, request_id, session_id, cause);
        }
    }
}

/// Records that a stored user cannot be read. `column` names the column and the problem, without the value.
pub(crate) fn unreadable_user(id: &str, column: &str) {
    let event = SecurityEvent::here(EventKind::Dependency).failed("a stored user cannot be read").of(&id);
    current::record(event, Some(column));
}

/// Records that the database refuses a value: a rule is missing in the struct, or a column is too narrow.
pub(crate) fn refused_value(error: &(dyn std::error::Error + 'static)) {
    let event = SecurityEvent::here(EventKind::Dependency).refused("the database refuses a value");
    current::record(event, Some(&cause(error)));
}

/// Records that a request fails because of an error.
pub(crate) fn failed(kind: EventKind, reason: &'static str, error: &(dyn std::error::Error + 'static)) {
    current::record(SecurityEvent::here(kind).failed(reason), Some(&cause(error)));
}

/// Records that work is refused because the service is overloaded.
pub(crate) fn overloaded(reason: &'static str) {
    current::record(SecurityEvent::here(EventKind::Overload).refused(reason), None);
}

/// Writes an ERROR event if a test helper is used without debug assertions, because it must not be deployed.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn warn_of_test_helper(helper: &'static str) {
    if !cfg!(debug_assertions) {
        operation!(ERROR, "test_helper", "a test helper is used in a release build", helper);
    }
}
