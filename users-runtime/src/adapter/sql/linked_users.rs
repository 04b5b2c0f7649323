//! The users of accounts at OAuth providers.

#[cfg(feature = "audit")]
use std::sync::Arc;

use super::{Dialect, SqlUser, store::Store, writes::AddedLoginMethod};
#[cfg(feature = "audit")]
use crate::port::AuditEntry;
use crate::{
    domain::{
        IdValue, StoreError, Timestamp, TokenId, UserId,
        oauth::{NewOAuthAccount, OAuthAccount, OAuthAccountId, StoredTokens},
    },
    port::{BoxFuture, Change, OAuthStore, Unlinked},
};

/// Returns an account with its user's id in the type of the application.
fn typed<I: UserId>(account: OAuthAccount<IdValue>) -> Result<OAuthAccount<I>, StoreError> {
    let OAuthAccount { id, user_id, oauth_name, account_id, account_email } = account;
    let user_id = I::from_value(user_id).ok_or_else(|| StoreError::failed("an id is out of the range of its type"))?;
    Ok(OAuthAccount::new(id, user_id, oauth_name, account_id, account_email))
}

/// Returns an account with the id of its user in the form that stores keep.
fn untyped<I: UserId>(account: &OAuthAccount<I>) -> OAuthAccount<IdValue> {
    let OAuthAccount { id, user_id, oauth_name, account_id, account_email } = account.clone();
    OAuthAccount::new(id, user_id.to_value(), oauth_name, account_id, account_email)
}

impl<U: SqlUser<DB>, DB: Dialect> OAuthStore<U> for Store<U, DB> {
    fn find<'a>(
        &'a self,
        oauth_name: &'a str,
        account_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<OAuthAccount<U::Id>>, StoreError>> {
        Box::pin(async move { self.base.linked_account(oauth_name, account_id).await?.map(typed).transpose() })
    }

    fn list(&self, user: U::Id) -> BoxFuture<'_, Result<Vec<OAuthAccount<U::Id>>, StoreError>> {
        Box::pin(async move { self.base.linked_accounts(&user.to_value()).await?.into_iter().map(typed).collect() })
    }

    fn insert(&self, user: U, account: NewOAuthAccount) -> BoxFuture<'_, Result<U, StoreError>> {
        Box::pin(async move { self.insert_user(user, Some(AddedLoginMethod::Account(&account))).await })
    }

    fn link(&self, change: Change<U>, account: NewOAuthAccount) -> BoxFuture<'_, Result<Option<U>, StoreError>> {
        Box::pin(self.change_user(change, Some(account)))
    }

    fn refresh<'a>(&'a self, account: &'a OAuthAccount<U::Id>) -> BoxFuture<'a, Result<(), StoreError>> {
        let account = untyped(account);
        Box::pin(async move { self.base.refresh(&account).await })
    }

    fn tokens(&self, user: U::Id, account: OAuthAccountId) -> BoxFuture<'_, Result<Option<StoredTokens>, StoreError>> {
        let user = user.to_value();
        Box::pin(async move { self.base.tokens(&user, &account).await })
    }

    fn replace_tokens<'a>(
        &'a self,
        user: U::Id,
        account: OAuthAccountId,
        before: &'a StoredTokens,
        after: &'a StoredTokens,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let user = user.to_value();
        Box::pin(async move { self.base.replace_tokens(&user, &account, before, after).await })
    }

    fn unlink(&self, user: U::Id, account: OAuthAccountId) -> BoxFuture<'_, Result<Unlinked, StoreError>> {
        let user = user.to_value();
        Box::pin(async move { self.base.unlink(&user, &account).await })
    }

    fn remove_orphan<'a>(&'a self, account: &'a OAuthAccount<U::Id>) -> BoxFuture<'a, Result<(), StoreError>> {
        let account = untyped(account);
        Box::pin(async move { self.base.remove_orphan(&account).await })
    }

    fn redeem<'a>(&'a self, once: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.base.redeem(once, until))
    }

    #[cfg(feature = "audit")]
    fn recording(self: Arc<Self>, entries: Arc<[AuditEntry]>) -> Option<Arc<dyn OAuthStore<U>>> {
        Some(Arc::new(self.recording_entries(entries)))
    }
}
