//! The route of the second step.

use axum::{Extension, extract::Request, response::Response};
use serde::Deserialize;

use super::logic::{MfaLoginError, Pending};
use crate::{
    domain::{MfaToken, field::Field},
    http::{ApiError, Handle, Incoming, RouteBackend, ensure_own_page, token_response},
    user::{AuthUser, Schema},
};

/// The body of `POST /second-factor`.
#[derive(Deserialize)]
pub(crate) struct MfaLogin {
    mfa_token: String,
    otp: String,
}

impl Schema for MfaLogin {
    const FIELDS: &'static [Field] =
        &[Field::token_named("mfa_token").required(), Field::token_named("otp").required()];
}

/// Handles `POST /second-factor` with `{"mfa_token","otp"}`. Responds as a login does.
///
/// # Errors
/// 403 `CSRF_ORIGIN_REFUSED` at a cookie backend for a request from another site, 400 `LOGIN_MFA_BAD_TOKEN`, 400
/// `LOGIN_MFA_BAD_CODE` (the token can be used again), 400 with the code of a gate, 422 for an invalid body, 429 with `Retry-After`
/// after too many wrong codes.
pub async fn mfa_login<U: AuthUser>(
    Handle(users): Handle<U>,
    Extension(RouteBackend(index)): Extension<RouteBackend>,
    request: Request,
) -> Result<Response, ApiError> {
    let backend = users.inner().backends.get(index).ok_or(ApiError::Internal)?;
    let request = ensure_own_page(&users, backend, request)?;
    let held = backend.held_by_browser(request.headers());
    let (incoming, body) = Incoming::json(request).await?;
    let MfaLogin { mfa_token, otp } = body.embedded(users.policy().new_email())?.input;
    let pending = Pending { token: MfaToken::new(mfa_token), otp, held };
    Ok(token_response(users.finish_login(backend, pending, incoming.cx()).await?))
}

impl From<MfaLoginError> for ApiError {
    fn from(error: MfaLoginError) -> Self {
        match error {
            MfaLoginError::SignIn(error) => error.into(),
            MfaLoginError::Limited(limited) => limited.into(),
        }
    }
}
