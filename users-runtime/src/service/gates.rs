//! The built-in gates.

use std::future::ready;

use crate::{
    domain::Code,
    port::{BoxFuture, Gate, RequestContext, Verdict},
    user::AuthUser,
};

/// The code of every failed login that must not disclose anything about the account.
pub(crate) const BAD_CREDENTIALS: Code =
    Code::new("LOGIN_BAD_CREDENTIALS", "Wrong credentials, or the user is inactive.");
pub(crate) const SUSPENDED: Code = Code::suspended("LOGIN_USER_SUSPENDED");
pub(crate) const PASSWORD_CHANGE_REQUIRED: Code = Code::new(
    "LOGIN_PASSWORD_CHANGE_REQUIRED",
    "The password is right and must be changed with a mailed reset, because it may be known to others.",
);
/// The code of a login without the second factor that the user has.
pub(crate) const LOGIN_MFA_REQUIRED: Code =
    Code::new("LOGIN_MFA_REQUIRED", "The password is right, and the user has a second factor: send its code as `otp`.");
/// The code of a login with a wrong second factor.
pub(crate) const LOGIN_MFA_BAD_CODE: Code = Code::new(
    "LOGIN_MFA_BAD_CODE",
    "The password is right, and the code of the second factor is wrong or was used before.",
);
pub(crate) const NOT_VERIFIED: Code = Code::new("LOGIN_USER_NOT_VERIFIED", "The user is not verified.");

/// Admits active users. Its refusal looks like a wrong password, to prevent account enumeration.
pub(crate) struct ActiveGate;

impl<U: AuthUser> Gate<U> for ActiveGate {
    fn name(&self) -> &'static str {
        "active"
    }

    fn check<'a>(&'a self, user: &'a U, _: &'a RequestContext) -> BoxFuture<'a, Verdict> {
        let open = user.status().is_active;
        Box::pin(ready(if open { Verdict::Open } else { Verdict::Closed(BAD_CREDENTIALS.code) }))
    }
}

/// Admits verified users.
pub(crate) struct VerifiedGate {
    /// Under private registration, an unverified account must look like an unknown one.
    pub(crate) private: bool,
}

impl<U: AuthUser> Gate<U> for VerifiedGate {
    fn name(&self) -> &'static str {
        "verified"
    }

    fn check<'a>(&'a self, user: &'a U, _: &'a RequestContext) -> BoxFuture<'a, Verdict> {
        let verdict = match (user.status().is_verified, self.private) {
            (true, _) => Verdict::Open,
            (false, false) => Verdict::Closed(NOT_VERIFIED.code),
            (false, true) => Verdict::Closed(BAD_CREDENTIALS.code),
        };
        Box::pin(ready(verdict))
    }
}
