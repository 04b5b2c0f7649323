//! Handles that are bound to one tenant.

use std::sync::Arc;

use http::request::Parts as Request;

use super::{Loader, Users, View};
use crate::{
    port::StoreError,
    user::{AuthUser, NewAccount, Scope, Scoped},
};

impl<U: Scoped> Users<U> {
    /// The users of one tenant: a handle that finds, changes and makes no others. It shares everything else with this one,
    /// and is cheap to make.
    ///
    /// A handle of another tenant answers with this tenant's users as well: whoever may call this decides about tenants.
    ///
    /// # Errors
    /// [`StoreError::Unscoped`] if the store is one of the application's own that knows no tenants.
    pub fn in_scope(&self, tenant: U::Scope) -> Result<Self, StoreError> {
        self.held_to(Scope::new(tenant))
    }
}

impl<U: AuthUser> Users<U> {
    fn held_to(&self, scope: Scope<U>) -> Result<Self, StoreError> {
        let store = self.parts().whole_store.in_scope(&scope)?;
        let view = View {
            loader: Loader::new(Arc::clone(&store)),
            store,
            scope: Some(scope),
            parts: Arc::clone(&self.parts().parts),
        };
        Ok(Self(Arc::new(view)))
    }

    /// The handle that a request is served with: that of its tenant, if users have tenants. A handle that was bound to a
    /// tenant by code stays in it, whatever the request says. `None` if the request names no tenant.
    pub(crate) fn for_request(&self, request: &Request) -> Result<Option<Self>, StoreError> {
        if !U::IS_SCOPED || self.parts().scope.is_some() {
            return Ok(Some(self.clone()));
        }
        let tenant = self.parts().tenant.as_ref().and_then(|tenant| tenant.tenant(request));
        tenant.map(|scope| self.held_to(scope)).transpose()
    }

    /// A new user, of the tenant that this handle is bound to. The store writes the same tenant; it is here as well since a
    /// user that is not stored (a private registration of a taken address) must look like one that is.
    pub(crate) fn new_user_of(&self, account: NewAccount<U::Id>, input: U::Create) -> U {
        let mut user = U::new(account, input);
        if let Some(scope) = &self.parts().scope {
            scope.stamp(&mut user);
        }
        user
    }
}
