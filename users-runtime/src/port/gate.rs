//! Conditions of a login beyond the password.

use super::{BoxFuture, RequestContext};
use crate::user::AuthUser;

/// A condition that every login has to meet after the password was verified: an active account, a verified address, or
/// a condition of the application such as a second factor. Gates are checked in order; the first one that returns
/// [`Verdict::Closed`] refuses the login.
pub trait Gate<U: AuthUser>: Send + Sync + 'static {
    /// Returns the name of the gate, for events.
    fn name(&self) -> &'static str;

    /// Checks the condition for `user`.
    fn check<'a>(&'a self, user: &'a U, cx: &'a RequestContext) -> BoxFuture<'a, Verdict>;
}

/// The result of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Verdict {
    /// The condition is met; the next gate is checked.
    Open,
    /// The login is refused with status 400 and this code. `LOGIN_BAD_CREDENTIALS` reveals nothing about the account.
    Closed(&'static str),
}
