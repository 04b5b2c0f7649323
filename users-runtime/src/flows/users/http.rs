//! The routes of other users' accounts.

use axum::{extract::Request, response::Response};
use http::{Method, StatusCode};
use serde_json::Value;

use crate::{
    account::{Actor, UpdateError},
    domain::UserId,
    http::{ApiError, Handle, IdText, Incoming, Requirements, json_response, no_content},
    port::{Damaged, StoreError},
    service::Users,
    user::{AuthUser, Columns, SchemaKind},
};

/// Handles `GET /{id}`. Responds with 200 and the read schema.
///
/// # Errors
/// 401 without a valid token, 403 for users who are not superusers, 404 for an unknown or malformed id.
pub async fn user_by_id<U: AuthUser>(
    Handle(users): Handle<U>,
    IdText(id): IdText,
    request: Request,
) -> Result<Response, ApiError> {
    let caller = Incoming::bare(request).authenticate(&users, Requirements::usual_superuser(&users)).await?;
    shown(&users, &find_by_id(&users, id, caller.user.id()).await?).await
}

/// Handles `PATCH /{id}`. Responds with 200 and the read schema. Accepts the flags as well; an explicit `is_verified`
/// takes effect even if the same request changes the address. A new password or address for the caller's own account
/// needs a recent login, as in `PATCH /me`.
///
/// # Errors
/// 401, 403 and 404 as for `GET`, 400 and 422 as for `PATCH /me`.
pub async fn update_user<U: AuthUser>(
    Handle(users): Handle<U>,
    IdText(id): IdText,
    request: Request,
) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let caller = incoming.authenticate(&users, Requirements::usual_superuser(&users)).await?;
    let user = find_by_id(&users, id.clone(), caller.user.id()).await?.user;
    let emails = users.policy().own_or_new_email(user.account().email);
    let update = body.schema::<U::AdminUpdate>(SchemaKind::AdminUpdate.fields::<U>(), &emails)?;
    // The caller's own account is protected as in `PATCH /me`: a stolen session must not be enough to take it over.
    let actor = if user.id() == caller.user.id() { Actor::Owner(&caller) } else { Actor::Admin };
    match users.apply_update(user, update, U::admin_update, actor, incoming.cx()).await {
        // The change is stored. Other values still cannot be read.
        Err(UpdateError::Store(StoreError::Unreadable { .. })) => {
            shown(&users, &find_by_id(&users, id, caller.user.id()).await?).await
        }
        user => Ok(json_response(StatusCode::OK, &users.read(&user?).await?)),
    }
}

/// Handles `DELETE /{id}`. Responds with 204. Superusers may delete themselves.
///
/// # Errors
/// 401, 403 and 404 as for `GET`.
pub async fn delete_user<U: AuthUser>(
    Handle(users): Handle<U>,
    IdText(id): IdText,
    request: Request,
) -> Result<Response, ApiError> {
    delete_by_id(&users, id, Incoming::bare(request)).await
}

/// Handles the methods that `/me` does not support. fastapi-users routes `DELETE /users/me` to the route with an id,
/// and `me` is not an id; other methods get 405.
///
/// This is a fallback and not a route, so that an application can add its own `DELETE /users/me`.
///
/// # Errors
/// For `DELETE`, as for `DELETE /{id}` with an unknown id. 405 for other methods.
pub async fn me_as_id<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    if request.method() == Method::DELETE {
        return delete_by_id(&users, Some("me".to_owned()), Incoming::bare(request)).await;
    }
    Err(ApiError::MethodNotAllowed)
}

/// Returns the user with this id. An id that does not parse is treated as unknown. Values that cannot be read are taken
/// from the caller.
async fn find_by_id<U: AuthUser>(users: &Users<U>, id: Option<String>, caller: U::Id) -> Result<Damaged<U>, ApiError> {
    let id = id.as_deref().and_then(U::Id::parse).ok_or(ApiError::NotFound)?;
    match users.get(id.clone()).await {
        Err(error @ StoreError::Unreadable { .. }) => {
            users.inner().store.find_damaged(id, caller).await?.ok_or_else(|| error.into())
        }
        found => Ok(Damaged::new(found?.ok_or(ApiError::NotFound)?, Columns::NONE)),
    }
}

/// Responds with the read schema, and null for values that cannot be read.
async fn shown<U: AuthUser>(users: &Users<U>, found: &Damaged<U>) -> Result<Response, ApiError> {
    const ROLES: [&str; Columns::ROLES] =
        ["id", "email", "hashed_password", "is_active", "is_superuser", "is_verified"];
    let read = users.read(&found.user).await?;
    if found.columns.is_empty() {
        return Ok(json_response(StatusCode::OK, &read));
    }
    let mut read = serde_json::to_value(read).map_err(|_| ApiError::Internal)?;
    let names = ROLES.into_iter().chain(U::CUSTOM_FIELDS.iter().map(|field| field.name));
    for (_, name) in names.enumerate().filter(|(index, _)| found.columns.contains(*index)) {
        if let Some(value) = read.get_mut(name) {
            *value = Value::Null;
        }
    }
    Ok(json_response(StatusCode::OK, &read))
}

/// Deletes the user with this id for a superuser.
async fn delete_by_id<U: AuthUser>(
    users: &Users<U>,
    id: Option<String>,
    incoming: Incoming,
) -> Result<Response, ApiError> {
    let caller = incoming.authenticate(users, Requirements::usual_superuser(users)).await?.user.id();
    let user = find_by_id(users, id, caller).await?.user;
    users.delete_user(&user, incoming.cx()).await?;
    Ok(no_content())
}
