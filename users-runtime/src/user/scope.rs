//! The tenant that a user belongs to, for structs with a field marked `#[auth(scope)]`.

use std::{any::Any, fmt, sync::Arc};

use super::AuthUser;

/// A user type whose users belong to tenants. The derive writes it for a struct with a field marked `#[auth(scope)]`.
#[diagnostic::on_unimplemented(
    message = "the users of `{Self}` belong to no tenant",
    label = "`{Self}` has no field marked `#[auth(scope)]`",
    note = "help: mark the field that names the tenant: `#[auth(scope)] pub tenant: String`"
)]
pub trait Scoped: AuthUser {
    /// What names a tenant.
    type Scope: Clone + PartialEq + fmt::Debug + Send + Sync + 'static;

    /// The tenant of this user.
    fn scope(&self) -> &Self::Scope;

    /// The tenant of this user, to be written by what makes and stores users.
    fn scope_mut(&mut self) -> &mut Self::Scope;
}

/// One tenant of a user type, as stores and handles carry it. Only [`Scoped`] types have one. Cheap to clone.
pub struct Scope<U>(Arc<dyn OneTenant<U>>);

impl<U: AuthUser> Scope<U> {
    /// The tenant that `value` names.
    pub fn new(value: U::Scope) -> Self
    where
        U: Scoped,
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

    /// What names the tenant. `None` cannot happen: every scope is made by [`Scope::new`].
    #[must_use]
    pub fn value(&self) -> Option<&U::Scope>
    where
        U: Scoped,
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

struct Named<U: Scoped>(U::Scope);

impl<U: Scoped> OneTenant<U> for Named<U> {
    fn has(&self, user: &U) -> bool {
        *user.scope() == self.0
    }

    fn stamp(&self, user: &mut U) {
        user.scope_mut().clone_from(&self.0);
    }

    fn value(&self) -> &dyn Any {
        &self.0
    }

    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<U> Clone for Scope<U> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U> fmt::Debug for Scope<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
