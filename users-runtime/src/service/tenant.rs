//! Handles that are bound to one tenant.

use std::sync::Arc;

use http::request::Parts as Request;

use super::{Users, View};
use crate::{
    background::BatchLoader,
    port::StoreError,
    user::{AuthUser, HasTenant, NewAccount, Tenant},
};

impl<U: HasTenant> Users<U> {
    /// Returns a handle that finds, changes and creates users of one tenant only. It shares everything else with this
    /// handle and is cheap to create.
    ///
    /// It can also be called on a handle of another tenant.
    ///
    /// # Errors
    /// [`StoreError::MissingTenant`] if the application's store does not support tenants, [`StoreError::InvalidValue`] if the
    /// tenant is a `String` that is empty, longer than 255 characters or has a control character.
    ///
    /// # Security
    /// Code that can call this method has access to the users of every tenant.
    pub fn for_tenant(&self, tenant: U::Tenant) -> Result<Self, StoreError> {
        self.for_one_tenant(Tenant::new(tenant))
    }
}

impl<U: AuthUser> Users<U> {
    fn for_one_tenant(&self, tenant: Tenant<U>) -> Result<Self, StoreError> {
        if !tenant.is_well_formed() {
            return Err(StoreError::invalid_value(
                None,
                "a tenant's name has 1 to 255 characters without control characters",
            ));
        }
        let store = self.inner().whole_store.for_tenant(&tenant)?;
        let view = View {
            loader: BatchLoader::new(Arc::clone(&store)),
            store,
            tenant: Some(tenant),
            mounted_at: String::new(),
            inner: Arc::clone(&self.inner().inner),
        };
        Ok(Self(Arc::new(view)))
    }

    /// Returns the handle for a request: the handle of its tenant, if users have tenants. A handle that code bound to a
    /// tenant keeps that tenant for every request. Returns `None` if the request has no tenant, or one that cannot exist.
    pub(crate) fn for_request(&self, request: &Request) -> Result<Option<Self>, StoreError> {
        if !U::HAS_TENANTS || self.inner().tenant.is_some() {
            return Ok(Some(self.clone()));
        }
        let tenant = self.inner().tenant_of_request.as_ref().and_then(|tenant| tenant.tenant(request));
        tenant.filter(Tenant::is_well_formed).map(|tenant| self.for_one_tenant(tenant)).transpose()
    }

    /// Builds a user with the tenant of this handle. The store writes the tenant as well, but a user that is not stored
    /// (a private registration with a taken address) must look like one that is.
    pub(crate) fn new_user_of(&self, account: NewAccount<U::Id>, input: U::Create) -> U {
        let mut user = U::new(account, input);
        if let Some(tenant) = &self.inner().tenant {
            tenant.stamp(&mut user);
        }
        user
    }
}
