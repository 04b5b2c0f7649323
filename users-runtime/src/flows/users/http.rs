//! The routes for other people's accounts.

use axum::{extract::Request, response::Response};
use http::{Method, StatusCode};

use crate::{
    account::Actor,
    domain::UserId,
    http::{ApiError, Handle, IdText, Incoming, Requirements, answer, no_content},
    service::Users,
    user::{AuthUser, SchemaKind},
};

/// `GET /{id}`: 200 with the read schema.
///
/// # Errors
/// 401, 403 for anybody but a superuser, 404 for an unknown or malformed id.
pub async fn user_by_id<U: AuthUser>(
    Handle(users): Handle<U>,
    IdText(id): IdText,
    request: Request,
) -> Result<Response, ApiError> {
    Incoming::bare(request).authenticate(&users, Requirements::usual_superuser(&users)).await?;
    Ok(answer(StatusCode::OK, &find_by_id(&users, id).await?.read()))
}

/// `PATCH /{id}`: 200 with the read schema. Takes the flags as well; an explicit `is_verified` survives a change of the
/// address in the same request.
///
/// # Errors
/// 401, 403, 404 as for `GET`, 400 and 422 as for `PATCH /me`.
pub async fn update_user<U: AuthUser>(
    Handle(users): Handle<U>,
    IdText(id): IdText,
    request: Request,
) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    incoming.authenticate(&users, Requirements::usual_superuser(&users)).await?;
    let user = find_by_id(&users, id).await?;
    let update = body.schema::<U::AdminUpdate>(SchemaKind::AdminUpdate.fields::<U>(), users.policy().email_rules())?;
    let user = users.apply_update(user, update, U::admin_update, Actor::Admin, incoming.cx()).await?;
    Ok(answer(StatusCode::OK, &user.read()))
}

/// `DELETE /{id}`: 204. A superuser may delete itself.
///
/// # Errors
/// 401, 403, 404 as for `GET`.
pub async fn delete_user<U: AuthUser>(
    Handle(users): Handle<U>,
    IdText(id): IdText,
    request: Request,
) -> Result<Response, ApiError> {
    delete_by_id(&users, id, Incoming::bare(request)).await
}

/// The fallback of `/me`. fastapi-users routes `DELETE /users/me` to the route with an id, which `me` is not; other methods
/// are 405.
///
/// A fallback and not a route, so that an application can add its own `DELETE /users/me`.
///
/// # Errors
/// For `DELETE` as for `DELETE /{id}` with an id that nobody has; 405 else.
pub async fn me_as_id<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    if request.method() == Method::DELETE {
        return delete_by_id(&users, Some("me".to_owned()), Incoming::bare(request)).await;
    }
    Err(ApiError::MethodNotAllowed)
}

/// Returns the user with this id. An id that does not parse is unknown, too.
async fn find_by_id<U: AuthUser>(users: &Users<U>, id: Option<String>) -> Result<U, ApiError> {
    let id = id.as_deref().and_then(U::Id::parse).ok_or(ApiError::NotFound)?;
    users.get(id).await?.ok_or(ApiError::NotFound)
}

/// Deletes the user with this id for a superuser.
async fn delete_by_id<U: AuthUser>(
    users: &Users<U>,
    id: Option<String>,
    incoming: Incoming,
) -> Result<Response, ApiError> {
    incoming.authenticate(users, Requirements::usual_superuser(users)).await?;
    let user = find_by_id(users, id).await?;
    users.delete_user(&user, incoming.cx()).await?;
    Ok(no_content())
}
