//! Fetching one short text over HTTP.

use super::BoxFuture;

/// Fetches a text. The application brings the client, so that no client is in the tree of those who need none.
///
/// An implementation limits the time (3 s to connect, 10 s in all) and the size (1 MiB), follows no redirects, and
/// verifies certificates.
pub trait HttpGet: Send + Sync + 'static {
    /// Sends a GET request with these headers and gives the body of an answer with status 200.
    ///
    /// # Errors
    /// [`HttpGetFailed`] for every other status, and if there is no answer.
    fn get<'a>(
        &'a self,
        url: &'a str,
        headers: &'a [(&'static str, &'static str)],
    ) -> BoxFuture<'a, Result<String, HttpGetFailed>>;
}

/// Nothing was fetched. The text is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HttpGetFailed(pub String);
