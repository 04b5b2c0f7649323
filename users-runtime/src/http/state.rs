//! Access to the users in a router's state, for routes and extractors.

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;

use super::{ApiError, client::determine_client};
use crate::{service::Users, user::AuthUser};

/// A router state that holds [`Users<U>`]: the handle itself, or a struct of the application.
///
/// Implemented for every state from which axum's [`FromRef`] gets the handle. Do not implement it by hand.
#[diagnostic::on_unimplemented(
    message = "the router's state `{Self}` does not hold `Users<{U}>`",
    label = "this state has no `Users<{U}>`",
    note = "call `.with_state(users)`, or add a field `users: Users<{U}>` to the state and `impl FromRef<{Self}> for Users<{U}>`"
)]
pub trait HasUsers<U: AuthUser>: Clone + Send + Sync + 'static {
    /// Returns the handle.
    fn users(&self) -> Users<U>;
}

#[diagnostic::do_not_recommend]
impl<S, U> HasUsers<U> for S
where
    U: AuthUser,
    Users<U>: FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    fn users(&self) -> Users<U> {
        Users::from_ref(self)
    }
}

/// The handle, in the signature of the library's handlers.
#[derive(Debug)]
pub struct Handle<U: AuthUser>(pub(crate) Users<U>);

impl<S: HasUsers<U>, U: AuthUser> FromRequestParts<S> for Handle<U> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(Self(users_of(state, parts)?))
    }
}

/// The handle for a request. For users with tenants (`#[auth(tenant)]`) it is bound to the request's tenant, whereas
/// `State<Users<U>>` is a handle without a tenant, which finds no user.
impl<S: HasUsers<U>, U: AuthUser> FromRequestParts<S> for Users<U> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        users_of(state, parts)
    }
}

/// Returns the handle for a request, bound to its tenant, and determines the client's address. All routes and extractors use
/// this function.
///
/// # Errors
/// 404 if users have tenants and the request has none. The response must not reveal whether a token, an address or a
/// body would be valid, and 401 would suggest a login that cannot succeed.
pub(super) fn users_of<S: HasUsers<U>, U: AuthUser>(state: &S, request: &mut Parts) -> Result<Users<U>, ApiError> {
    let users = state.users();
    determine_client(&users.inner().clients, &request.headers, &mut request.extensions);
    users.for_request(request)?.ok_or(ApiError::NotFound)
}
