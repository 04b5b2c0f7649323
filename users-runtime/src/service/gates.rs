//! The gates that are always there.

use std::future::ready;

use crate::{
    port::{BoxFuture, Gate, RequestContext, Verdict},
    user::AuthUser,
};

/// Opens for active users. Its refusal looks like a wrong password (contract.md 6.1).
pub(crate) struct ActiveGate;

impl<U: AuthUser> Gate<U> for ActiveGate {
    fn name(&self) -> &'static str {
        "active"
    }

    fn check<'a>(&'a self, user: &'a U, _: &'a RequestContext) -> BoxFuture<'a, Verdict> {
        let open = user.status().is_active;
        Box::pin(ready(if open { Verdict::Open } else { Verdict::Closed("LOGIN_BAD_CREDENTIALS") }))
    }
}

/// Opens for verified users.
pub(crate) struct VerifiedGate {
    /// Under private registration an unverified account must not be told from none.
    pub(crate) private: bool,
}

impl<U: AuthUser> Gate<U> for VerifiedGate {
    fn name(&self) -> &'static str {
        "verified"
    }

    fn check<'a>(&'a self, user: &'a U, _: &'a RequestContext) -> BoxFuture<'a, Verdict> {
        let verdict = match (user.status().is_verified, self.private) {
            (true, _) => Verdict::Open,
            (false, false) => Verdict::Closed("LOGIN_USER_NOT_VERIFIED"),
            (false, true) => Verdict::Closed("LOGIN_BAD_CREDENTIALS"),
        };
        Box::pin(ready(verdict))
    }
}
