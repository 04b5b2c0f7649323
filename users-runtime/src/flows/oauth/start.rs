//! The start of a flow.

use super::error::OAuthError;
use crate::{
    domain::oauth::Flow,
    port::AuthorizationRequest,
    service::{OAuthProvider, Users},
    user::AuthUser,
};

/// The data with which a flow is started.
pub(super) struct Start<'a> {
    /// The value of the browser's cookie from an earlier flow. Flows of one browser share it, so that those of two tabs can
    /// finish in any order.
    pub(super) cookie: Option<String>,
    pub(super) redirect_uri: String,
    pub(super) scopes: &'a [String],
    pub(super) return_to: Option<String>,
    /// The id of the user who associates an account; `None` for a login.
    pub(super) user: Option<String>,
}

/// A flow that has started.
pub(super) struct Started {
    pub(super) authorization_url: String,
    /// The value of the cookie to set.
    pub(super) cookie: String,
}

impl<U: AuthUser> Users<U> {
    /// Starts a flow with a provider.
    #[tracing::instrument(target = "axum_users", name = "oauth_start", skip_all, fields(provider = provider.name()))]
    pub(super) async fn start_oauth(&self, provider: &OAuthProvider, start: Start<'_>) -> Result<Started, OAuthError> {
        let flows = &self.inner().oauth.flows;
        let (id, new_cookie) = flows.new_flow()?;
        let cookie = start.cookie.unwrap_or(new_cookie);
        let secrets = flows.secrets(&id);
        let flow = Flow {
            id,
            browser: Flow::digest_of(&cookie),
            provider: provider.name().to_owned(),
            redirect_uri: start.redirect_uri,
            user: start.user,
            return_to: start.return_to,
        };
        // Too long only if a proxy or an application allows URLs of kilobytes.
        let state = flows.seal(&flow).ok_or(OAuthError::BadRequest)?;
        let request = AuthorizationRequest {
            redirect_uri: &flow.redirect_uri,
            state: &state,
            scopes: start.scopes,
            code_challenge: secrets.verifier.challenge(),
            nonce: &secrets.nonce,
            offline: provider.stores_tokens(),
            now: self.now(),
            limited: self.is_limited(),
        };
        let url = provider.provider().authorization_url(request).await;
        let authorization_url = url.map_err(|error| OAuthError::of_provider(provider, &error))?;
        Ok(Started { authorization_url, cookie })
    }
}
