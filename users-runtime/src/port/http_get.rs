//! Fetches a short text over HTTP.

use super::BoxFuture;

/// An HTTP client for short texts. The application provides it, so that services which need none do not compile one.
///
/// An implementation must limit the time (3 s to connect, 10 s in total) and the size of the body (1 MiB), follow no
/// redirects, and verify certificates.
pub trait HttpGet: Send + Sync + 'static {
    /// Sends a GET request with these headers and returns the body of a response with status 200.
    ///
    /// # Errors
    /// [`HttpGetFailed`] for any other status, and if there is no response.
    fn get<'a>(
        &'a self,
        url: &'a str,
        headers: &'a [(&'static str, &'static str)],
    ) -> BoxFuture<'a, Result<String, HttpGetFailed>>;
}

/// The request failed. The text is logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HttpGetFailed(pub String);
