//! The routes for other people's accounts.

use axum::{extract::Request, response::Response};
use http::StatusCode;

use crate::{
    account::Actor,
    http::{ApiError, Handle, IdText, Incoming, Requirements, answer, delete_by_id, find_by_id},
    user::AuthUser,
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
    Incoming::bare(request).authenticate(&users, Requirements::superuser(&users)).await?;
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
    incoming.authenticate(&users, Requirements::superuser(&users)).await?;
    let user = find_by_id(&users, id).await?;
    let change = body.schema::<U::AdminUpdate>(users.policy().email_rules())?;
    let user = users.apply_update(user, change, Actor::Admin, incoming.cx()).await?;
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
