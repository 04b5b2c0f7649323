//! Which tenant a request is for.

use http::request::Parts;

use crate::user::{AuthUser, Tenant};

/// Tells which tenant a request is for: by a header, a subdomain, a part of the path.
///
/// Not asked for user types without a field marked `#[auth(tenant)]`.
pub trait TenantOfRequest<U: AuthUser>: Send + Sync + 'static {
    /// The tenant, or `None` if the request names none that exists; it is then answered with 404.
    fn tenant(&self, request: &Parts) -> Option<Tenant<U>>;
}
