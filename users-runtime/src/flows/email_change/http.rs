//! The routes of a change of the address.

use axum::{extract::Request, response::Response};
use http::StatusCode;
use serde::Deserialize;

use super::{CONFIRM_BAD_TOKEN, UNDO_ADDRESS_TAKEN, UNDO_BAD_TOKEN, logic::EmailChangeError};
use crate::{
    domain::{ConfirmEmailToken, Limit, UndoEmailToken, field::Field},
    event::EventKind,
    http::{ApiError, Handle, Incoming, json_response},
    service::Users,
    user::{AuthUser, Schema},
};

/// The body of both routes.
#[derive(Deserialize)]
pub(crate) struct MailedToken {
    token: String,
}

impl Schema for MailedToken {
    const FIELDS: &'static [Field] = &[Field::token().required()];
}

/// Handles `POST /confirm-email` with `{"token"}`. Responds with 200 and the read schema.
///
/// # Errors
/// 400 `CONFIRM_EMAIL_BAD_TOKEN`, 400 `UPDATE_USER_EMAIL_ALREADY_EXISTS` if another account has got the address meanwhile,
/// 422 for an invalid body, 429 after too many wrong tokens from one address.
pub async fn confirm_email<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let MailedToken { token } = body.embedded(users.policy().new_email())?.input;
    let counted = users.count_by_address(Limit::Verify, EventKind::ConfirmEmail, incoming.cx()).await?;
    let confirmed = users.confirm_email(&ConfirmEmailToken::new(token), incoming.cx()).await;
    if !matches!(confirmed, Err(EmailChangeError::BadToken)) {
        users.give_back(counted).await;
    }
    shown(&users, confirmed.map_err(|error| of_route(error, CONFIRM_BAD_TOKEN.code))?).await
}

/// Handles `POST /undo-email` with `{"token"}`. Responds with 200 and the read schema.
///
/// # Errors
/// 400 `UNDO_EMAIL_BAD_TOKEN`, 400 `UNDO_EMAIL_ADDRESS_TAKEN`, 422 and 429 as for `POST /confirm-email`.
pub async fn undo_email<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let MailedToken { token } = body.embedded(users.policy().new_email())?.input;
    let counted = users.count_by_address(Limit::Verify, EventKind::UndoEmail, incoming.cx()).await?;
    let undone = users.undo_email(&UndoEmailToken::new(token), incoming.cx()).await;
    if !matches!(undone, Err(EmailChangeError::BadToken)) {
        users.give_back(counted).await;
    }
    shown(&users, undone.map_err(|error| of_route(error, UNDO_BAD_TOKEN.code))?).await
}

async fn shown<U: AuthUser>(users: &Users<U>, user: U) -> Result<Response, ApiError> {
    Ok(json_response(StatusCode::OK, &users.read(&user).await?))
}

/// Returns the response to an error, with the code of the route for a bad token.
fn of_route(error: EmailChangeError, bad_token: &'static str) -> ApiError {
    match error {
        EmailChangeError::BadToken => ApiError::Code(bad_token),
        EmailChangeError::AddressTaken => ApiError::Code(UNDO_ADDRESS_TAKEN.code),
        EmailChangeError::Update(error) => error.into(),
    }
}
