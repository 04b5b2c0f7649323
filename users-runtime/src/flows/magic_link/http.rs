//! The routes of magic links.

use axum::{Extension, extract::Request, response::Response};
use http::StatusCode;
use serde::Deserialize;

use super::BAD_TOKEN;
use crate::{
    account::MailedLoginError,
    domain::{Limit, MagicLinkToken, field::Field},
    event::EventKind,
    http::{ApiError, Handle, Incoming, RouteBackend, ensure_own_page, null, of_mailed_login, token_response},
    user::{AuthUser, Schema},
};

/// The body of `POST /magic-link`.
#[derive(Deserialize)]
pub(crate) struct RequestMagicLink {}

impl Schema for RequestMagicLink {
    const FIELDS: &'static [Field] = &[Field::email().required()];
}

/// The body of `POST /magic-link/redeem`.
#[derive(Deserialize)]
pub(crate) struct RedeemMagicLink {
    token: String,
    otp: Option<String>,
}

impl Schema for RedeemMagicLink {
    const FIELDS: &'static [Field] = &[Field::token().required(), Field::token_named("otp")];
}

/// Handles `POST /magic-link` with `{"email"}`. Responds with 202 and `null`, whether or not an account has the address.
///
/// # Errors
/// 403 `CSRF_ORIGIN_REFUSED` at a cookie backend for a request from another site, 422 for a malformed address, 429 after too
/// many requests from one address, 503 if the mail queue is full.
pub async fn request_magic_link<U: AuthUser>(
    Handle(users): Handle<U>,
    Extension(RouteBackend(index)): Extension<RouteBackend>,
    request: Request,
) -> Result<Response, ApiError> {
    let backend = users.inner().backends.get(index).ok_or(ApiError::Internal)?;
    let request = ensure_own_page(&users, backend, request)?;
    let (incoming, body) = Incoming::json(request).await?;
    let (RequestMagicLink {}, email) = body.embedded(&users.policy().stored_email())?.with_email()?;
    let _counted = users.count_by_address(Limit::MailedLogin, EventKind::RequestMagicLink, incoming.cx()).await?;
    users.request_magic_link(email, incoming.cx()).await?;
    Ok(null(StatusCode::ACCEPTED))
}

/// Handles `POST /magic-link/redeem` with `{"token"}`, and `otp` if the user has a second factor. Responds as a login.
///
/// # Errors
/// 403 `CSRF_ORIGIN_REFUSED` as for `POST /magic-link`, 400 `MAGIC_LINK_BAD_TOKEN`, 400 `LOGIN_MFA_REQUIRED` or
/// `LOGIN_MFA_BAD_CODE` for a right token, which can be reused, 400 with the code of a gate of the application, 422 for
/// an invalid body, 429 after too many wrong tokens from one address, 503 if a storage is not available.
pub async fn redeem_magic_link<U: AuthUser>(
    Handle(users): Handle<U>,
    Extension(RouteBackend(index)): Extension<RouteBackend>,
    request: Request,
) -> Result<Response, ApiError> {
    let backend = users.inner().backends.get(index).ok_or(ApiError::Internal)?;
    let request = ensure_own_page(&users, backend, request)?;
    let held = backend.held_by_browser(request.headers());
    let (incoming, body) = Incoming::json(request).await?;
    let RedeemMagicLink { token, otp } = body.embedded(users.policy().new_email())?.input;
    let counted = users.count_by_address(Limit::Verify, EventKind::Login, incoming.cx()).await?;
    let token = MagicLinkToken::new(token);
    let redeemed = users.redeem_magic_link(backend, &token, otp.as_deref(), held, incoming.cx()).await;
    // Only wrong tokens are counted.
    if !matches!(redeemed, Err(MailedLoginError::BadSecret)) {
        users.give_back(counted).await;
    }
    Ok(token_response(redeemed.map_err(|error| of_mailed_login(error, BAD_TOKEN.code))?))
}
