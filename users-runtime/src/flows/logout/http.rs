//! The route of logout.

use axum::{
    Extension,
    extract::Request,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::logic::{Leaving, LogoutError};
use crate::{
    domain::{RefreshToken, field::Field},
    event::{EventKind, SecurityEvent},
    http::{ApiError, Handle, Incoming, Requirements, RouteBackend, ensure_own_page, token_response},
    service::{ActiveBackend, Authenticated, Users},
    user::{AuthUser, Schema},
};

/// The body of a client whose access token may have expired, where refresh tokens are not in a cookie.
#[derive(Deserialize)]
pub(crate) struct LogoutBody {
    refresh_token: Option<String>,
}

impl Schema for LogoutBody {
    const FIELDS: &'static [Field] = &[Field::token_named("refresh_token")];
}

/// Handles `POST /logout`. Responds with 204. At a backend with refresh tokens, one of them ends the session if there is no valid
/// access token: that of the cookie, or of the optional body `{"refresh_token"}`.
///
/// # Errors
/// 403 `CSRF_ORIGIN_REFUSED` at a cookie backend for a request from another site, 401 without a valid token, 403 for an
/// unverified user where verification is required, 422 for an invalid body, 503 if the token could not be revoked. With refresh
/// tokens, 401 deletes the cookies as well.
pub async fn logout<U: AuthUser>(
    Handle(users): Handle<U>,
    Extension(RouteBackend(index)): Extension<RouteBackend>,
    request: Request,
) -> Result<Response, ApiError> {
    let backend = users.inner().backends.get(index).ok_or(ApiError::Internal)?;
    let request = ensure_own_page(&users, backend, request)?;
    let in_body = backend.refresh.is_some() && !backend.transport.is_sent_by_browsers();
    let in_cookie = backend.held_by_browser(request.headers()).and_then(|held| held.refresh);
    let (incoming, body) = if in_body {
        Incoming::json(request).await.map(|(incoming, body)| (incoming, Some(body)))?
    } else {
        (Incoming::bare(request), None)
    };
    let refused = match incoming.authenticate(&users, Requirements::usual(&users).before_enrollment()).await {
        Ok(Authenticated { user, session, token, backend, .. }) => {
            let leaving = Leaving { user: &user, session: &session, backend, token: Some(&token) };
            return Ok(token_response(users.logout(index, &leaving, incoming.cx()).await?));
        }
        Err(refused @ ApiError::Unauthorized { .. }) if backend.refresh.is_some() => refused,
        Err(error) => return Err(error),
    };
    let token = match body {
        Some(body) => body.embedded::<LogoutBody>(users.policy().new_email())?.input.refresh_token,
        None => None,
    };
    if let Some(token) = in_cookie.or(token.map(RefreshToken::new)) {
        if let Some(response) = with_refresh_token(&users, index, backend, &token, &incoming).await? {
            return Ok(response);
        }
        let event = SecurityEvent::new(EventKind::BadToken, incoming.cx()).refused("bad token");
        users.record(&event.at(&backend.name));
    }
    // The browser must not keep tokens that only a refresh would detect as invalid.
    let mut response = refused.into_response();
    response.headers_mut().extend(backend.transport.clear().headers);
    Ok(response)
}

/// Logs out the holder of a refresh token. Returns `None` if it is not one of a login that can be ended.
async fn with_refresh_token<U: AuthUser>(
    users: &Users<U>,
    index: usize,
    backend: &ActiveBackend,
    token: &RefreshToken,
    incoming: &Incoming,
) -> Result<Option<Response>, ApiError> {
    let Some((found, session)) = users.find_by_refresh(backend, token).await? else { return Ok(None) };
    incoming.authenticated_as(&found.user, &session);
    let leaving = Leaving { user: &found.user, session: &session, backend: index, token: None };
    Ok(Some(token_response(users.logout(index, &leaving, incoming.cx()).await?)))
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
