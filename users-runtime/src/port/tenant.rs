//! Determines the tenant of a request.

use http::request::Parts;

use crate::user::{AuthUser, Tenant};

/// Determines the tenant of a request, for instance from a header, a subdomain or a path segment.
///
/// Not called for user types without a field marked `#[auth(tenant)]`.
pub trait TenantOfRequest<U: AuthUser>: Send + Sync + 'static {
    /// Returns the tenant, or `None` if the request names no existing tenant; the response is then 404.
    fn tenant(&self, request: &Parts) -> Option<Tenant<U>>;
}
