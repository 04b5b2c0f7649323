//! The routes of password reset.

use axum::{extract::Request, response::Response};
use http::StatusCode;
use serde::Deserialize;

use super::{BAD_TOKEN, INVALID_PASSWORD, logic::ResetError};
use crate::{
    domain::{Limit, Password, ResetToken, field::Field},
    event::EventKind,
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

/// Handles `POST /forgot-password` with `{"email"}`. Responds with 202 and `null`, whether or not an account has the
/// address.
///
/// # Errors
/// 422 for a malformed address, 429 after too many requests from one address, 503 if the mail queue is full.
pub async fn forgot_password<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let (ForgotPassword {}, email) = body.embedded(&users.policy().stored_email())?.with_email()?;
    let _counted = users.count_by_address(Limit::ForgotPassword, EventKind::ForgotPassword, incoming.cx()).await?;
    users.forgot_password(email, incoming.cx()).await?;
    Ok(null(StatusCode::ACCEPTED))
}

/// Handles `POST /reset-password` with `{"token","password"}`. Responds with 200 and `null`.
///
/// # Errors
/// 400 `RESET_PASSWORD_BAD_TOKEN`, 400 `RESET_PASSWORD_INVALID_PASSWORD` with a reason (the token stays valid), 422 for
/// an invalid body, 429 after too many wrong tokens from one address, 503 with `Retry-After` if too many passwords wait to be
/// hashed.
pub async fn reset_password<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let ResetPassword { token, password } = body.embedded(users.policy().new_email())?.input;
    let counted = users.count_by_address(Limit::ResetPassword, EventKind::ResetPassword, incoming.cx()).await?;
    let reset = users.reset_password(&ResetToken::new(token), &password, incoming.cx()).await;
    // Only wrong tokens are counted.
    if !matches!(reset, Err(ResetError::BadToken)) {
        users.give_back(counted).await;
    }
    let mut response = null(StatusCode::OK);
    // A client that received the mail of the account is known, as after a login.
    users.make_known(reset?.account().email, incoming.cx(), response.headers_mut()).await?;
    Ok(response)
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
