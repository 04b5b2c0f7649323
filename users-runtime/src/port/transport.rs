//! Token transports: how a token travels in requests and responses.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};

use crate::domain::{AccessToken, PublicUrl, RefreshToken, Relaxation, Result, TrustedOrigins};

/// Carries tokens between the server and its clients.
pub trait Transport: Send + Sync + 'static {
    /// Returns the token in the headers of a request, if there is one.
    fn read(&self, headers: &HeaderMap) -> Option<AccessToken>;

    /// Returns the response to a successful login.
    fn grant(&self, token: &AccessToken) -> TokenResponse;

    /// Returns the response to a logout.
    fn clear(&self) -> TokenResponse;

    /// Returns whether the transport carries refresh tokens. The default is `false`: a backend with refresh tokens cannot be built
    /// with it.
    fn carries_refresh(&self) -> bool {
        false
    }

    /// Returns the response to a login or a refresh at a backend with refresh tokens.
    fn grant_refreshable(&self, token: &AccessToken, refresh: &RefreshGrant<'_>) -> TokenResponse {
        let _ = refresh;
        self.grant(token)
    }

    /// Returns the refresh token in the headers of a request, if the transport sends it there. Otherwise it is in the body.
    fn read_refresh(&self, headers: &HeaderMap) -> Option<RefreshToken> {
        let _ = headers;
        None
    }

    /// Returns the challenge for `WWW-Authenticate` ([RFC 9110 section
    /// 11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1)), if this transport has one.
    fn challenge(&self) -> Option<HeaderValue> {
        None
    }

    /// Returns the security scheme for the OpenAPI document; `None` omits the transport from it.
    fn security_scheme(&self) -> Option<SecurityScheme> {
        None
    }

    /// Returns `true` if browsers attach the token automatically, also to cross-site requests. Requests that change
    /// state are then accepted only from the service's own origin and trusted origins, as a protection against CSRF.
    /// The default is `true` for [`SecurityScheme::Cookie`].
    fn is_sent_by_browsers(&self) -> bool {
        matches!(self.security_scheme(), Some(SecurityScheme::Cookie { .. }))
    }

    /// Returns origins that this transport trusts, in addition to those that the service trusts.
    fn trusted_origins(&self) -> Option<&TrustedOrigins> {
        None
    }

    /// Returns the security rules that this transport's settings relax, for the warning at startup.
    fn relaxations(&self) -> Vec<Relaxation> {
        Vec::new()
    }

    /// Applies settings of the service. Called once, when the service is built.
    ///
    /// # Errors
    /// [`Error::Config`](crate::domain::Error::Config) if the transport's settings conflict with those of the service.
    fn configure(&mut self, context: &TransportContext<'_>) -> Result<()> {
        let _ = context;
        Ok(())
    }
}

/// The settings that a service passes to its transports when it is built.
#[derive(Debug)]
#[non_exhaustive]
pub struct TransportContext<'a> {
    /// The security rules that the policy relaxes.
    pub relaxed: &'a [Relaxation],
    /// The public URL of the service, if it is configured.
    pub public_url: Option<&'a PublicUrl>,
    /// The path under which clients reach the routes, without a slash at the end; empty if there is none.
    pub base_path: &'a str,
    /// The size in bytes of the largest token of the backend's strategy, if it is known.
    pub largest_token: Option<usize>,
    /// The settings for a transport of refresh tokens, if the backend has them.
    pub refresh: Option<RefreshContext<'a>>,
}

/// The settings for a transport of refresh tokens.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RefreshContext<'a> {
    /// The common path of the routes of the backend as browsers see it: login, logout and refresh need the token.
    pub path: &'a str,
    /// The time for which a client keeps the token: from its issue to its expiry.
    pub keep: Duration,
}

impl<'a> RefreshContext<'a> {
    pub(crate) fn new(path: &'a str, keep: Duration) -> Self {
        Self { path, keep }
    }
}

/// A refresh token beside an access token.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RefreshGrant<'a> {
    /// The refresh token.
    pub token: &'a RefreshToken,
    /// The seconds from the issue of the access token to its expiry, if they are known.
    pub expires_in: Option<u64>,
}

impl<'a> RefreshGrant<'a> {
    pub(crate) fn new(token: &'a RefreshToken, expires_in: Option<u64>) -> Self {
        Self { token, expires_in }
    }
}

impl TransportContext<'_> {
    /// Returns `true` if the policy relaxes this rule.
    #[must_use]
    pub fn allows(&self, relaxation: Relaxation) -> bool {
        self.relaxed.contains(&relaxation)
    }
}

/// The place of a token in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecurityScheme {
    /// In the `Authorization` header, as `Bearer …`.
    Bearer,
    /// In a cookie.
    Cookie {
        /// The cookie's name.
        name: String,
    },
    /// In a custom header.
    Header {
        /// The header's name.
        name: String,
    },
}

/// A response that issues a token or revokes it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TokenResponse {
    /// The status code.
    pub status: StatusCode,
    /// The headers to add.
    pub headers: HeaderMap,
    /// The JSON body, if any.
    pub body: Option<String>,
}

impl TokenResponse {
    /// A response with this status, without headers and body.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: None }
    }
}
