//! The settings of invitations.

use std::time::Duration;

use super::ensure_lifetime;
use crate::domain::Result;

/// Invitations, for [`UsersBuilder::invitations`](crate::UsersBuilder::invitations): a superuser or the application creates an
/// account, whose owner opens it with a mailed link and chooses the password.
///
/// | setting | default | source |
/// |---|---|---|
/// | [`lifetime`](Self::lifetime) | 7 days | for people who read their mail once a week |
///
/// ```
/// # use users_runtime as axum_users;
/// use axum_users::{UsersBuilder, token::Invitations};
///
/// fn with_invitations<U: axum_users::AuthUser>(users: UsersBuilder<U>) -> UsersBuilder<U> {
///     users.invitations(Invitations::new())
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until they are given to a builder"]
pub struct Invitations {
    lifetime: Duration,
}

impl Invitations {
    /// The default lifetime: 7 days.
    pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);
    /// The longest lifetime: 30 days.
    pub const MAX_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);

    /// Returns the default settings.
    pub fn new() -> Self {
        Self { lifetime: Self::DEFAULT_LIFETIME }
    }

    /// Sets how long an invitation works, from one second to 30 days. Building the service fails for any other lifetime.
    pub fn lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime }
    }

    pub(crate) fn checked(&self) -> Result<Duration> {
        ensure_lifetime("invitations", self.lifetime, Self::MAX_LIFETIME)
    }
}

impl Default for Invitations {
    fn default() -> Self {
        Self::new()
    }
}
