//! Selects the authentication backends that a request may use.

use http::request::Parts;

use super::BoxFuture;

/// Selects, for each request, the backends whose tokens are accepted (fastapi-users' `get_enabled_backends`).
///
/// Implemented by every function `Fn(&http::request::Parts, &str) -> bool`. Implement the trait yourself if the
/// decision needs I/O, such as a database query.
pub trait EnabledBackends: Send + Sync + 'static {
    /// Returns `true` if tokens of the backend named `backend` are accepted on `request`.
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
