//! Security events, written to `tracing` and nowhere else.
//!
//! Target `axum_users`. Fields: `event`, `outcome`, `user_id`, `backend`, `client`, `request_id`, `reason`. No event
//! carries a password, a token, a hash or an address.

use std::fmt::Display;

use crate::port::RequestContext;

/// What happened. The inventory with levels and moments is in `docs/guide/events.md`; a test compares the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A person registered, or tried to.
    Register,
    /// A person logged in, or tried to.
    Login,
    /// A person logged out.
    Logout,
    /// A verification mail was asked for.
    RequestVerify,
    /// An address was verified, or a token for it refused.
    Verify,
    /// A reset mail was asked for.
    ForgotPassword,
    /// A password was reset, or a token for it refused.
    ResetPassword,
    /// A user was changed.
    Update,
    /// A user was deleted.
    Delete,
    /// A token was presented that is not good.
    BadToken,
    /// A foreign page made a browser send a request.
    Csrf,
    /// A known user lacks a right.
    Denied,
    /// Sessions were ended from code.
    EndSessions,
    /// A hash was replaced by a stronger one at login.
    Rehash,
    /// A hook failed or panicked.
    Hook,
    /// Work was refused because too much is under way.
    Overload,
    /// A database, a strategy or another dependency failed.
    Dependency,
}

impl EventKind {
    /// All kinds, in the order of the inventory.
    pub const ALL: [Self; 17] = [
        Self::Register,
        Self::Login,
        Self::Logout,
        Self::RequestVerify,
        Self::Verify,
        Self::ForgotPassword,
        Self::ResetPassword,
        Self::Update,
        Self::Delete,
        Self::BadToken,
        Self::Csrf,
        Self::Denied,
        Self::EndSessions,
        Self::Rehash,
        Self::Hook,
        Self::Overload,
        Self::Dependency,
    ];

    /// The value of the field `event`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::Logout => "logout",
            Self::RequestVerify => "request_verify",
            Self::Verify => "verify",
            Self::ForgotPassword => "forgot_password",
            Self::ResetPassword => "reset_password",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::BadToken => "bad_token",
            Self::Csrf => "csrf",
            Self::Denied => "denied",
            Self::EndSessions => "end_sessions",
            Self::Rehash => "rehash",
            Self::Hook => "hook",
            Self::Overload => "overload",
            Self::Dependency => "dependency",
        }
    }
}

/// How it ended, and with that the level: INFO, WARN or ERROR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// As asked. INFO.
    Success,
    /// Refused to the client, for this reason. WARN.
    Refused(&'static str),
    /// Something of ours failed. ERROR.
    Failed(&'static str),
}

/// Writes one event.
pub(crate) fn record(
    kind: EventKind,
    outcome: Outcome,
    user_id: Option<&dyn Display>,
    backend: Option<&str>,
    cx: &RequestContext,
) {
    let user_id = user_id.map(tracing::field::display);
    let client = cx.client().map(tracing::field::display);
    // A client chooses this header: Debug escapes control characters in it.
    let request_id = cx.header("x-request-id").map(tracing::field::debug);
    let event = kind.name();
    match outcome {
        Outcome::Success => {
            tracing::info!(target: "axum_users", event, outcome = "success", user_id, backend, client, request_id);
        }
        Outcome::Refused(reason) => {
            tracing::warn!(target: "axum_users", event, outcome = "refused", reason, user_id, backend, client, request_id);
        }
        Outcome::Failed(reason) => {
            tracing::error!(target: "axum_users", event, outcome = "failed", reason, user_id, backend, client, request_id);
        }
    }
}

/// Writes an ERROR event if a helper for tests is used without debug assertions: it must not be deployed.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn warn_of_test_helper(helper: &'static str) {
    if !cfg!(debug_assertions) {
        tracing::error!(target: "axum_users", event = "test_helper", helper, "a helper for tests is used in a release build");
    }
}
