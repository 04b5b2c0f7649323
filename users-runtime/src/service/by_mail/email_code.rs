//! The settings of mailed codes.

use std::time::Duration;

use super::ensure_lifetime;
use crate::domain::Result;

/// Logins with a six-digit code, for [`UsersBuilder::email_code`](crate::UsersBuilder::email_code): `POST
/// /auth/{backend}/email-code` mails one, and `POST /auth/{backend}/email-code/redeem` logs in with it, once.
///
/// | setting | default | source |
/// |---|---|---|
/// | [`lifetime`](Self::lifetime) | 10 minutes | NIST SP 800-63B-4 section 3.1.3.2: at most 10 minutes for a code of a second channel |
///
/// A request has five tries, and an account [24, then one each hour](crate::limits::Limit::EmailCode) over all
/// requests, so the chance of guessing a code is at most 1 in 20,000 on the first day of an attack and
/// 1 in 41,000 on each day after it.
///
/// ```
/// # use users_runtime as axum_users;
/// use axum_users::{UsersBuilder, token::EmailCode};
///
/// fn with_codes<U: axum_users::AuthUser>(users: UsersBuilder<U>) -> UsersBuilder<U> {
///     users.email_code(EmailCode::new())
/// }
/// ```
///
/// # Security
/// Anyone who reads the mailbox of an account can log in to it, and a person can be tricked into disclosing the code.
/// The guide has a [page about codes](https://github.com/axum-users/axum-users/blob/main/docs/guide/email-code.md).
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until they are given to a builder"]
pub struct EmailCode {
    lifetime: Duration,
}

impl EmailCode {
    /// The default lifetime: 10 minutes.
    pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(10 * 60);
    /// The longest lifetime: 15 minutes, for mail servers that delay a mail.
    pub const MAX_LIFETIME: Duration = Duration::from_secs(15 * 60);

    /// Returns the default settings.
    pub fn new() -> Self {
        Self { lifetime: Self::DEFAULT_LIFETIME }
    }

    /// Sets how long a code works, from one second to 15 minutes. Building the service fails for any other lifetime.
    pub fn lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime }
    }

    pub(crate) fn checked(&self) -> Result<Duration> {
        ensure_lifetime("mailed codes", self.lifetime, Self::MAX_LIFETIME)
    }
}

impl Default for EmailCode {
    fn default() -> Self {
        Self::new()
    }
}
