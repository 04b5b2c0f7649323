//! Links between users and their accounts at providers.

use super::IdentityError;
use crate::{
    domain::{
        EmailAddress, id_kind,
        oauth::{AddressStatus, ExternalIdentity, NewOAuthAccount, OAuthAccount, OAuthAccountId, Refusal},
    },
    event::{EventKind, SecurityEvent},
    port::{BoxFuture, Change, OAuthStore, RequestContext, StoreError, StoredChange, Updated},
    service::Users,
    user::AuthUser,
};

/// An address that a provider gives, in the form of this service.
pub(crate) struct Address {
    pub(crate) email: EmailAddress,
    pub(crate) status: AddressStatus,
}

impl<U: AuthUser> Users<U> {
    /// Returns the storage of links, without which no route with a provider can be built.
    pub(crate) fn oauth_accounts(&self) -> Result<&dyn OAuthStore<U>, IdentityError> {
        self.inner().oauth_accounts.as_deref().ok_or(IdentityError::NotKept)
    }

    /// Returns the address of an identity, if this service accepts it.
    pub(crate) fn usable_address(&self, identity: &ExternalIdentity) -> Option<Address> {
        let address = identity.address.as_ref()?;
        let email = self.policy().new_email().parse(&address.email).ok()?;
        Some(Address { email, status: address.status })
    }

    /// Returns the link of an identity. An account that another program linked with several users is refused.
    pub(crate) fn account_of<'a>(
        &'a self,
        provider: &'a str,
        identity: &'a ExternalIdentity,
    ) -> BoxFuture<'a, Result<Option<OAuthAccount<U::Id>>, IdentityError>> {
        Box::pin(async move {
            match self.oauth_accounts()?.find(provider, identity.subject.as_str()).await {
                Err(StoreError::Conflict) => Err(Refusal::Taken.into()),
                Err(StoreError::InvalidValue { .. }) => Ok(None),
                found => Ok(found?),
            }
        })
    }

    /// Describes a link to store.
    pub(crate) fn new_link(
        &self,
        provider: &str,
        identity: &ExternalIdentity,
        address: &Address,
    ) -> Result<NewOAuthAccount, IdentityError> {
        Ok(NewOAuthAccount {
            id: OAuthAccountId::from_random(id_kind::<U::Id>(), self.random_bytes()?),
            oauth_name: provider.to_owned(),
            account_id: identity.subject.as_str().to_owned(),
            account_email: address.email.as_str().to_owned(),
            placeholder: None,
        })
    }

    /// Stores the current address of a linked account. The user's own address stays.
    pub(crate) fn refresh_link<'a>(
        &'a self,
        account: OAuthAccount<U::Id>,
        address: Option<&'a Address>,
    ) -> BoxFuture<'a, Result<(), IdentityError>> {
        Box::pin(async move {
            if let Some(address) = address.filter(|address| address.email.as_str() != account.account_email) {
                let account = OAuthAccount { account_email: address.email.as_str().to_owned(), ..account };
                self.oauth_accounts()?.refresh(&account).await?;
            }
            Ok(())
        })
    }

    /// Stores a link with a change of its user. Returns `None` if another request was faster.
    pub(crate) fn store_link<'a>(
        &'a self,
        change: Change<U>,
        link: NewOAuthAccount,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<Option<U>, IdentityError>> {
        Box::pin(async move {
            let event =
                SecurityEvent::new(EventKind::Link, cx).of(&change.user.id()).changing(change.columns.fields::<U>());
            let recording = self.recording_links(&[&event]).ok_or(IdentityError::NotKept)?;
            match recording.store.link(change, link).await {
                Err(StoreError::Conflict) => Ok(None),
                linked => {
                    let linked = linked?;
                    if linked.is_some() {
                        self.record_changed(&event, &recording);
                    }
                    Ok(linked)
                }
            }
        })
    }

    /// Runs `on_after_update` without fields, as fastapi-users does.
    pub(crate) fn report_changed_accounts<'a>(
        &'a self,
        user: &'a U,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<(), IdentityError>> {
        Box::pin(async move {
            let updated = Updated { before: user.clone(), fields: Vec::new() };
            self.run_change_hook(StoredChange::Updated(user.clone(), updated), cx).await.map_err(IdentityError::Hook)
        })
    }
}
