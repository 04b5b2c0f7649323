//! The route of a logout.

use axum::{Extension, extract::Request, response::Response};

use super::logic::LogoutError;
use crate::{
    http::{ApiError, Handle, Incoming, Requirements, RouteBackend, ensure_own_page, granted},
    user::AuthUser,
};

/// `POST /logout`, without a body: 204.
///
/// # Errors
/// 403 `CSRF_ORIGIN_REFUSED` at a cookie backend, 401 without a live token, 403 for an unverified user where verification is required, 503 if the token could not be
/// killed for sure.
pub async fn logout<U: AuthUser>(
    Handle(users): Handle<U>,
    Extension(RouteBackend(index)): Extension<RouteBackend>,
    request: Request,
) -> Result<Response, ApiError> {
    let backend = users.inner().backends.get(index).ok_or(ApiError::Internal)?;
    let incoming = Incoming::bare(ensure_own_page(backend, request)?);
    let authenticated = incoming.authenticate(&users, Requirements::usual(&users)).await?;
    let answer = users.logout(index, &authenticated, incoming.cx()).await?;
    Ok(granted(answer))
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
