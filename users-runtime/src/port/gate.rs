//! Gates between a right password and a session.

use super::{BoxFuture, RequestContext};
use crate::user::AuthUser;

/// A condition that every login passes after the password is proved: active, verified, and what later features or an
/// application add (second factor, lock-out). Gates are asked in order; the first that does not open decides.
pub trait Gate<U: AuthUser>: Send + Sync + 'static {
    /// Its name, for events.
    fn name(&self) -> &'static str;

    /// Whether `user` may pass.
    fn check<'a>(&'a self, user: &'a U, cx: &'a RequestContext) -> BoxFuture<'a, Verdict>;
}

/// What a gate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Verdict {
    /// The next gate is asked.
    Open,
    /// Refused with 400 and this code; `LOGIN_BAD_CREDENTIALS` tells nothing about the account.
    Closed(&'static str),
}
