//! The refresh of a token, once for all instances.
//!
//! A provider that rotates refresh tokens treats a second use of one as theft and revokes all of them (RFC 9700 section
//! 4.14.2). So an instance first reserves the refresh in the row, by a compare-and-set; the others wait for the tokens
//! that it stores. A reservation expires, in case the instance stops.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::sleep;

use super::{ProviderTokenError, RESERVED, Refreshed, USABLE, Vault};
use crate::{
    domain::oauth::{OAuthAccount, ProviderToken, ProviderTokens, RefreshToken, StoredTokens},
    event::{self, operation},
    port::{ProviderError, Sealer, StoreError, TokenRefresh},
    service::{OAuthProvider, Users},
    user::AuthUser,
};

/// How often the row is read while another instance refreshes: for at least ten seconds, longer than a refresh takes.
const LOOKS: u32 = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// How often it is tried to store refreshed tokens: losing them would end the provider's grant.
const ATTEMPTS: u32 = 10;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(300);

/// A refresh that this instance has reserved.
struct Reserved<'a, Id> {
    provider: &'a OAuthProvider,
    sealer: &'a dyn Sealer,
    account: &'a OAuthAccount<Id>,
    /// The content of the row: the tokens before the refresh, with the reservation.
    stored: StoredTokens,
    access: ProviderToken,
    refresh: RefreshToken,
}

impl<U: AuthUser> Users<U> {
    /// Refreshes a token, or waits for the instance that does.
    pub(super) async fn refresh_token(&self, provider: &OAuthProvider, account: &OAuthAccount<U::Id>) -> Refreshed {
        let sealer = provider.sealer().ok_or(ProviderTokenError::NotStored)?;
        let vault = Vault::of(sealer, account);
        for _ in 0..LOOKS {
            let stored = self.stored_tokens(account).await?.ok_or(ProviderTokenError::NotLinked)?;
            let access = vault.access(&stored)?;
            if self.is_valid(&access, USABLE) {
                return Ok(access);
            }
            let Some(refresh) = vault.refresh(&stored)? else {
                return self.if_still_valid(access, ProviderTokenError::Expired);
            };
            if self.is_reserved(&stored) {
                sleep(BETWEEN_LOOKS).await;
                continue;
            }
            let reserved = stored.reserved((self.now() + RESERVED).timestamp());
            if self.replace_tokens(account, &stored, &reserved).await? {
                return self
                    .refresh_reserved(Reserved { provider, sealer, account, stored: reserved, access, refresh })
                    .await;
            }
        }
        Err(ProviderTokenError::Unavailable(ProviderError::failed("another instance has been refreshing for too long")))
    }

    async fn refresh_reserved(&self, reserved: Reserved<'_, U::Id>) -> Refreshed {
        let Reserved { provider, account, stored, .. } = &reserved;
        let request = TokenRefresh { token: &reserved.refresh, now: self.now(), limited: self.is_limited() };
        match provider.provider().refresh(request).await {
            Ok(tokens) => self.store_refreshed(&reserved, tokens).await,
            Err(ProviderError::GrantEnded) => {
                let (name, user_id) = (provider.name(), &account.user_id);
                operation!(WARN, "provider_grant_ended", "a provider does not accept a refresh token any more", provider = name, %user_id);
                if self.replace_tokens(account, stored, &StoredTokens::default()).await? {
                    return Err(ProviderTokenError::LoginRequired);
                }
                // Meanwhile a login has stored other tokens, the account was removed, or the reservation has ended.
                let stored = self.stored_tokens(account).await?.ok_or(ProviderTokenError::NotLinked)?;
                let access = Vault::of(reserved.sealer, account).access(&stored)?;
                self.if_still_valid(access, ProviderTokenError::LoginRequired)
            }
            Err(error) => {
                let (name, cause) = (provider.name(), event::cause(&error));
                operation!(WARN, "oauth_provider_failed", "an OAuth provider failed", provider = name, cause);
                if let Err(error) = self.replace_tokens(account, stored, &stored.released()).await {
                    // The reservation ends by itself.
                    let cause = event::cause(&error);
                    operation!(
                        WARN,
                        "provider_refresh_reserved",
                        "the reservation of a refresh was not removed",
                        provider = name,
                        cause
                    );
                }
                self.if_still_valid(reserved.access, ProviderTokenError::Unavailable(error))
            }
        }
    }

    /// Stores the tokens that the provider returned. If the reservation has ended, another instance may have reserved the same
    /// tokens again, or removed them because the provider accepts each refresh token once; the tokens stored here are newer.
    async fn store_refreshed(&self, reserved: &Reserved<'_, U::Id>, mut tokens: ProviderTokens) -> Refreshed {
        let Reserved { provider, sealer, account, .. } = reserved;
        // A token that the provider omits has not changed (RFC 6749 section 6).
        tokens.refresh.get_or_insert_with(|| reserved.refresh.clone());
        tokens.access.scopes = tokens.access.scopes.take().or_else(|| reserved.access.scopes.clone());
        let sealed = match Vault::of(*sealer, account).seal(&tokens, &*self.inner().random) {
            Ok(sealed) => sealed,
            Err(error) => return Ok(lost(provider, tokens, &error)),
        };
        let mut before = reserved.stored.clone();
        let mut failure = StoreError::Conflict;
        for _ in 0..ATTEMPTS {
            let written = async {
                if self.replace_tokens(account, &before, &sealed).await? {
                    return Ok(Some(sealed.clone()));
                }
                self.stored_tokens(account).await
            };
            match written.await {
                Ok(None) => return Err(ProviderTokenError::NotLinked),
                Ok(Some(stored)) if stored.sealed_access() == sealed.sealed_access() => return Ok(tokens.access),
                Ok(Some(stored))
                    if stored.access_token.is_empty() || stored.sealed_access() == before.sealed_access() =>
                {
                    before = stored;
                }
                // A login has stored other tokens. These are valid as well.
                Ok(Some(_)) => return Ok(tokens.access),
                Err(error) => {
                    failure = error;
                    sleep(BETWEEN_ATTEMPTS).await;
                }
            }
        }
        Ok(lost(provider, tokens, &failure))
    }

    /// Returns a token that expires soon, or the reason why there is no other one if it has expired already.
    fn if_still_valid(&self, access: ProviderToken, reason: ProviderTokenError) -> Refreshed {
        if self.is_valid(&access, TimeDelta::zero()) { Ok(access) } else { Err(reason) }
    }
}

/// Logs that refreshed tokens were not stored, and returns the access token, which is valid nevertheless.
fn lost(provider: &OAuthProvider, tokens: ProviderTokens, error: &(dyn std::error::Error + 'static)) -> ProviderToken {
    let (name, cause) = (provider.name(), event::cause(error));
    operation!(ERROR, "provider_tokens_lost", "refreshed tokens were not stored", provider = name, cause);
    tokens.access
}
