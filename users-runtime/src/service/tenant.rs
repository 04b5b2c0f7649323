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
    /// The users of one tenant: a handle that finds, changes and makes no others. It shares everything else with this one,
    /// and is cheap to make.
    ///
    /// A handle of another tenant answers with this tenant's users as well: whoever may call this decides about tenants.
    ///
    /// # Errors
    /// [`StoreError::MissingTenant`] if the store is one of the application's own that knows no tenants.
    pub fn for_tenant(&self, tenant: U::Tenant) -> Result<Self, StoreError> {
        self.for_one_tenant(Tenant::new(tenant))
    }
}

impl<U: AuthUser> Users<U> {
    fn for_one_tenant(&self, tenant: Tenant<U>) -> Result<Self, StoreError> {
        let store = self.inner().whole_store.for_tenant(&tenant)?;
        let view = View {
            loader: BatchLoader::new(Arc::clone(&store)),
            store,
            tenant: Some(tenant),
            inner: Arc::clone(&self.inner().inner),
        };
        Ok(Self(Arc::new(view)))
    }

    /// The handle that a request is served with: that of its tenant, if users have tenants. A handle that was bound to a
    /// tenant by code stays in it, whatever the request says. `None` if the request names no tenant.
    pub(crate) fn for_request(&self, request: &Request) -> Result<Option<Self>, StoreError> {
        if !U::HAS_TENANTS || self.inner().tenant.is_some() {
            return Ok(Some(self.clone()));
        }
        let tenant = self.inner().tenant_of_request.as_ref().and_then(|tenant| tenant.tenant(request));
        tenant.map(|tenant| self.for_one_tenant(tenant)).transpose()
    }

    /// A new user, of the tenant that this handle is bound to. The store writes the same tenant; it is here as well since a
    /// user that is not stored (a private registration of a taken address) must look like one that is.
    pub(crate) fn new_user_of(&self, account: NewAccount<U::Id>, input: U::Create) -> U {
        let mut user = U::new(account, input);
        if let Some(tenant) = &self.inner().tenant {
            tenant.stamp(&mut user);
        }
        user
    }
}
