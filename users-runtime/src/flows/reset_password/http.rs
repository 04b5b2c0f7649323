//! The routes of a password reset.

use axum::{extract::Request, response::Response};
use http::StatusCode;
use serde::Deserialize;

use super::{BAD_TOKEN, INVALID_PASSWORD, logic::ResetError};
use crate::{
    domain::{Password, ResetToken, field::Field},
    http::{ApiError, Handle, Incoming, null},
    user::{AuthUser, Schema},
};

/// The body of `POST /forgot-password`.
#[derive(Deserialize)]
pub(crate) struct ForgotPassword {}

impl Schema for ForgotPassword {
    const FIELDS: &'static [Field] = &[Field::email().required()];
}

/// The body of `POST /reset-password`.
#[derive(Deserialize)]
pub(crate) struct ResetPassword {
    token: String,
    password: Password,
}

impl Schema for ResetPassword {
    const FIELDS: &'static [Field] = &[Field::token().required(), Field::password().required()];
}

/// `POST /forgot-password` with `{"email"}`: 202 `null`, whether anybody has the address or not.
///
/// # Errors
/// 422 for a malformed address, 503 when too many mails wait.
pub async fn forgot_password<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let (ForgotPassword {}, email) = body.embedded(users.policy().email_rules())?.with_email()?;
    users.forgot_password(email, incoming.cx()).await?;
    Ok(null(StatusCode::ACCEPTED))
}

/// `POST /reset-password` with `{"token","password"}`: 200 `null`.
///
/// # Errors
/// 400 `RESET_PASSWORD_BAD_TOKEN`, 400 `RESET_PASSWORD_INVALID_PASSWORD` with a reason (the token stays good), 422, 503
/// with `Retry-After` when too many passwords wait.
pub async fn reset_password<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let ResetPassword { token, password } = body.embedded(users.policy().email_rules())?.input;
    users.reset_password(&ResetToken::new(token), &password, incoming.cx()).await?;
    Ok(null(StatusCode::OK))
}

impl From<ResetError> for ApiError {
    fn from(error: ResetError) -> Self {
        match error {
            ResetError::BadToken => Self::Code(BAD_TOKEN.code),
            ResetError::Password(error) => Self::password(INVALID_PASSWORD.code, error),
            ResetError::Token(error) => error.into(),
            ResetError::Store(error) => error.into(),
            ResetError::Hook(error) => error.into(),
        }
    }
}
