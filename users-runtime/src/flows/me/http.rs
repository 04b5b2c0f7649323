//! The routes of the user's own account.

use axum::{extract::Request, response::Response};
use http::StatusCode;

use crate::{
    account::Actor,
    http::{ApiError, Handle, Incoming, Requirements, authenticate, json_response},
    user::{AuthUser, SchemaKind},
};

/// Handles `GET /me`. Responds with 200 and the read schema.
///
/// # Errors
/// 401 without a valid token of an active user, 403 for an unverified one where verification is required.
pub async fn me<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    let authenticated = authenticate(&users, &parts, Requirements::usual(&users).before_enrollment()).await?;
    Ok(json_response(StatusCode::OK, &users.read(&authenticated.user).await?))
}

/// Handles `PATCH /me`. Responds with 200 and the read schema. Changes only the fields in the body; privileged fields
/// are validated and ignored.
///
/// # Errors
/// 401 and 403 as for `GET`, 400 `UPDATE_USER_EMAIL_ALREADY_EXISTS`, 400 `UPDATE_USER_INVALID_PASSWORD` with a reason
/// (also if the current password is required), 422 for an invalid body.
pub async fn update_me<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let authenticated = incoming.authenticate(&users, Requirements::usual(&users)).await?;
    let emails = users.policy().own_or_new_email(authenticated.user.account().email);
    let update = body.schema::<U::Update>(SchemaKind::Update.fields::<U>(), &emails)?;
    let actor = Actor::Owner(&authenticated);
    let before = authenticated.user.clone();
    let user = users.apply_update(before, update, U::update, actor, incoming.cx()).await?;
    Ok(json_response(StatusCode::OK, &users.read(&user).await?))
}
