//! The tenant that a user belongs to, for structs with a field marked `#[auth(tenant)]`.

use std::{any::Any, fmt, sync::Arc};

use super::AuthUser;

/// A user type whose users belong to tenants. Derived for a struct with a field marked `#[auth(tenant)]`.
#[diagnostic::on_unimplemented(
    message = "the users of `{Self}` belong to no tenant",
    label = "`{Self}` has no field marked `#[auth(tenant)]`",
    note = "mark the field that names the tenant: `#[auth(tenant)] pub tenant: String`"
)]
pub trait HasTenant: AuthUser {
    /// The value that identifies a tenant.
    type Tenant: Clone + PartialEq + fmt::Debug + Send + Sync + 'static;

    /// Returns the tenant of this user.
    fn tenant(&self) -> &Self::Tenant;

    /// Returns the tenant of this user for writing. Only code that creates or stores users calls it.
    fn tenant_mut(&mut self) -> &mut Self::Tenant;
}

/// A tenant of a user type, as stores and handles hold it. Only [`HasTenant`] types have one. Cheap to clone.
pub struct Tenant<U>(Arc<dyn OneTenant<U>>);

impl<U: AuthUser> Tenant<U> {
    /// Returns the tenant that `value` identifies.
    pub fn new(value: U::Tenant) -> Self
    where
        U: HasTenant,
    {
        Self(Arc::new(Named::<U>(value)))
    }

    /// Returns whether a tenant can have this name, if its type is `String`: 1 to 255 characters, none of them a
    /// control character. Every database can store and compare such names. Other types decide themselves.
    pub(crate) fn is_well_formed(&self) -> bool {
        const MAX_CHARS: usize = 255;
        self.0
            .value()
            .downcast_ref::<String>()
            .is_none_or(|name| (1..=MAX_CHARS).contains(&name.chars().count()) && !name.contains(char::is_control))
    }

    /// Returns the name of this tenant in the audit log: the value if it is a `String`, otherwise its `Debug` text, or the
    /// SHA-256 of one that is longer than 255 characters.
    #[cfg(feature = "audit")]
    pub(crate) fn text(&self) -> String {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        use sha2::{Digest as _, Sha256};

        const MAX_CHARS: usize = 255;
        if let Some(name) = self.0.value().downcast_ref::<String>() {
            return name.clone();
        }
        let text = format!("{self:?}");
        if text.chars().count() <= MAX_CHARS { text } else { URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes())) }
    }

    /// Returns whether `user` belongs to this tenant.
    #[must_use]
    pub fn has(&self, user: &U) -> bool {
        self.0.has(user)
    }

    /// Assigns `user` to this tenant.
    pub fn stamp(&self, user: &mut U) {
        self.0.stamp(user);
    }

    /// Returns the value that identifies the tenant. It is never `None`, because every tenant is created by
    /// [`Tenant::new`].
    #[must_use]
    pub fn value(&self) -> Option<&U::Tenant>
    where
        U: HasTenant,
    {
        self.0.value().downcast_ref()
    }
}

/// A tenant with the type of its value erased, so that code that is generic over all user types can hold it.
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
