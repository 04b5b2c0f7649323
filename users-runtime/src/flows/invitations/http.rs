//! The routes of invitations.

use axum::{Router, extract::Request, response::Response};
use http::StatusCode;
use serde::Deserialize;

use super::{
    ACCEPT, ACCEPTED, BAD_TOKEN, INVALID_PASSWORD, RESEND, USER_EXISTS,
    logic::{AcceptError, InviteError},
};
use crate::{
    account::CreateError,
    domain::{InvitationToken, Limit, Password, Status, UserId, field::Field},
    event::EventKind,
    http::{ApiError, Handle, HasUsers, IdText, Incoming, Requirements, Routes, json_response, null},
    service::Users,
    user::{AuthUser, Schema, SchemaKind},
};

/// Returns the routes of invitations, for `Router::nest("/auth/invitations", invitation_routes(&users))`: `POST /` and
/// `POST /{id}/resend` for superusers, and `POST /accept` for the holder of a mailed token. Without
/// [`UsersBuilder::invitations`](crate::UsersBuilder::invitations) there are none.
pub fn invitation_routes<U: AuthUser, S: HasUsers<U>>(users: &Users<U>) -> Router<S> {
    if users.inner().by_mail.invitations.is_none() {
        return Router::new();
    }
    Routes::new(users)
        .post("/", invite::<U>)
        .post(ACCEPT, accept_invitation::<U>)
        .post(RESEND, resend_invitation::<U>)
        .into_router()
}

/// The body of `POST /accept`.
#[derive(Deserialize)]
pub(super) struct AcceptInvitation {
    token: String,
    password: Password,
}

impl Schema for AcceptInvitation {
    const FIELDS: &'static [Field] = &[Field::token().required(), Field::password().required()];
}

/// Handles `POST /` with the fields of a registration without the password. Responds with 201 and the read schema.
///
/// # Errors
/// 401 and 403 as every route of superusers, 400 `INVITE_USER_ALREADY_EXISTS`, 422 with every problem of the body, 503 if the
/// mail queue is full.
async fn invite<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    incoming.authenticate(&users, Requirements::usual_superuser(&users)).await?;
    // Ignored: the account gets a password that nobody knows.
    let body = body.with("password", "".into());
    let fields = SchemaKind::Create.fields::<U>();
    let (input, email) = body.schema::<U::Create>(fields, users.policy().new_email())?.with_email()?;
    let user = users.invite_in(input, email, Status::NEW, incoming.cx()).await?;
    Ok(json_response(StatusCode::CREATED, &users.read(&user).await?))
}

/// Handles `POST /{id}/resend`. Responds with 202 and `null`.
///
/// # Errors
/// 401 and 403 as every route of superusers, 404 for an unknown account, 400 `INVITATION_ACCEPTED`, 503 if the mail queue is
/// full.
async fn resend_invitation<U: AuthUser>(
    Handle(users): Handle<U>,
    IdText(id): IdText,
    request: Request,
) -> Result<Response, ApiError> {
    let incoming = Incoming::bare(request);
    incoming.authenticate(&users, Requirements::usual_superuser(&users)).await?;
    let id = id.as_deref().and_then(U::Id::parse).ok_or(ApiError::NotFound)?;
    users.resend_invitation_in(id, incoming.cx()).await?;
    Ok(null(StatusCode::ACCEPTED))
}

/// Handles `POST /accept` with `{"token","password"}`. Responds with 200 and the read schema.
///
/// # Errors
/// 400 `INVITATION_BAD_TOKEN`, 400 `INVITATION_INVALID_PASSWORD` with a reason (the token stays valid), 422 for an invalid body,
/// 429 after too many wrong tokens from one address, 503 with `Retry-After` if too many passwords wait to be hashed.
pub(crate) async fn accept_invitation<U: AuthUser>(
    Handle(users): Handle<U>,
    request: Request,
) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let AcceptInvitation { token, password } = body.embedded(users.policy().new_email())?.input;
    let counted = users.count_by_address(Limit::ResetPassword, EventKind::AcceptInvitation, incoming.cx()).await?;
    let accepted = users.accept_invitation(&InvitationToken::new(token), &password, incoming.cx()).await;
    // Only wrong tokens are counted.
    if !matches!(accepted, Err(AcceptError::BadToken)) {
        users.give_back(counted).await;
    }
    let user = accepted?;
    let mut response = json_response(StatusCode::OK, &users.read(&user).await?);
    // A client that received the mail of the account is known, as after a login.
    users.make_known(user.account().email, incoming.cx(), response.headers_mut()).await?;
    Ok(response)
}

impl From<InviteError> for ApiError {
    fn from(error: InviteError) -> Self {
        match error {
            InviteError::Off | InviteError::NotFound => Self::NotFound,
            InviteError::MailQueueFull => Self::mail_queue_full(),
            InviteError::Accepted => Self::Code(ACCEPTED.code),
            InviteError::Create(CreateError::EmailTaken) => Self::Code(USER_EXISTS.code),
            InviteError::Create(CreateError::InvalidEmail(refused)) => refused.into(),
            InviteError::Create(CreateError::Password(error)) => Self::password(INVALID_PASSWORD.code, error),
            InviteError::Create(CreateError::Random(error)) => error.into(),
            InviteError::Create(CreateError::Store(error)) | InviteError::Store(error) => error.into(),
            InviteError::Create(CreateError::Refused(error) | CreateError::Hook(error)) | InviteError::Hook(error) => {
                error.into()
            }
        }
    }
}

impl From<AcceptError> for ApiError {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::BadToken => Self::Code(BAD_TOKEN.code),
            AcceptError::Password(error) => Self::password(INVALID_PASSWORD.code, error),
            AcceptError::Store(error) => error.into(),
            AcceptError::Hook(error) => error.into(),
        }
    }
}
