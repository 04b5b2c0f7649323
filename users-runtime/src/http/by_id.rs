//! Accounts by the id in a path.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, Path},
    response::Response,
};
use http::request::Parts;

use super::{ApiError, Incoming, Requirements, answer::no_content};
use crate::{domain::UserId, service::Users, user::AuthUser};

/// The id as it stands in the path; `None` if it is not even text, which is an unknown id like any other.
#[derive(Debug)]
pub struct IdText(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdText {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self(Path::<String>::from_request_parts(parts, state).await.ok().map(|Path(id)| id)))
    }
}

/// The user with this id. Unknown and unparsable are both 404 (contract.md 6.5).
pub(crate) async fn find_by_id<U: AuthUser>(users: &Users<U>, id: Option<String>) -> Result<U, ApiError> {
    let id = id.as_deref().and_then(U::Id::parse).ok_or(ApiError::NotFound)?;
    users.get(id).await?.ok_or(ApiError::NotFound)
}

/// Deletes the user with this id on behalf of a superuser.
pub(crate) async fn delete_by_id<U: AuthUser>(
    users: &Users<U>,
    id: Option<String>,
    incoming: Incoming,
) -> Result<Response, ApiError> {
    incoming.authenticate(users, Requirements::superuser(users)).await?;
    let user = find_by_id(users, id).await?;
    users.delete_user(&user, incoming.cx()).await?;
    Ok(no_content())
}
