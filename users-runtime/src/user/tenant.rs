//! The tenant that a user belongs to, for structs with a field marked `#[auth(tenant)]`.

use std::{any::Any, fmt, sync::Arc};

use super::AuthUser;

/// A user type whose users belong to tenants. The derive writes it for a struct with a field marked `#[auth(tenant)]`.
#[diagnostic::on_unimplemented(
    message = "the users of `{Self}` belong to no tenant",
    label = "`{Self}` has no field marked `#[auth(tenant)]`",
    note = "mark the field that names the tenant: `#[auth(tenant)] pub tenant: String`"
)]
pub trait HasTenant: AuthUser {
    /// What names a tenant.
    type Tenant: Clone + PartialEq + fmt::Debug + Send + Sync + 'static;

    /// The tenant of this user.
    fn tenant(&self) -> &Self::Tenant;

    /// The tenant of this user, to be written by what makes and stores users.
    fn tenant_mut(&mut self) -> &mut Self::Tenant;
}

/// One tenant of a user type, as stores and handles carry it. Only [`HasTenant`] types have one. Cheap to clone.
pub struct Tenant<U>(Arc<dyn OneTenant<U>>);

impl<U: AuthUser> Tenant<U> {
    /// The tenant that `value` names.
    pub fn new(value: U::Tenant) -> Self
    where
        U: HasTenant,
    {
        Self(Arc::new(Named::<U>(value)))
    }

    /// Whether `user` belongs to this tenant.
    #[must_use]
    pub fn has(&self, user: &U) -> bool {
        self.0.has(user)
    }

    /// Makes `user` one of this tenant, whatever it was before.
    pub fn stamp(&self, user: &mut U) {
        self.0.stamp(user);
    }

    /// What names the tenant. `None` cannot happen: every tenant is made by [`Tenant::new`].
    #[must_use]
    pub fn value(&self) -> Option<&U::Tenant>
    where
        U: HasTenant,
    {
        self.0.value().downcast_ref()
    }
}

/// A tenant without the type of its name, so that what is generic over any user type can hold it.
trait OneTenant<U>: Send + Sync {
    fn has(&self, user: &U) -> bool;
    fn stamp(&self, user: &mut U);
    fn value(&self) -> &dyn Any;
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

struct Named<U: HasTenant>(U::Tenant);

impl<U: HasTenant> OneTenant<U> for Named<U> {
    fn has(&self, user: &U) -> bool {
        *user.tenant() == self.0
    }

    fn stamp(&self, user: &mut U) {
        user.tenant_mut().clone_from(&self.0);
    }

    fn value(&self) -> &dyn Any {
        &self.0
    }

    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<U> Clone for Tenant<U> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U> fmt::Debug for Tenant<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
