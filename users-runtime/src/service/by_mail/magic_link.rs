//! The settings of magic links.

use std::time::Duration;

use super::ensure_lifetime;
use crate::domain::Result;

/// Logins with a mailed link, for [`UsersBuilder::magic_link`](crate::UsersBuilder::magic_link): `POST
/// /auth/{backend}/magic-link` mails one, and `POST /auth/{backend}/magic-link/redeem` logs in with its token, once.
///
/// | setting | default | source |
/// |---|---|---|
/// | [`lifetime`](Self::lifetime) | 15 minutes | common practice; half of that of a reset, because the link logs in at once |
///
/// ```
/// # use users_runtime as axum_users;
/// use axum_users::{UsersBuilder, token::MagicLink};
///
/// fn with_links<U: axum_users::AuthUser>(users: UsersBuilder<U>) -> UsersBuilder<U> {
///     users.magic_link(MagicLink::new())
/// }
/// ```
///
/// # Security
/// Anyone who reads the mailbox of an account can log in to it, as with a mailed reset. The guide has a [page about
/// links](https://github.com/axum-users/axum-users/blob/main/docs/guide/magic-link.md).
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until they are given to a builder"]
pub struct MagicLink {
    lifetime: Duration,
}

impl MagicLink {
    /// The default lifetime: 15 minutes.
    pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(15 * 60);
    /// The longest lifetime: one day.
    pub const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600);

    /// Returns the default settings.
    pub fn new() -> Self {
        Self { lifetime: Self::DEFAULT_LIFETIME }
    }

    /// Sets how long a link works, from one second to one day. Building the service fails for any other lifetime.
    pub fn lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime }
    }

    pub(crate) fn checked(&self) -> Result<Duration> {
        ensure_lifetime("magic links", self.lifetime, Self::MAX_LIFETIME)
    }
}

impl Default for MagicLink {
    fn default() -> Self {
        Self::new()
    }
}
