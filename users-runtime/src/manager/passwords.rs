//! What every new password goes through.

use serde_json::Value;

use super::Users;
use crate::{
    domain::{Password, PasswordHash},
    port::{HashError, PasswordSubject},
    user::AuthUser,
};

/// Why a password was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// The policy or the application's hook refuses it, with this reason for the client.
    #[error("the password is refused: {0}")]
    Refused(Value),
    /// The hasher is overloaded or failed.
    #[error(transparent)]
    Hash(#[from] HashError),
}

impl<U: AuthUser> Users<U> {
    /// Asks the built-in policy first, which is cheap, and then the application.
    pub(crate) async fn validate_password(
        &self,
        password: &Password,
        email: &str,
        subject: PasswordSubject<'_, U>,
    ) -> Result<(), PasswordError> {
        self.policy()
            .password_policy()
            .check(password, email)
            .map_err(|refused| PasswordError::Refused(refused.reason.into()))?;
        self.parts()
            .hooks
            .validate_password(password, subject)
            .await
            .map_err(|invalid| PasswordError::Refused(invalid.reason))
    }

    pub(crate) async fn hash_password(&self, password: &Password) -> Result<PasswordHash, PasswordError> {
        Ok(self.parts().hasher.hash(password).await?)
    }
}
