//! Tokens of one link, encrypted and decrypted.

use std::{borrow::Cow, fmt::Display};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::ProviderTokenError;
use crate::{
    domain::{
        Timestamp,
        oauth::{OAuthAccount, ProviderToken, ProviderTokens, RefreshToken, StoredTokens},
    },
    port::{Opened, Random, RandomError, SealedField, Sealer},
};

/// The maximum length of the plaintext in bytes. Its encrypted form fits into the 65,535 bytes of `TEXT` in MySQL.
/// Microsoft's tokens, the longest in the catalogue, have about 3,000.
const MOST_BYTES: usize = 16 * 1024;

const ACCESS_TOKEN: &str = "access_token";
const REFRESH_TOKEN: &str = "refresh_token";

/// Encrypts for the row of one link: the result cannot be decrypted in another row, for another user or provider, or in
/// the other column.
pub(super) struct Vault<'a> {
    sealer: &'a dyn Sealer,
    provider: &'a str,
    account: String,
    user: String,
}

/// The plaintext of an encrypted access token.
#[derive(Serialize, Deserialize)]
struct Access<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
    /// In seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    expires_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    scopes: Option<Vec<String>>,
}

/// Why tokens were not encrypted.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotSealed {
    #[error("the tokens are too long")]
    TooLong,
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl<'a> Vault<'a> {
    pub(super) fn of<Id: Display>(sealer: &'a dyn Sealer, account: &'a OAuthAccount<Id>) -> Self {
        let provider = &account.oauth_name;
        Self { sealer, provider, account: account.id.to_string(), user: account.user_id.to_string() }
    }

    /// Encrypts tokens.
    pub(super) fn seal(&self, tokens: &ProviderTokens, random: &dyn Random) -> Result<StoredTokens, NotSealed> {
        let ProviderToken { expires_at, scopes, .. } = &tokens.access;
        let access = Access {
            token: tokens.access.secret().into(),
            expires_at: expires_at.map(|at| at.timestamp()),
            scopes: scopes.clone(),
        };
        let access = Zeroizing::new(serde_json::to_vec(&access).map_err(|_| NotSealed::TooLong)?);
        let seal = |column, plain: &[u8]| match plain.len() <= MOST_BYTES {
            true => Ok(self.with_field(column, |field| self.sealer.seal(field, plain, random))?),
            false => Err(NotSealed::TooLong),
        };
        let refresh = tokens.refresh.as_ref();
        Ok(StoredTokens {
            access_token: seal(ACCESS_TOKEN, &access)?,
            refresh_token: refresh.map(|token| seal(REFRESH_TOKEN, token.secret().as_bytes())).transpose()?,
        })
    }

    /// Decrypts the access token.
    pub(super) fn access(&self, stored: &StoredTokens) -> Result<ProviderToken, ProviderTokenError> {
        let plain = self.open(ACCESS_TOKEN, stored.sealed_access())?;
        let read: Access<'_> = serde_json::from_slice(&plain)
            .map_err(|_| ProviderTokenError::Undecryptable("what was encrypted is not a token"))?;
        let mut access = ProviderToken::new(read.token);
        access.expires_at = read.expires_at.and_then(|at| Timestamp::from_timestamp(at, 0));
        access.scopes = read.scopes;
        Ok(access)
    }

    /// Decrypts the refresh token, if there is one.
    pub(super) fn refresh(&self, stored: &StoredTokens) -> Result<Option<RefreshToken>, ProviderTokenError> {
        let Some(text) = &stored.refresh_token else { return Ok(None) };
        let plain = self.open(REFRESH_TOKEN, text)?;
        match std::str::from_utf8(&plain) {
            Ok(token) => Ok(Some(RefreshToken::new(token))),
            Err(_) => Err(ProviderTokenError::Undecryptable("what was encrypted is not a token")),
        }
    }

    fn open(&self, column: &str, stored: &str) -> Result<Zeroizing<Vec<u8>>, ProviderTokenError> {
        match self.with_field(column, |field| self.sealer.open(field, stored)) {
            Opened::Plain(plain) => Ok(plain),
            Opened::Foreign => Err(ProviderTokenError::NotStored),
            Opened::Unreadable(why) => Err(ProviderTokenError::Undecryptable(why)),
        }
    }

    fn with_field<T>(&self, column: &str, run: impl FnOnce(&SealedField<'_>) -> T) -> T {
        run(&SealedField { column, row: &[self.provider, &self.account, &self.user] })
    }
}
