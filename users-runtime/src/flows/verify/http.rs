//! The routes of verification.

use axum::{extract::Request, response::Response};
use http::StatusCode;
use serde::Deserialize;

use super::{ALREADY_VERIFIED, BAD_TOKEN, logic::VerifyError};
use crate::{
    domain::{Limit, VerifyToken, field::Field},
    event::EventKind,
    http::{ApiError, Handle, Incoming, json_response, null},
    user::{AuthUser, Schema},
};

/// The body of `POST /request-verify-token`.
#[derive(Deserialize)]
pub(crate) struct RequestVerifyToken {}

impl Schema for RequestVerifyToken {
    const FIELDS: &'static [Field] = &[Field::email().required()];
}

/// The body of `POST /verify`.
#[derive(Deserialize)]
pub(crate) struct Verify {
    token: String,
}

impl Schema for Verify {
    const FIELDS: &'static [Field] = &[Field::token().required()];
}

/// Handles `POST /request-verify-token` with `{"email"}`. Responds with 202 and `null`, whether or not an account has
/// the address.
///
/// # Errors
/// 422 for a malformed address, 429 after too many requests from one address, 503 if the mail queue is full.
pub async fn request_verify_token<U: AuthUser>(
    Handle(users): Handle<U>,
    request: Request,
) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let (RequestVerifyToken {}, email) = body.embedded(&users.policy().stored_email())?.with_email()?;
    let _counted = users.count_by_address(Limit::RequestVerify, EventKind::RequestVerify, incoming.cx()).await?;
    users.request_verify(email, incoming.cx()).await?;
    Ok(null(StatusCode::ACCEPTED))
}

/// Handles `POST /verify` with `{"token"}`. Responds with 200 and the read schema.
///
/// # Errors
/// 400 `VERIFY_USER_BAD_TOKEN`, 400 `VERIFY_USER_ALREADY_VERIFIED`, 422 for an invalid body, 429 after too many wrong
/// tokens from one address.
pub async fn verify<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let Verify { token } = body.embedded(users.policy().new_email())?.input;
    let counted = users.count_by_address(Limit::Verify, EventKind::Verify, incoming.cx()).await?;
    let verified = users.verify(&VerifyToken::new(token), incoming.cx()).await;
    // Only wrong tokens are counted.
    if !matches!(verified, Err(VerifyError::BadToken)) {
        users.give_back(counted).await;
    }
    let user = verified?;
    Ok(json_response(StatusCode::OK, &users.read(&user).await?))
}

impl From<VerifyError> for ApiError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::BadToken => Self::Code(BAD_TOKEN.code),
            VerifyError::AlreadyVerified => Self::Code(ALREADY_VERIFIED.code),
            VerifyError::Token(error) => error.into(),
            VerifyError::Store(error) => error.into(),
            VerifyError::Hook(error) => error.into(),
        }
    }
}
