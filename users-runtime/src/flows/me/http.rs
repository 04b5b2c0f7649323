//! The routes of one's own account.

use axum::{extract::Request, response::Response};
use http::StatusCode;

use crate::{
    account::Actor,
    http::{ApiError, Handle, Incoming, Requirements, answer},
    user::{AuthUser, SchemaKind},
};

/// `GET /me`: 200 with the read schema.
///
/// # Errors
/// 401 without a live token of an active user, 403 for an unverified one where verification is required.
pub async fn me<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let authenticated = Incoming::bare(request).authenticate(&users, Requirements::usual(&users)).await?;
    Ok(answer(StatusCode::OK, &authenticated.user.read()))
}

/// `PATCH /me`: 200 with the read schema. Only fields that the body has are changed; privileged ones are checked and
/// dropped.
///
/// # Errors
/// 401, 403 as for `GET`, 400 `UPDATE_USER_EMAIL_ALREADY_EXISTS`, 400 `UPDATE_USER_INVALID_PASSWORD` with a reason (also
/// when the present password is asked for), 422.
pub async fn update_me<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let authenticated = incoming.authenticate(&users, Requirements::usual(&users)).await?;
    let update = body.schema::<U::Update>(SchemaKind::Update.fields::<U>(), users.policy().email_rules())?;
    let actor = Actor::Owner(&authenticated);
    let before = authenticated.user.clone();
    let user = users.apply_update(before, update, U::update, actor, incoming.cx()).await?;
    Ok(answer(StatusCode::OK, &user.read()))
}
