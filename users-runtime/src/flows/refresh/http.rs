//! The route of a refresh.

use axum::{Extension, extract::Request, response::Response};
use serde::Deserialize;

use super::logic::RefreshError;
use crate::{
    domain::{RefreshToken, field::Field},
    http::{ApiError, Handle, Incoming, RouteBackend, bad_refresh_token, ensure_own_page, token_response},
    user::{AuthUser, Schema},
};

/// The body of `POST /refresh`, where the token is not in a cookie.
#[derive(Deserialize)]
pub(crate) struct RefreshBody {
    refresh_token: String,
}

impl Schema for RefreshBody {
    const FIELDS: &'static [Field] = &[Field::token_named("refresh_token").required()];
}

/// Handles `POST /refresh` with `{"refresh_token"}`, or at a cookie backend with the cookie and no body. Responds as a login.
///
/// # Errors
/// 403 `CSRF_ORIGIN_REFUSED` at a cookie backend for a request from another site, 401 `REFRESH_BAD_TOKEN` for a token that
/// is invalid, expired, or used before, and if the login has ended; 422 for an invalid body, 429 with `Retry-After` beyond
/// the limit `refresh`, 503 if a storage is not available: the same token works again within the grace period.
pub async fn refresh<U: AuthUser>(
    Handle(users): Handle<U>,
    Extension(RouteBackend(index)): Extension<RouteBackend>,
    request: Request,
) -> Result<Response, ApiError> {
    let backend = users.inner().backends.get(index).ok_or(ApiError::Internal)?;
    let request = ensure_own_page(&users, backend, request)?;
    let (incoming, token) = if backend.transport.is_sent_by_browsers() {
        let token = backend.transport.read_refresh(request.headers());
        (Incoming::bare(request), token)
    } else {
        let (incoming, body) = Incoming::json(request).await?;
        let RefreshBody { refresh_token } = body.embedded(users.policy().new_email())?.input;
        (incoming, Some(RefreshToken::new(refresh_token)))
    };
    match users.refresh(backend, token, incoming.cx()).await {
        Ok(response) => Ok(token_response(response)),
        Err(RefreshError::BadToken) => Err(bad_refresh_token(&users)),
        Err(RefreshError::Limited(limited)) => Err(limited.into()),
        Err(RefreshError::Store(error)) => Err(error.into()),
        Err(RefreshError::Strategy(error)) => Err(error.into()),
    }
}
