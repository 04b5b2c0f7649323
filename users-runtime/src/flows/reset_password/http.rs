//! The routes of a password reset.

use axum::{
    extract::Request,
    response::Response,
};
use http::StatusCode;

use super::logic::ResetError;
use crate::{
    domain::{Password, ResetToken, field::Field},
    http::{ApiError, Handle, Incoming, null},
    user::AuthUser,
};

/// The body of `POST /forgot-password`.
pub(crate) const FORGOT_FIELDS: &[Field] = &[Field::email().required()];
/// The body of `POST /reset-password`.
pub(crate) const RESET_FIELDS: &[Field] = &[Field::token().required(), Field::password().required()];

/// `POST /forgot-password` with `{"email"}`: 202 `null`, whether anybody has the address or not.
///
/// # Errors
/// 422 for a malformed address, 503 when too many mails wait.
pub async fn forgot_password<U: AuthUser>(
    Handle(users): Handle<U>,
    request: Request,
) -> Result<Response, ApiError> {
    let incoming = Incoming::json(request).await?;
    let email = incoming.embedded(FORGOT_FIELDS, users.policy().email_rules())?.email()?;
    users.forgot_password(email, incoming.cx()).await?;
    Ok(null(StatusCode::ACCEPTED))
}

/// `POST /reset-password` with `{"token","password"}`: 200 `null`.
///
/// # Errors
/// 400 `RESET_PASSWORD_BAD_TOKEN`, 400 `RESET_PASSWORD_INVALID_PASSWORD` with a reason (the token stays good), 422, 503
/// with `Retry-After` when too many passwords wait.
pub async fn reset_password<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let incoming = Incoming::json(request).await?;
    let body = incoming.embedded(RESET_FIELDS, users.policy().email_rules())?;
    let (token, password) = (ResetToken::new(body.text("token")?), Password::new(body.text("password")?));
    users.reset_password(&token, &password, incoming.cx()).await?;
    Ok(null(StatusCode::OK))
}

impl From<ResetError> for ApiError {
    fn from(error: ResetError) -> Self {
        match error {
            ResetError::BadToken => Self::Code("RESET_PASSWORD_BAD_TOKEN"),
            ResetError::Password(error) => Self::password("RESET_PASSWORD_INVALID_PASSWORD", error),
            ResetError::Token(error) => error.into(),
            ResetError::Store(error) => error.into(),
            ResetError::Hook(error) => error.into(),
        }
    }
}
