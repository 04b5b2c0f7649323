//! Converts the errors of account operations into responses.

use super::{ApiError, error::OUTAGE_RETRY_AFTER};
use crate::{
    account::{EMAIL_EXISTS, INVALID_PASSWORD, PasswordError, UpdateError},
    domain::EmailRefused,
    event::{EventKind, failed, overloaded},
    service::{AfterResponse, Limited},
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

impl ApiError {
    pub(crate) fn mail_queue_full() -> Self {
        overloaded("too many mails wait");
        Self::Unavailable { retry_after: 1 }
    }
}

impl From<UpdateError> for ApiError {
    fn from(error: UpdateError) -> Self {
        match error {
            UpdateError::EmailTaken => Self::Code(EMAIL_EXISTS.code),
            UpdateError::InvalidEmail(refused) => refused.into(),
            UpdateError::Password(error) => Self::password(INVALID_PASSWORD.code, error),
            UpdateError::MailQueueFull => Self::mail_queue_full(),
            UpdateError::NotFound => Self::NotFound,
            UpdateError::TooManyAttempts(reached) => Limited::Reached(reached).into(),
            UpdateError::ChallengeRequired(challenge) => Self::ChallengeRequired(challenge),
            UpdateError::NotCounted(error) => Limited::Unavailable(error).into(),
            UpdateError::NoChallenge(error) => Limited::NoChallenge(error).into(),
            UpdateError::Store(error) => error.into(),
            UpdateError::Refused(error) | UpdateError::Hook(error) => error.into(),
        }
    }
}

impl From<Limited> for ApiError {
    fn from(limited: Limited) -> Self {
        match limited {
            Limited::Reached(reached) => Self::TooManyRequests { retry_after: reached.seconds(), limit: Some(reached) },
            Limited::Challenged { challenge, .. } => Self::ChallengeRequired(challenge),
            Limited::NoChallenge(error) => {
                failed(EventKind::Dependency, "challenges are not available", &error);
                Self::Unavailable { retry_after: OUTAGE_RETRY_AFTER }
            }
            Limited::Unavailable(error) => {
                failed(EventKind::Dependency, "attempts cannot be counted", &error);
                Self::Unavailable { retry_after: OUTAGE_RETRY_AFTER }
            }
        }
    }
}

impl From<AfterResponse> for ApiError {
    fn from(error: AfterResponse) -> Self {
        match error {
            AfterResponse::Full(_) => Self::mail_queue_full(),
            AfterResponse::Hook(error) => error.into(),
        }
    }
}

impl From<EmailRefused> for ApiError {
    fn from(refused: EmailRefused) -> Self {
        Self::Validation(vec![super::Problem::email("email", &refused)])
    }
}
