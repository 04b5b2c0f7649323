//! Which backends count for a request.

use http::request::Parts;

use super::BoxFuture;

/// Decides for each request whether a backend's tokens count (fastapi-users' `get_enabled_backends`).
///
/// A function `Fn(&http::request::Parts, &str) -> bool` is one. Implement the trait to ask a database.
pub trait EnabledBackends: Send + Sync + 'static {
    /// Whether the backend named `backend` is enabled for `request`.
    fn is_enabled<'a>(&'a self, request: &'a Parts, backend: &'a str) -> BoxFuture<'a, bool>;
}

impl<F> EnabledBackends for F
where
    F: Fn(&Parts, &str) -> bool + Send + Sync + 'static,
{
    fn is_enabled<'a>(&'a self, request: &'a Parts, backend: &'a str) -> BoxFuture<'a, bool> {
        let enabled = self(request, backend);
        Box::pin(std::future::ready(enabled))
    }
}
