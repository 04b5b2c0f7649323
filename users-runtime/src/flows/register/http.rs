//! The route of registration.

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::StatusCode;

use super::INVALID_PASSWORD;
use crate::{
    account::{CreateError, RegisterError, USER_EXISTS},
    http::{ApiError, Handle, Incoming, json_response},
    user::{AuthUser, SchemaKind},
};

/// Handles `POST /register`. Responds with 201 and the read schema.
///
/// # Errors
/// 400 `REGISTER_INVALID_PASSWORD` with a reason, 400 `REGISTER_USER_ALREADY_EXISTS`, 422 with every problem of the
/// body, 429 after too many registrations from one address.
pub async fn register<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let fields = SchemaKind::Create.fields::<U>();
    let (input, email) = body.schema::<U::Create>(fields, users.policy().new_email())?.with_email()?;
    let user = users.register(input, email, incoming.cx()).await?;
    Ok(json_response(StatusCode::CREATED, &user.read()).into_response())
}

impl From<RegisterError> for ApiError {
    fn from(error: RegisterError) -> Self {
        let error = match error {
            RegisterError::AfterResponse(error) => return error.into(),
            RegisterError::Limited(limited) => return limited.into(),
            RegisterError::Create(error) => error,
        };
        match error {
            CreateError::Password(error) => Self::password(INVALID_PASSWORD.code, error),
            CreateError::EmailTaken => Self::Code(USER_EXISTS.code),
            CreateError::InvalidEmail(refused) => refused.into(),
            CreateError::Random(error) => error.into(),
            CreateError::Store(error) => error.into(),
            CreateError::Refused(error) | CreateError::Hook(error) => error.into(),
        }
    }
}
