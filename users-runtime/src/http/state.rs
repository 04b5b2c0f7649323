//! How routes and extractors find the users in a router's state.

use std::convert::Infallible;

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;

use crate::{manager::Users, user::AuthUser};

/// A router state that holds [`Users<U>`]: the handle itself, or a struct of the application's own.
///
/// Every state from which axum's [`FromRef`] yields the handle is one; nobody implements this trait by hand.
#[diagnostic::on_unimplemented(
    message = "the router's state `{Self}` does not hold `Users<{U}>`",
    label = "this state has no `Users<{U}>`",
    note = "help: `.with_state(users)`, or add a field `users: Users<{U}>` to the state and `impl FromRef<{Self}> for Users<{U}>`"
)]
pub trait HasUsers<U: AuthUser>: Clone + Send + Sync + 'static {
    /// The handle.
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

/// The handle, in the signature of the library's own handlers.
#[derive(Debug)]
pub struct Handle<U: AuthUser>(pub(crate) Users<U>);

impl<S: HasUsers<U>, U: AuthUser> FromRequestParts<S> for Handle<U> {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self(state.users()))
    }
}
