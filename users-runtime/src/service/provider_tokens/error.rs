//! The reasons why no provider token is available.

use crate::port::{ProviderError, StoreError};

/// The reason why [`Users::provider_token`](crate::Users::provider_token) returns no token. No message contains a token.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderTokenError {
    /// The user has no account at the provider, or has just removed it.
    #[error("the user has no account at the provider")]
    NotLinked,
    /// No token is stored. The last login with the provider was before
    /// [`OAuthProvider::store_tokens`](crate::oauth::OAuthProvider::store_tokens) was set, or used an ID token of a
    /// device; or the tokens were too long, or were removed after the provider refused them. Plaintext tokens that
    /// fastapi-users wrote are not read. The user must log in with the provider.
    #[error("no token of the provider is stored")]
    NotStored,
    /// The access token has expired, and the provider issued no refresh token. The user must log in with the provider.
    #[error("the token of the provider has expired and cannot be refreshed")]
    Expired,
    /// The provider no longer accepts the refresh token (`invalid_grant`): it expired, or the user revoked it. The
    /// tokens were removed. The user must log in with the provider.
    #[error("the provider does not accept the refresh token any more")]
    LoginRequired,
    /// The provider does not respond, returns an invalid response, or refuses the service itself. A later attempt may
    /// succeed; the tokens are kept.
    #[error("the provider did not refresh the token: {0}")]
    Unavailable(#[source] ProviderError),
    /// The stored token cannot be decrypted: its key is not in the ring, or the row was changed. It is kept, because
    /// the key may be configured again. A login with the provider replaces it.
    #[error("the stored token cannot be decrypted: {0}")]
    Undecryptable(&'static str),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ProviderTokenError {
    /// Returns whether the user has to log in with the provider to obtain a token again.
    #[must_use]
    pub fn needs_login(&self) -> bool {
        match self {
            Self::NotLinked | Self::NotStored | Self::Expired | Self::LoginRequired | Self::Undecryptable(_) => true,
            Self::Unavailable(_) | Self::Store(_) => false,
        }
    }
}
