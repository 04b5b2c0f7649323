//! Associating an account at a provider with the signed-in user.

use super::{INVALID_STATE, TAKEN, error::OAuthError};
use crate::{
    domain::oauth::{AssociationDecision, ExternalIdentity, IdentityOwner, Refusal, decide_association},
    event::{EventKind, SecurityEvent},
    port::{Change, Lookup, RequestContext},
    service::{Authenticated, OAuthProvider, Users},
    user::{AuthUser, Columns},
};

impl<U: AuthUser> Users<U> {
    /// Associates an identity with the signed-in user.
    pub(super) async fn associate(
        &self,
        own: &Authenticated<U>,
        provider: &OAuthProvider,
        identity: &ExternalIdentity,
        cx: &RequestContext,
    ) -> Result<(), OAuthError> {
        let user = &own.user;
        let address = self.usable_address(identity);
        let account = self.account_of(provider.name(), identity).await?;
        let account = match account {
            Some(account)
                if account.user_id != user.id()
                    && self.find(Lookup::by_id(account.user_id.clone())).await?.is_none() =>
            {
                self.oauth_accounts()?.remove_orphan(&account).await?;
                self.account_of(provider.name(), identity).await?
            }
            account => account,
        };
        let owner = match &account {
            None => IdentityOwner::Nobody,
            Some(account) if account.user_id == user.id() => IdentityOwner::SameUser,
            Some(_) => IdentityOwner::OtherUser,
        };
        match (decide_association(owner, address.is_some()), account, address) {
            (AssociationDecision::Refresh, Some(account), address) => {
                self.refresh_link(account, address.as_ref()).await?;
            }
            (AssociationDecision::Link, _, Some(address)) => {
                // A session that was ended during the request must not link an account.
                let change = Change { if_epoch: Some(own.epoch), ..Change::new(user.clone(), Columns::NONE) };
                let link = self.new_link(provider.name(), identity, &address)?;
                if self.store_link(change, link, cx).await?.is_none() {
                    return Err(self.lost_race(own, provider, identity, cx).await?);
                }
            }
            (AssociationDecision::Refuse(refusal), ..) => {
                self.record(&SecurityEvent::new(EventKind::OAuth, cx).refused(refusal.reason()).of(&user.id()));
                return Err(refusal.into());
            }
            // Every other decision is covered by an arm above.
            _ => return Err(OAuthError::BadRequest),
        }
        self.keep_tokens_of(provider, identity, &user.id()).await?;
        Ok(self.report_changed_accounts(user, cx).await?)
    }

    /// Returns the refusal of a link that another request prevented: somebody else has linked the account, or the session
    /// has ended.
    async fn lost_race(
        &self,
        own: &Authenticated<U>,
        provider: &OAuthProvider,
        identity: &ExternalIdentity,
        cx: &RequestContext,
    ) -> Result<OAuthError, OAuthError> {
        let account = self.account_of(provider.name(), identity).await?;
        let is_taken = account.is_some_and(|account| account.user_id != own.user.id());
        let reason = if is_taken { Refusal::Taken.reason() } else { "the session has ended" };
        self.record(&SecurityEvent::new(EventKind::OAuth, cx).refused(reason).of(&own.user.id()));
        Ok(if is_taken { TAKEN } else { INVALID_STATE }.into())
    }
}
