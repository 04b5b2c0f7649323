//! Tokens of OAuth providers: stored encrypted, and refreshed when code requests one.

mod error;
mod refresh;
mod shared_runs;
mod vault;

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::timeout;

pub use self::error::ProviderTokenError;
pub(crate) use self::shared_runs::SharedRuns;
use self::vault::Vault;
use super::{OAuthProvider, Users};
use crate::{
    domain::{
        CLOCK_SKEW, Timestamp,
        oauth::{OAuthAccount, OAuthAccountId, ProviderToken, ProviderTokens, StoredTokens},
    },
    event::{self, operation},
    port::{BoxFuture, ProviderError, Sealer, StoreError},
    user::AuthUser,
};

/// The result of a refresh, which concurrent callers share.
pub(crate) type Refreshed = Result<ProviderToken, ProviderTokenError>;

/// The minimum remaining validity of a returned token: longer than a request with it takes.
const USABLE: TimeDelta = TimeDelta::minutes(1);
/// For how long an instance reserves a refresh. The calls to the provider end after eight seconds.
const RESERVED: TimeDelta = TimeDelta::seconds(30);
/// How long a caller waits. A refresh that takes longer continues, because the provider may have replaced the refresh token.
const LONGEST_CALL: Duration = Duration::from_secs(10);
/// How often writing the tokens of a login is retried because another request wrote at the same time.
const ATTEMPTS: u32 = 5;

impl<U: AuthUser> Users<U> {
    /// Returns an access token with which the application calls the API of a provider for a user. It is valid for at
    /// least one more minute, unless the provider does not state the lifetime, issues tokens with a shorter one, or
    /// does not respond while the token is still valid. The provider must be the one of the routes, with
    /// [`store_tokens`](OAuthProvider::store_tokens).
    ///
    /// A token that expires sooner is refreshed first. All callers in all instances share one refresh, so that a
    /// provider that rotates refresh tokens receives each of them once. The refresh runs to completion even if the
    /// caller is dropped. A call takes at most ten seconds.
    ///
    /// If the user has several accounts at the provider, the first one with a token is used;
    /// [`Users::provider_token_of`] selects a particular one.
    ///
    /// ```no_run
    /// # use users_runtime as axum_users;
    /// # use axum_users::{Users, oauth::{OAuthProvider, ProviderTokenError}, AuthUser};
    /// # async fn f<U: AuthUser>(users: Users<U>, user: U, google: OAuthProvider) -> Result<(), ProviderTokenError> {
    /// match users.provider_token(&user, &google).await {
    ///     Ok(token) => { /* send `Authorization: Bearer {token.secret()}` */ }
    ///     Err(error) if error.needs_login() => { /* send the user through `/auth/google/authorize` again */ }
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns [`ProviderTokenError`].
    ///
    /// # Security
    /// Never send the token to a browser.
    pub async fn provider_token(
        &self,
        user: &U,
        provider: &OAuthProvider,
    ) -> Result<ProviderToken, ProviderTokenError> {
        let accounts = self.linked_accounts(user).await?;
        let mut nothing = ProviderTokenError::NotLinked;
        for account in accounts.into_iter().filter(|account| account.oauth_name == provider.name()) {
            match self.fresh_token(provider, account).await {
                Err(ProviderTokenError::NotStored) => nothing = ProviderTokenError::NotStored,
                done => return done,
            }
        }
        Err(nothing)
    }

    /// Returns an access token of one account of a user, as [`Users::provider_token`] does.
    ///
    /// # Errors
    /// Returns [`ProviderTokenError`], [`ProviderTokenError::NotLinked`] also if the account is one of another user or at
    /// another provider.
    pub async fn provider_token_of(
        &self,
        user: &U,
        provider: &OAuthProvider,
        account: &OAuthAccountId,
    ) -> Result<ProviderToken, ProviderTokenError> {
        let accounts = self.linked_accounts(user).await?;
        let is_it = |other: &OAuthAccount<U::Id>| other.id == *account && other.oauth_name == provider.name();
        match accounts.into_iter().find(is_it) {
            Some(account) => self.fresh_token(provider, account).await,
            None => Err(ProviderTokenError::NotLinked),
        }
    }

