//! The responses to mailed secrets that are refused.

use super::ApiError;
use crate::account::{CreateError, MailedLoginError, PasswordError, SignInError};

/// Returns the response, with the route's code for a wrong secret.
pub(crate) fn of_mailed_login(error: MailedLoginError, bad_secret: &'static str) -> ApiError {
    match error {
        MailedLoginError::BadSecret | MailedLoginError::SignIn(SignInError::NotFound | SignInError::UnknownBackend) => {
            ApiError::Code(bad_secret)
        }
        MailedLoginError::Limited(limited) => limited.into(),
        MailedLoginError::SignIn(error) => error.into(),
        MailedLoginError::Hook(error) => error.into(),
        MailedLoginError::Unusable(CreateError::Password(PasswordError::Hash(error))) => error.into(),
        MailedLoginError::Unusable(CreateError::Random(error)) => error.into(),
        MailedLoginError::Unusable(_) => ApiError::Internal,
    }
}
