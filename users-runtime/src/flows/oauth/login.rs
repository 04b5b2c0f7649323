//! Logins with a provider.

use super::error::OAuthError;
use crate::{
    account::IdentityLogin,
    domain::AccessToken,
    port::TokenResponse,
    service::{ActiveBackend, Users},
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Logs in the user of an identity at a backend, by the same gates as any other login. Revokes the token that the
    /// browser `held`, like a login with a password.
    pub(super) async fn log_in_with_provider(
        &self,
        login: IdentityLogin<'_, U>,
        backend: &ActiveBackend,
        held: Option<AccessToken>,
    ) -> Result<TokenResponse, OAuthError> {
        let cx = login.cx;
        let found = self.user_of_identity(login).await?;
        let found = self.pass_gates(found, backend, cx).await.map_err(|closed| OAuthError::Refused(closed.code))?;
        if let Some(held) = held {
            backend.strategy.revoke(&held).await.map_err(OAuthError::Strategy)?;
        }
        Ok(self.issue(&found, backend, cx).await?.response)
    }
}
