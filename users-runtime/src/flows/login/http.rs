//! The route of login.

use axum::{Extension, extract::Request, response::Response};

use super::logic::{Credentials, LoginError};
use crate::{
    http::{ApiError, Handle, Incoming, LoginForm, Repeated, RouteBackend, ensure_own_page, token_response},
    user::AuthUser,
};

/// Handles `POST /login` with a form of `username` (the address) and `password`, and `otp` if the user has a second factor. Responds with the token as the
/// transport sends it.
///
/// # Errors
/// 403 `CSRF_ORIGIN_REFUSED` at a cookie backend for a request from another site, 400 `LOGIN_BAD_CREDENTIALS`, 400 with
/// a gate's code such as `LOGIN_USER_NOT_VERIFIED`, 400 `LOGIN_MFA_REQUIRED` or `LOGIN_MFA_BAD_CODE` after a right password, 400 `LOGIN_PASSWORD_CHANGE_REQUIRED`, 400 `LOGIN_USER_SUSPENDED` under
/// `Policy::tell_suspended_users`, 400 for a form that cannot be read or is not UTF-8, 422 for an
/// invalid form or a parameter with two values, 429 with `Retry-After` after too many failures, 503 with `Retry-After` if too
/// many passwords wait to be hashed or attempts cannot be counted.
pub async fn login<U: AuthUser>(
    Handle(users): Handle<U>,
    Extension(RouteBackend(index)): Extension<RouteBackend>,
    request: Request,
) -> Result<Response, ApiError> {
    let backend = users.inner().backends.get(index).ok_or(ApiError::Internal)?;
    let request = ensure_own_page(&users, backend, request)?;
    let held = backend.held_by_browser(request.headers());
    let repeated = if users.policy().keeps_quirks() { Repeated::LastWins } else { Repeated::Refused };
    let (incoming, form) = Incoming::form(request, repeated).await?;
    let LoginForm { username, password, otp, remember_device } = form;
    let credentials = Credentials { username, password, otp, remember_device };
    let response = users.login(backend, credentials, held, incoming.cx()).await?;
    Ok(token_response(response))
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::SignIn(error) => error.into(),
            LoginError::Suspended(suspension) => Self::Suspended(suspension),
            LoginError::Hash(error) => error.into(),
            LoginError::Limited(limited) => limited.into(),
        }
    }
}
