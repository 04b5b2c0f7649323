//! Accounts at OAuth providers in memory.

use super::{MemoryStore, State};
use crate::{
    domain::{
        IdKind, StoreError, Timestamp, TokenId, id_kind,
        oauth::{NewOAuthAccount, OAuthAccount, OAuthAccountId, PlaceholderPassword, StoredTokens},
    },
    port::{BoxFuture, Change, OAuthStore, Unlinked},
    user::AuthUser,
};

/// A stored link.
pub(super) struct KeptAccount<Id> {
    pub(super) account: OAuthAccount<Id>,
    pub(super) placeholder: Option<PlaceholderPassword>,
    tokens: StoredTokens,
}

impl<U: AuthUser> State<U> {
    fn is_linked(&self, new: &NewOAuthAccount) -> bool {
        self.accounts.iter().any(|kept| is_of(&kept.account, &new.oauth_name, &new.account_id))
    }

    fn add_account(&mut self, user: U::Id, new: NewOAuthAccount) {
        let NewOAuthAccount { id, oauth_name, account_id, account_email, placeholder } = new;
        let id = if id_kind::<U::Id>() == IdKind::Integer {
            self.last_account += 1;
            OAuthAccountId::Integer(self.last_account)
        } else {
            id
        };
        let account = OAuthAccount::new(id, user, oauth_name, account_id, account_email);
        self.accounts.push(KeptAccount { account, placeholder, tokens: StoredTokens::default() });
    }

    fn account_mut(&mut self, user: &U::Id, id: &OAuthAccountId) -> Option<&mut KeptAccount<U::Id>> {
        self.accounts.iter_mut().find(|kept| kept.account.user_id == *user && kept.account.id == *id)
    }

    fn unlink(&mut self, user: &U::Id, id: &OAuthAccountId) -> Unlinked {
        let Some(hash) = self.users.get(user).map(|stored| stored.user.account().hashed_password.clone()) else {
            return Unlinked::NotFound;
        };
        let of_user = || self.accounts.iter().filter(|kept| kept.account.user_id == *user);
        if !of_user().any(|kept| kept.account.id == *id) {
            return Unlinked::NotFound;
        }
        let placeholder = of_user().filter_map(|kept| kept.placeholder.clone()).find(|kept| kept.is_of(&hash));
        let has_passkey = self.passkeys.iter().any(|kept| kept.passkey.user_id == *user);
        if of_user().count() == 1 && placeholder.is_some() && !has_passkey {
            return Unlinked::LastWayIn;
        }
        self.accounts.retain(|kept| kept.account.user_id != *user || kept.account.id != *id);
        // The removed link may have been the one that recorded that there is no password.
        if let Some(placeholder) = placeholder {
            self.keep_placeholder(user, &placeholder);
        }
        Unlinked::Removed
    }
}

fn is_of<Id>(account: &OAuthAccount<Id>, oauth_name: &str, account_id: &str) -> bool {
    account.oauth_name == oauth_name && account.account_id == account_id
}

impl<U: AuthUser> OAuthStore<U> for MemoryStore<U> {
    fn find<'a>(
        &'a self,
        oauth_name: &'a str,
        account_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<OAuthAccount<U::Id>>, StoreError>> {
        Box::pin(async move {
            let state = self.state();
            let mut accounts = state.accounts.iter().map(|kept| &kept.account);
            Ok(accounts.find(|account| is_of(account, oauth_name, account_id)).cloned())
        })
    }

    fn list(&self, user: U::Id) -> BoxFuture<'_, Result<Vec<OAuthAccount<U::Id>>, StoreError>> {
        Box::pin(async move {
            let state = self.state();
            let accounts = state.accounts.iter().map(|kept| &kept.account);
            let mut accounts: Vec<_> = accounts.filter(|account| account.user_id == user).cloned().collect();
            accounts.sort_by(|a, b| (&a.oauth_name, &a.account_id).cmp(&(&b.oauth_name, &b.account_id)));
            Ok(accounts)
        })
    }

    fn insert(&self, user: U, account: NewOAuthAccount) -> BoxFuture<'_, Result<U, StoreError>> {
        Box::pin(async move {
            let (tenant, mut state) = (self.tenant()?, self.state());
            if state.is_linked(&account) {
                return Err(StoreError::Conflict);
            }
            let user = state.insert(tenant, user)?;
            state.add_account(user.id(), account);
            Ok(user)
        })
    }

    fn link(&self, change: Change<U>, account: NewOAuthAccount) -> BoxFuture<'_, Result<Option<U>, StoreError>> {
        Box::pin(async move {
            let (tenant, mut state) = (self.tenant()?, self.state());
            let id = change.user.id();
            // The links that the change removes do not conflict.
            let is_taken = state.accounts.iter().any(|kept| {
                let is_removed = change.unlink && kept.account.user_id == id;
                !is_removed && is_of(&kept.account, &account.oauth_name, &account.account_id)
            });
            if is_taken && state.stored(tenant, &id).is_some() {
                return Err(StoreError::Conflict);
            }
            let Some(user) = state.update(tenant, change)? else { return Ok(None) };
            state.add_account(id, account);
            Ok(Some(user))
        })
    }

    fn refresh<'a>(&'a self, account: &'a OAuthAccount<U::Id>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut state = self.state();
            let kept = state.accounts.iter_mut().find(|kept| {
                kept.account.user_id == account.user_id
                    && is_of(&kept.account, &account.oauth_name, &account.account_id)
            });
            if let Some(kept) = kept {
                kept.account.account_email.clone_from(&account.account_email);
            }
            Ok(())
        })
    }

    fn tokens(&self, user: U::Id, account: OAuthAccountId) -> BoxFuture<'_, Result<Option<StoredTokens>, StoreError>> {
        Box::pin(async move { Ok(self.state().account_mut(&user, &account).map(|kept| kept.tokens.clone())) })
    }

    fn replace_tokens<'a>(
        &'a self,
        user: U::Id,
        account: OAuthAccountId,
        before: &'a StoredTokens,
        after: &'a StoredTokens,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut state = self.state();
            let kept = state.account_mut(&user, &account);
            let Some(kept) = kept.filter(|kept| kept.tokens.access_token == before.access_token) else {
                return Ok(false);
            };
            kept.tokens.clone_from(after);
            Ok(true)
        })
    }

    fn unlink(&self, user: U::Id, account: OAuthAccountId) -> BoxFuture<'_, Result<Unlinked, StoreError>> {
        Box::pin(async move { Ok(self.state().unlink(&user, &account)) })
    }

    fn redeem<'a>(&'a self, once: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut state = self.state();
            let is_first = !state.tokens.contains_key(once);
            if is_first {
                state.mark(once.clone(), until).revoked = true;
            }
            Ok(is_first)
        })
    }
}
