//! How a token travels.

use http::{HeaderMap, HeaderValue, StatusCode};

use crate::domain::{AccessToken, Origin, PublicUrl, Relaxation, Result};

/// Carries a token from the server to a client and back.
pub trait Transport: Send + Sync + 'static {
    /// Finds a token in a request's headers.
    fn read(&self, headers: &HeaderMap) -> Option<AccessToken>;

    /// The answer to a successful login.
    fn grant(&self, token: &AccessToken) -> TokenResponse;

    /// The answer to a logout.
    fn clear(&self) -> TokenResponse;

    /// The challenge for `WWW-Authenticate` (RFC 9110 section 11.6.1), if this transport has one.
    fn challenge(&self) -> Option<HeaderValue> {
        None
    }

    /// Where the token travels, in the words of the OpenAPI document; `None` leaves the transport out of it.
    fn security_scheme(&self) -> Option<SecurityScheme> {
        None
    }

    /// Whether browsers attach the token by themselves, whichever page makes the request. What changes something then
    /// counts only from the service's own pages and those of trusted origins. Default: as [`Transport::security_scheme`]
    /// says.
    fn is_sent_by_browsers(&self) -> bool {
        matches!(self.security_scheme(), Some(SecurityScheme::Cookie { .. }))
    }

    /// Origins that this transport was made for, beside those that the service trusts.
    fn trusted_origins(&self) -> &[Origin] {
        &[]
    }

    /// The rules that this transport's own settings take away, for the warning at start.
    fn relaxations(&self) -> Vec<Relaxation> {
        Vec::new()
    }

    /// Takes over what the service was told. Called once, when the service is built.
    ///
    /// # Errors
    /// [`Error::Config`](crate::domain::Error::Config) if the transport's settings do not go with it.
    fn configure(&mut self, terms: &TransportContext<'_>) -> Result<()> {
        let _ = terms;
        Ok(())
    }
}

/// What a service tells its transports when it is built.
#[derive(Debug)]
#[non_exhaustive]
pub struct TransportContext<'a> {
    /// The rules that the policy takes away.
    pub relaxed: &'a [Relaxation],
    /// Where people reach the service, if it was told.
    pub public_url: Option<&'a PublicUrl>,
    /// The most bytes that a token of the backend's strategy can have, if the strategy knows.
    pub largest_token: Option<usize>,
}

impl TransportContext<'_> {
    /// Whether the policy takes a rule away.
    #[must_use]
    pub fn allows(&self, relaxation: Relaxation) -> bool {
        self.relaxed.contains(&relaxation)
    }
}

/// Where a token travels in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecurityScheme {
    /// In the `Authorization` header, as `Bearer …`.
    Bearer,
    /// In a cookie.
    Cookie {
        /// The cookie's name.
        name: String,
    },
    /// In a header of its own.
    Header {
        /// The header's name.
        name: String,
    },
}

/// An answer that hands a token out or takes it back.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TokenResponse {
    /// Its status.
    pub status: StatusCode,
    /// Headers to add.
    pub headers: HeaderMap,
    /// A JSON text, or nothing.
    pub body: Option<String>,
}

impl TokenResponse {
    /// A response with this status, without headers and body.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: None }
    }
}
