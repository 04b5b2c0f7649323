//! Which tenant a request is for, as an application says it.

use std::sync::Arc;

use http::request::Parts;

use super::UsersBuilder;
use crate::{
    domain::{Error, Result},
    port::TenantOfRequest,
    user::{HasTenant, Tenant},
};

impl<U: HasTenant> UsersBuilder<U> {
    /// Says which tenant a request is for; required for a user type with a field marked `#[auth(tenant)]`. A request for
    /// which it answers `None` is 404.
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
    /// Inside a nested router `request.uri` has lost the prefix; `axum::extract::OriginalUri` among the extensions has it.
    ///
    /// # Security
    /// Whoever can make it answer a tenant can register there. Answer only tenants that exist, and take a header only if
    /// clients cannot send it, or may choose.
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

/// Users with tenants need to know which request is for which.
pub(super) fn check(has_tenants: bool, is_told: bool) -> Result<()> {
    if has_tenants && !is_told {
        return Err(Error::config(
            "users are kept per tenant (#[auth(tenant)]): call .tenant(|request| …), which says the tenant of a request",
        ));
    }
    Ok(())
}
