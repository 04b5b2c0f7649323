//! The application's decisions about a request: its tenant, its backends, and whether a login may complete.

use http::request::Parts;

use super::{BoxFuture, RequestContext};
use crate::user::{AuthUser, Tenant};

/// Determines the tenant of a request, for instance from a header, a subdomain or a path segment.
///
/// Not called for user types without a field marked `#[auth(tenant)]`.
pub trait TenantOfRequest<U: AuthUser>: Send + Sync + 'static {
    /// Returns the tenant, or `None` if the request names no existing tenant; the response is then 404.
    fn tenant(&self, request: &Parts) -> Option<Tenant<U>>;
}

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

/// A condition that every login has to meet after its first factor was verified, and before a second one is requested:
/// an active account, a verified address, or a condition of the application. Gates are checked in order; the first one
/// that returns [`Verdict::Closed`] refuses the login.
pub trait Gate<U: AuthUser>: Send + Sync + 'static {
    /// Returns the name of the gate, for events.
    fn name(&self) -> &'static str;

    /// Checks the condition for `user`.
    fn check<'a>(&'a self, user: &'a U, cx: &'a RequestContext) -> BoxFuture<'a, Verdict>;
}

/// The result of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Verdict {
    /// The condition is met; the next gate is checked.
    Open,
    /// The login is refused with status 400 and this code. `LOGIN_BAD_CREDENTIALS` reveals nothing about the account.
    Closed(&'static str),
}
