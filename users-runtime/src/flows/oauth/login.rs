//! Logins with a provider.

use super::error::OAuthError;
use crate::{
    account::{IdentityLogin, Proof},
    domain::{AccessToken, oauth::ExternalIdentity},
    port::TokenResponse,
    service::{ActiveBackend, OAuthProvider, Users},
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Logs in the user of an identity at a backend, by the same gates as any other login. Revokes the token that the
    /// browser `held`, like a login with a password.
    pub(super) async fn log_in_with_provider(
        &self,
        provider: &OAuthProvider,
        mut login: IdentityLogin<'_, U>,
        backend: &ActiveBackend,
        held: Option<AccessToken>,
    ) -> Result<TokenResponse, OAuthError> {
        let cx = login.cx;
        let found = self.user_of_identity(&mut login).await?;
        let found = self.pass_gates(found, Proof::Other, backend, cx).await;
        let found = found.map_err(|closed| OAuthError::Refused(closed.code))?;
        self.keep_tokens_of(provider, &login.identity, &found.user.id()).await?;
        if let Some(held) = held {
            backend.strategy.revoke(&held).await.map_err(OAuthError::Strategy)?;
        }
        let mut response = self.issue(&found, backend, cx).await?.response;
        self.greet_client(&found.user, cx, &mut response.headers).await.map_err(OAuthError::Strategy)?;
        Ok(response)
    }

    /// Stores the tokens that came with an identity, if the provider is set to. `user` has just been linked with it.
    pub(super) async fn keep_tokens_of(
        &self,
        provider: &OAuthProvider,
        identity: &ExternalIdentity,
        user: &U::Id,
    ) -> Result<(), OAuthError> {
        if let Some(tokens) = identity.tokens.as_ref().filter(|_| provider.stores_tokens())
            && let Some(link) = self.account_of(provider.name(), identity).await?.filter(|link| link.user_id == *user)
        {
            self.keep_provider_tokens(provider, &link, tokens).await;
        }
        Ok(())
    }
}
