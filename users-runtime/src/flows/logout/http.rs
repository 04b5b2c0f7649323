//! The route of logout.

use axum::{Extension, extract::Request, response::Response};

use super::logic::LogoutError;
use crate::{
    http::{ApiError, Handle, Incoming, Requirements, RouteBackend, ensure_own_page, token_response},
    user::AuthUser,
};

/// Handles `POST /logout`, which has no body. Responds with 204.
///
/// # Errors
/// 403 `CSRF_ORIGIN_REFUSED` at a cookie backend for a request from another site, 401 without a valid token, 403 for an
/// unverified user where verification is required, 503 if the token could not be revoked.
pub async fn logout<U: AuthUser>(
    Handle(users): Handle<U>,
    Extension(RouteBackend(index)): Extension<RouteBackend>,
    request: Request,
) -> Result<Response, ApiError> {
    let backend = users.inner().backends.get(index).ok_or(ApiError::Internal)?;
    let incoming = Incoming::bare(ensure_own_page(&users, backend, request)?);
    let authenticated = incoming.authenticate(&users, Requirements::usual(&users)).await?;
    let response = users.logout(index, &authenticated, incoming.cx()).await?;
    Ok(token_response(response))
}

impl From<LogoutError> for ApiError {
    fn from(error: LogoutError) -> Self {
        match error {
            LogoutError::Backend => Self::Internal,
            LogoutError::Strategy(error) => error.into(),
            LogoutError::Hook(error) => error.into(),
        }
    }
}
