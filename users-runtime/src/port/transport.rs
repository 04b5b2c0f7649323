//! How a token travels.

use http::{HeaderMap, HeaderValue, StatusCode};

use crate::domain::AccessToken;

/// Carries a token from the server to a client and back.
pub trait Transport: Send + Sync + 'static {
    /// Finds a token in a request's headers.
    fn read(&self, headers: &HeaderMap) -> Option<AccessToken>;

    /// The answer to a successful login.
    fn grant(&self, token: &AccessToken) -> Granted;

    /// The answer to a logout.
    fn clear(&self) -> Granted;

    /// The challenge for `WWW-Authenticate` (RFC 9110 section 11.6.1), if this transport has one.
    fn challenge(&self) -> Option<HeaderValue> {
        None
    }

    /// Where the token travels, in the words of the OpenAPI document; `None` leaves the transport out of it.
    fn security_scheme(&self) -> Option<SecurityScheme> {
        None
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
pub struct Granted {
    /// Its status.
    pub status: StatusCode,
    /// Headers to add.
    pub headers: HeaderMap,
    /// A JSON text, or nothing.
    pub body: Option<String>,
}
