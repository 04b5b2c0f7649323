//! Checks of a new password, and unusable passwords.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use zeroize::Zeroizing;

use super::CreateError;
use crate::{
    domain::{Password, PasswordHash},
    port::{BoxFuture, HashError, HookError, PasswordSubject},
    service::Users,
    user::AuthUser,
};

/// The reason why a password was not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// The policy or the application's hook refuses it, with this reason for the client.
    #[error("the password is refused: {0}")]
    Refused(Value),
    /// The hasher is overloaded or failed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The application's hook was not called, because hooks trigger each other.
    #[error("the password was not checked: {}", .0.cause())]
    Hook(HookError),
}

impl<U: AuthUser> Users<U> {
    /// Checks the built-in policy first, because it is cheap, then the breached passwords, and then the application's
    /// hook.
    pub(crate) fn validate_password<'a>(
        &'a self,
        password: &'a Password,
        email: &'a str,
        subject: PasswordSubject<'a, U>,
    ) -> BoxFuture<'a, Result<(), PasswordError>> {
        Box::pin(async move {
            self.check_policy(password, email)?;
            if let Some(breached) = &self.inner().breached {
                breached.check(password).await.map_err(|refused| PasswordError::Refused(refused.reason.into()))?;
            }
            let checked = self.run_validate_password(password, subject).await.map_err(PasswordError::Hook)?;
            checked.map_err(|invalid| PasswordError::Refused(invalid.reason))
        })
    }

    /// Checks the built-in policy.
    pub(crate) fn check_policy(&self, password: &Password, email: &str) -> Result<(), PasswordError> {
        let checked = self.policy().password_policy().check(password, email);
        checked.map_err(|refused| PasswordError::Refused(refused.reason.into()))
    }

    /// Returns a hash that no password matches. It costs as much to verify as any other, so the duration of a login
    /// reveals nothing.
    pub(crate) async fn unusable_password_hash(&self) -> Result<PasswordHash, CreateError> {
        let mut bytes = Zeroizing::new([0; 32]);
        self.inner().random.fill(bytes.as_mut_slice())?;
        Ok(self.hash_password(&Password::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))).await?)
    }

    pub(crate) fn hash_password<'a>(
        &'a self,
        password: &'a Password,
    ) -> BoxFuture<'a, Result<PasswordHash, PasswordError>> {
        Box::pin(async move { Ok(self.inner().hasher.hash(password).await?) })
    }
}
