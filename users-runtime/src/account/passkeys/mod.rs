//! Passkeys of accounts: authentication with one of them, and their management by application code.

mod manage;
mod notice;
mod proof;

use std::sync::Arc;

use crate::{
    domain::{Code, TokenId},
    port::{CEREMONY_LIFETIME, PasskeyFlow, PasskeyPurpose, PasskeyStore, RandomError, Started, StoreError, UserStore},
    service::{ActivePasskeys, Users},
    user::AuthUser,
};

pub(crate) use self::proof::{GivenPasskey, NotProvedByPasskey};

/// The code of every passkey that is refused.
pub(crate) const PASSKEY_BAD_CREDENTIAL: Code = Code::new(
    "PASSKEY_BAD_CREDENTIAL",
    "The passkey is unknown or its proof is wrong, or the state is invalid, expired, used or of another request.",
);

impl<U: AuthUser> Users<U> {
    /// Returns the shared parts of the service's passkeys. The routes that need them are built only if passkeys are on.
    pub(crate) fn passkeys(&self) -> Result<&ActivePasskeys, StoreError> {
        self.inner().passkeys.as_deref().ok_or_else(|| StoreError::failed("there are no passkeys"))
    }

    /// Returns the storage of passkeys of a store, which may be one that records a change.
    pub(crate) fn passkeys_in(store: &Arc<dyn UserStore<U>>) -> Result<Arc<dyn PasskeyStore<U>>, StoreError> {
        Arc::clone(store).passkey_store().ok_or_else(|| StoreError::failed("the store keeps no passkeys"))
    }

    /// Returns the state of a ceremony that its end needs, for the time that the ceremony may take.
    pub(crate) fn new_passkey_flow(
        &self,
        purpose: PasskeyPurpose,
        started: &Started,
    ) -> Result<PasskeyFlow, RandomError> {
        Ok(PasskeyFlow {
            id: TokenId::from_random(self.random_bytes()?),
            expires_at: self.now() + CEREMONY_LIFETIME,
            purpose,
            tenant: self.passkey_tenant(),
            ceremony: started.ceremony.clone(),
        })
    }

    /// Returns the ceremony of a `state`, if it was begun here, for this tenant, and not too long ago.
    pub(crate) fn open_passkey_flow(&self, state: &str) -> Result<Option<PasskeyFlow>, StoreError> {
        let flow = self.passkeys()?.flows.open(state);
        Ok(flow.filter(|flow| flow.tenant == self.passkey_tenant()))
    }

    /// Returns a text that differs between tenants and does not contain their names; empty without a tenant.
    fn passkey_tenant(&self) -> String {
        match self.inner().tenant_name() {
            name if name.is_empty() => name,
            name => crate::domain::PasskeyId::of(name.as_bytes()).as_str().to_owned(),
        }
    }
}
