//! Providers that authenticate people: OpenID Connect issuers and OAuth 2.0 services.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

use super::BoxFuture;
use crate::domain::{
    Timestamp,
    oauth::{ExternalIdentity, PkceVerifier, ProviderTokens, RefreshToken},
};

/// A provider that authenticates people by the authorization code flow (RFC 6749 section 4.1, OpenID Connect Core 3.1).
///
/// [`OAuthProvider`](crate::oauth::OAuthProvider) has constructors for well-known providers, for any OpenID Connect
/// issuer and for OAuth 2.0 services whose responses can be described as data. Implement the trait for a service that
/// fits none of them, and pass it to [`OAuthProvider::new`](crate::oauth::OAuthProvider::new).
///
/// Before it calls [`IdentityProvider::exchange`], the runtime creates the `state`, checks that the callback belongs to
/// the browser, the provider and the flow, and makes sure that it is used only once.
///
/// # Security
/// The subject of the returned identity must be an identifier that the provider never reassigns to another person: not
/// an address or a nickname. An address may be [`Verified`](crate::oauth::AddressStatus::Verified) only if the provider
/// has checked that this person can read mail there.
pub trait IdentityProvider: Send + Sync + 'static {
    /// Returns the URL to which the browser is sent.
    ///
    /// # Errors
    /// [`ProviderError`] if the provider's endpoints are not known.
    fn authorization_url<'a>(
        &'a self,
        request: AuthorizationRequest<'a>,
    ) -> BoxFuture<'a, Result<String, ProviderError>>;

    /// Exchanges the code of a callback and returns the person it identifies.
    ///
    /// # Errors
    /// [`ProviderError`] if the provider refuses the code, does not respond, or returns anything but a valid identity.
    fn exchange<'a>(&'a self, callback: CodeExchange<'a>) -> BoxFuture<'a, Result<ExternalIdentity, ProviderError>>;

    /// Verifies an ID token that an application on a device got from the provider, and returns the person it is about.
    ///
    /// # Errors
    /// [`ProviderError`] unless the provider issued the token in the last ten minutes, for an application of this service
    /// and with this nonce.
    fn verify_id_token<'a>(
        &'a self,
        token: DeviceIdToken<'a>,
    ) -> BoxFuture<'a, Result<ExternalIdentity, ProviderError>> {
        let _ = token;
        Box::pin(std::future::ready(Err(ProviderError::failed("the provider has no ID tokens"))))
    }

    /// Exchanges a refresh token for new tokens (RFC 6749 section 6). The runtime never makes concurrent calls for one
    /// account, even if several instances share a database, and stores a refresh token that replaces the previous one.
    ///
    /// The tokens of a login are those of [`ExternalIdentity::tokens`].
    ///
    /// # Errors
    /// [`ProviderError::GrantEnded`] if the provider says that the refresh token is not valid any more, others if it
    /// refuses for another reason, does not respond, or returns anything but tokens.
    fn refresh<'a>(&'a self, request: TokenRefresh<'a>) -> BoxFuture<'a, Result<ProviderTokens, ProviderError>> {
        let _ = request;
        Box::pin(std::future::ready(Err(ProviderError::failed("the provider refreshes no tokens"))))
    }

    /// Returns whether [`IdentityProvider::verify_id_token`] is implemented. Otherwise the route for it does not exist.
    fn has_id_tokens(&self) -> bool {
        false
    }

    /// Returns whether the provider sends its callback as a form (`response_mode=form_post`), as Apple does. The
    /// callback is then a `POST` from another site, and the response is a redirect to the same URL: the browser sends
    /// the cookies of this site, which are `SameSite=Lax`, only with `GET`.
    fn posts_its_callback(&self) -> bool {
        false
    }
}

/// The parameters of an authorization request. Each of them must reach the provider.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AuthorizationRequest<'a> {
    /// The URL of the callback.
    pub redirect_uri: &'a str,
    /// The state.
    pub state: &'a str,
    /// The scopes, without those that the provider's protocol requires.
    pub scopes: &'a [String],
    /// The challenge for PKCE with the method `S256`.
    pub code_challenge: String,
    /// The nonce for an ID token.
    pub nonce: &'a str,
    /// Whether tokens are stored, so that the provider should issue a refresh token.
    pub offline: bool,
    /// The current time.
    pub now: Timestamp,
    /// Whether the provider limits how many requests call it at once, and how often it fetches keys: `false` for a
    /// service with [`Limits::off`](crate::Limits::off).
    pub limited: bool,
}

/// The callback of an authorization request, and the values that it must match.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CodeExchange<'a> {
    /// The code.
    pub code: AuthorizationCode,
    /// The parameter `iss`, if the provider sent one (RFC 9207). It must be the provider's issuer, if that is known.
    pub issuer: Option<&'a str>,
    /// The URL of the callback, as in the authorization request.
    pub redirect_uri: &'a str,
    /// The verifier for PKCE.
    pub verifier: &'a PkceVerifier,
    /// The nonce that an ID token must have.
    pub nonce: &'a str,
    /// The current time.
    pub now: Timestamp,
    /// Whether the provider limits how many requests call it at once, and how often it fetches keys: `false` for a
    /// service with [`Limits::off`](crate::Limits::off).
    pub limited: bool,
}

/// A refresh token, and the data that its exchange needs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TokenRefresh<'a> {
    /// The refresh token.
    pub token: &'a RefreshToken,
    /// The current time.
    pub now: Timestamp,
    /// Whether the provider limits how many requests call it at once, as in [`CodeExchange::limited`].
    pub limited: bool,
}

/// An ID token that an application on a device got from the provider's own library.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct DeviceIdToken<'a> {
    /// The token.
    pub token: &'a str,
    /// The nonce that the application chose.
    pub nonce: &'a str,
    /// The token must have been issued after this time.
    pub issued_after: Timestamp,
    /// The current time.
    pub now: Timestamp,
    /// Whether the provider limits how many requests call it at once, and how often it fetches keys: `false` for a
    /// service with [`Limits::off`](crate::Limits::off).
    pub limited: bool,
}

impl fmt::Debug for DeviceIdToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceIdToken(***)")
    }
}

/// The code of a callback.
#[derive(Clone)]
pub struct AuthorizationCode(SecretString);

impl AuthorizationCode {
    /// Wraps a code.
    pub(crate) fn new(code: String) -> Self {
        Self(code.into())
    }

    /// Returns the code, which is sent to the token endpoint only.
    #[must_use]
    pub fn secret(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for AuthorizationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorizationCode(***)")
    }
}

/// The reason why a provider did not authenticate a person. The text is logged and not sent to clients; it must contain no
/// code, token or secret.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The provider refused, failed, or sent something that is not valid.
    #[error("{0}")]
    Failed(String),
    /// The callback comes from another provider than the one that the flow was started with (mix-up, RFC 9207).
    #[error("the callback names another issuer")]
    MixUp,
    /// The provider no longer accepts a refresh token: it expired, was used, or was revoked by the user (`invalid_grant`).
    #[error("the refresh token is not valid any more")]
    GrantEnded,
    /// Too many exchanges run at once.
    #[error("too many exchanges run at once")]
    Busy,
}

impl ProviderError {
    /// Describes a failure.
    #[must_use]
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::Failed(reason.into())
    }
}
