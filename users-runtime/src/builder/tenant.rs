//! How an application determines the tenant of a request.

use std::sync::Arc;

use http::request::Parts;

use super::UsersBuilder;
use crate::{
    domain::{Error, Result, Setting},
    port::TenantOfRequest,
    user::{HasTenant, Tenant},
};

impl<U: HasTenant> UsersBuilder<U> {
    /// Sets how the tenant of a request is determined. Required for a user type with a field marked `#[auth(tenant)]`.
    /// A request for which `tenant_of` returns `None` gets 404, and so does one with a `String` that is empty, longer than 255
    /// characters or has a control character.
    ///
    /// ```
    /// # use users_runtime as axum_users; // in an application: the crate axum_users
    /// use axum_users::{UsersBuilder, tenant::HasTenant};
    ///
    /// fn by_header<U: HasTenant<Tenant = String>>(builder: UsersBuilder<U>) -> UsersBuilder<U> {
    ///     builder.tenant(|request| Some(request.headers.get("x-tenant")?.to_str().ok()?.to_owned()))
    /// }
    /// ```
    ///
    /// Inside a nested router `request.uri` lacks the prefix; the extension `axum::extract::OriginalUri` has it.
    ///
    /// # Security
    /// A client that controls the result can register with any tenant. Return only tenants that exist. Use a header
    /// only if a proxy sets it, or if clients may choose their tenant.
    pub fn tenant<F>(mut self, tenant_of: F) -> Self
    where
        F: Fn(&Parts) -> Option<U::Tenant> + Send + Sync + 'static,
    {
        self.tenant = Some(Arc::new(ByFunction(tenant_of)));
        self
    }
}

struct ByFunction<F>(F);

impl<U, F> TenantOfRequest<U> for ByFunction<F>
where
    U: HasTenant,
    F: Fn(&Parts) -> Option<U::Tenant> + Send + Sync + 'static,
{
    fn tenant(&self, request: &Parts) -> Option<Tenant<U>> {
        (self.0)(request).map(Tenant::new)
    }
}

/// Requires a function that determines the tenant, if users have tenants.
pub(super) fn check(has_tenants: bool, is_told: bool) -> Result<()> {
    if has_tenants && !is_told {
        return Err(Error::setting(
            Setting::Tenant,
            "users are kept per tenant (#[auth(tenant)]): call .tenant(|request| …), which says the tenant of a request",
        ));
    }
    Ok(())
}
