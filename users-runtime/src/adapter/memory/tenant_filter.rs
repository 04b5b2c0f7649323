//! The users that an operation may read and write.

use crate::user::{AuthUser, Tenant};

/// Restricts an operation to the users of a tenant.
pub(super) enum TenantFilter<'a, U> {
    /// All users: the type has no tenants.
    None,
    One(&'a Tenant<U>),
}

impl<U> Clone for TenantFilter<'_, U> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<U> Copy for TenantFilter<'_, U> {}

impl<U: AuthUser> TenantFilter<'_, U> {
    pub(super) fn has(self, user: &U) -> bool {
        match self {
            Self::None => true,
            Self::One(tenant) => tenant.has(user),
        }
    }

    pub(super) fn stamp(self, user: &mut U) {
        if let Self::One(tenant) = self {
            tenant.stamp(user);
        }
    }
}