    /// Stores the tokens of a login or an association, if the provider's settings say so. A failure is logged, and the login
    /// still succeeds.
    pub(crate) fn keep_provider_tokens<'a>(
        &'a self,
        provider: &'a OAuthProvider,
        account: &'a OAuthAccount<U::Id>,
        tokens: &'a ProviderTokens,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let Some(sealer) = provider.sealer() else { return };
            if let Err(error) = self.try_to_keep(sealer, account, tokens).await {
                let (name, cause) = (provider.name(), event::cause(&*error));
                operation!(
                    WARN,
                    "provider_tokens_not_stored",
                    "tokens of a login were not stored",
                    provider = name,
                    cause
                );
            }
        })
    }

    async fn try_to_keep(
        &self,
        sealer: &dyn Sealer,
        account: &OAuthAccount<U::Id>,
        tokens: &ProviderTokens,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let vault = Vault::of(sealer, account);
        for _ in 0..ATTEMPTS {
            let Some(before) = self.stored_tokens(account).await? else { return Ok(()) };
            let mut tokens = tokens.clone();
            if tokens.refresh.is_none() {
                // A refresh that is running replaces the refresh token that would be kept here.
                if self.is_reserved(&before) {
                    return Ok(());
                }
                tokens.refresh = vault.refresh(&before).unwrap_or_default();
            }
            let after = vault.seal(&tokens, &*self.inner().random)?;
            if self.replace_tokens(account, &before, &after).await? {
                return Ok(());
            }
        }
        Err(StoreError::Conflict.into())
    }

    async fn fresh_token(
        &self,
        provider: &OAuthProvider,
        account: OAuthAccount<U::Id>,
    ) -> Result<ProviderToken, ProviderTokenError> {
        let sealer = provider.sealer().ok_or(ProviderTokenError::NotStored)?;
        let stored = self.stored_tokens(&account).await?.ok_or(ProviderTokenError::NotLinked)?;
        let access = Vault::of(sealer, &account).access(&stored)?;
        if self.is_valid(&access, USABLE) {
            return Ok(access);
        }
        // With the user, because a database may give the id of a removed row to another one.
        let name = format!("{}/{}/{}", provider.name(), account.user_id, account.id);
        let lost = Err(ProviderTokenError::Unavailable(ProviderError::failed("the refresh was interrupted")));
        let (users, provider) = (self.clone(), provider.clone());
        let refresh = move || -> BoxFuture<'static, Refreshed> {
            Box::pin(async move { users.refresh_token(&provider, &account).await })
        };
        let refreshed = self.inner().oauth.refreshes.join(name, lost, refresh);
        timeout(LONGEST_CALL, refreshed).await.unwrap_or_else(|_| {
            Err(ProviderTokenError::Unavailable(ProviderError::failed("the refresh takes longer than ten seconds")))
        })
    }

    /// Returns whether a token will still be valid after this time.
    fn is_valid(&self, access: &ProviderToken, after: TimeDelta) -> bool {
        access.expires_at.is_none_or(|expires_at| expires_at > self.now() + after)
    }

    /// Returns whether an instance has reserved the refresh of these tokens.
    fn is_reserved(&self, stored: &StoredTokens) -> bool {
        let until = stored.reserved_until().and_then(|until| Timestamp::from_timestamp(until, 0));
        // A longer one was written by an instance whose clock is wrong.
        until.is_some_and(|until| until > self.now() && until <= self.now() + RESERVED + CLOCK_SKEW)
    }

    async fn stored_tokens(&self, account: &OAuthAccount<U::Id>) -> Result<Option<StoredTokens>, StoreError> {
        match &self.inner().oauth_accounts {
            Some(store) => store.tokens(account.user_id.clone(), account.id.clone()).await,
            None => Ok(None),
        }
    }

    async fn replace_tokens(
        &self,
        account: &OAuthAccount<U::Id>,
        before: &StoredTokens,
        after: &StoredTokens,
    ) -> Result<bool, StoreError> {
        match &self.inner().oauth_accounts {
            Some(store) => store.replace_tokens(account.user_id.clone(), account.id.clone(), before, after).await,
            None => Ok(false),
        }
    }

    async fn linked_accounts(&self, user: &U) -> Result<Vec<OAuthAccount<U::Id>>, StoreError> {
        match &self.inner().oauth_accounts {
            Some(store) => store.list(user.id()).await,
            None => Ok(Vec::new()),
        }
    }
}
