//! Tokens of providers.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

use crate::domain::Timestamp;

/// An access token of a provider, with which an application calls the provider's API for a user. It is neither printed
/// nor serialized.
#[derive(Clone)]
#[non_exhaustive]
pub struct ProviderToken {
    secret: SecretString,
    /// When it expires; `None` if the provider does not say so.
    pub expires_at: Option<Timestamp>,
    /// The granted scopes, as the provider last reported; `None` if it never did. They are then the requested ones (RFC
    /// 6749 section 5.1).
    pub scopes: Option<Vec<String>>,
}

impl ProviderToken {
    /// Wraps an access token without further data.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self { secret: SecretString::from(secret.into()), expires_at: None, scopes: None }
    }

    /// Sets when it expires.
    #[must_use]
    pub fn expires_at(self, expires_at: Timestamp) -> Self {
        Self { expires_at: Some(expires_at), ..self }
    }

    /// Sets the granted scopes.
    #[must_use]
    pub fn scopes(self, scopes: Vec<String>) -> Self {
        Self { scopes: Some(scopes), ..self }
    }

    /// Returns the token, for the header `Authorization: Bearer …` of a request to the provider.
    #[must_use]
    pub fn secret(&self) -> &str {
        self.secret.expose_secret()
    }
}

impl fmt::Debug for ProviderToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderToken")
            .field("secret", &"***")
            .field("expires_at", &self.expires_at)
            .field("scopes", &self.scopes)
            .finish()
    }
}

/// A refresh token of a provider. It is neither printed nor serialized.
#[derive(Clone)]
pub struct RefreshToken(SecretString);

impl RefreshToken {
    /// Wraps a refresh token.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self(SecretString::from(secret.into()))
    }

    /// Returns the token, which is sent to the token endpoint only.
    #[must_use]
    pub fn secret(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(***)")
    }
}

/// The tokens that the token endpoint of a provider returns.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ProviderTokens {
    /// The access token.
    pub access: ProviderToken,
    /// The refresh token, if there is one. A provider that returns none at a refresh leaves the old one valid.
    pub refresh: Option<RefreshToken>,
}

impl ProviderTokens {
    /// Describes the response of a token endpoint.
    #[must_use]
    pub fn new(access: ProviderToken, refresh: Option<RefreshToken>) -> Self {
        Self { access, refresh }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_do_not_print() {
        let access = ProviderToken::new("hunter2").scopes(vec!["email".to_owned()]);
        let printed = format!("{:?}", ProviderTokens::new(access, Some(RefreshToken::new("hunter2"))));
        assert!(!printed.contains("hunter2") && printed.contains("email"), "{printed}");
    }
}
