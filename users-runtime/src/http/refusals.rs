//! Converts the errors of account operations into responses.

use super::ApiError;
use crate::{
    account::{EMAIL_EXISTS, INVALID_PASSWORD, PasswordError, UpdateError},
    domain::EmailRefused,
    service::AfterResponse,
};

impl ApiError {
    /// Returns the response for a refused password, with the code of the route.
    pub(crate) fn password(code: &'static str, error: PasswordError) -> Self {
        match error {
            PasswordError::Refused(reason) => Self::Reason { code, reason },
            PasswordError::Hash(error) => error.into(),
            PasswordError::Hook(error) => error.into(),
        }
    }
}

impl From<UpdateError> for ApiError {
    fn from(error: UpdateError) -> Self {
        match error {
            UpdateError::EmailTaken => Self::Code(EMAIL_EXISTS.code),
            UpdateError::InvalidEmail(refused) => refused.into(),
            UpdateError::Password(error) => Self::password(INVALID_PASSWORD.code, error),
            UpdateError::NotFound => Self::NotFound,
            UpdateError::Store(error) => error.into(),
            UpdateError::Refused(error) | UpdateError::Hook(error) => error.into(),
        }
    }
}

impl From<AfterResponse> for ApiError {
    fn from(error: AfterResponse) -> Self {
        match error {
            AfterResponse::Full(_) => {
                super::error::overloaded("too many mails wait");
                Self::Unavailable { retry_after: 1 }
            }
            AfterResponse::Hook(error) => error.into(),
        }
    }
}

impl From<EmailRefused> for ApiError {
    fn from(refused: EmailRefused) -> Self {
        Self::Validation(vec![super::Problem::email("email", &refused)])
    }
}
