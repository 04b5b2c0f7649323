//! Logins with a provider.

use super::error::OAuthError;
use crate::{
    account::{IdentityLogin, NotProved, Proof, SecondFactor},
    domain::oauth::ExternalIdentity,
    port::TokenResponse,
    service::{ActiveBackend, Held, OAuthProvider, Users},
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Logs in the user of an identity at a backend, by the same gates as any other login. A user who has a second
    /// factor gets no session before it is verified, because an account at a provider is only one factor. Ends the
    /// sessions that the browser `held`, like a login with a password.
    pub(super) async fn log_in_with_provider(
        &self,
        provider: &OAuthProvider,
        mut login: IdentityLogin<'_, U>,
        backend: &ActiveBackend,
        held: Option<Held>,
    ) -> Result<TokenResponse, OAuthError> {
        let cx = login.cx;
        let found = self.user_of_identity(&mut login).await?;
        let found = self.pass_gates(found, Proof::Provider, backend, cx).await;
        let found = found.map_err(|closed| OAuthError::Refused(closed.code))?;
        self.keep_tokens_of(provider, &login.identity, &found.user.id()).await?;
        let proved = match self.prove(found, Proof::Provider, SecondFactor::default(), backend, cx).await {
            Ok(proved) => proved,
            // The provider's response works only once, so the client gets a token with which to continue.
            Err(NotProved::Required(found)) => {
                let token = self.pending_login(&found, Proof::Provider, backend)?;
                return Err(OAuthError::SecondFactorRequired(token));
            }
            Err(error) => return Err(error.into_error()),
        };
        Ok(self.begin_session(&proved, held, backend, cx).await?)
    }

    /// Stores the tokens that came with an identity, if the provider's settings say so. `user` has just been linked with it.
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
