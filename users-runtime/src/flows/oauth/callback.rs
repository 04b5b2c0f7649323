//! The callback of a flow: the checks before the provider is called, and the provider's response.

use super::{EXPIRED_STATE, INVALID_STATE, UNDECODABLE_STATE, error::OAuthError};
use crate::{
    domain::{
        CLOCK_SKEW,
        oauth::{ExternalIdentity, Flow, FlowRefused, STATE_LIFETIME},
    },
    event::{EventKind, SecurityEvent},
    port::{AuthorizationCode, CodeExchange, RequestContext},
    service::{OAuthProvider, Users},
    user::AuthUser,
};

/// The data that arrives at a callback.
pub(super) struct Callback<'a> {
    pub(super) code: AuthorizationCode,
    pub(super) state: &'a str,
    pub(super) issuer: Option<&'a str>,
    /// The value of the browser's cookie.
    pub(super) cookie: Option<&'a str>,
    /// The URL of this callback.
    pub(super) redirect_uri: &'a str,
    /// The id of the signed-in user who associates an account; `None` for a login.
    pub(super) user: Option<String>,
}

/// A person whom the provider has authenticated, and the page to which the browser returns.
pub(super) struct Authenticated {
    pub(super) identity: ExternalIdentity,
    pub(super) return_to: Option<String>,
}

impl<U: AuthUser> Users<U> {
    /// Checks a callback, and exchanges its code. The code is sent to the provider only if the flow belongs to this
    /// browser, provider, route and user, and is used for the first time.
    #[tracing::instrument(target = "axum_users", name = "oauth_callback", skip_all, fields(provider = provider.name()))]
    pub(super) async fn finish_oauth(
        &self,
        provider: &OAuthProvider,
        callback: Callback<'_>,
        cx: &RequestContext,
    ) -> Result<Authenticated, OAuthError> {
        let user = callback.user.clone();
        let refused = |reason, error: OAuthError| {
            let event = SecurityEvent::new(EventKind::OAuth, cx).refused(reason);
            self.record(&user.iter().fold(event, SecurityEvent::of));
            error
        };
        let flow = self.inner().oauth.flows.open(callback.state).map_err(|why| match why {
            FlowRefused::Undecodable => refused("bad state", UNDECODABLE_STATE.into()),
            FlowRefused::Expired => refused("expired state", EXPIRED_STATE.into()),
        })?;
        if !callback.cookie.is_some_and(|cookie| flow.is_of_browser(cookie)) {
            return Err(refused("another browser", INVALID_STATE.into()));
        }
        // The `state` of a login at the callback of an association gets the 400 response of fastapi-users as well.
        if callback.user.is_some() && flow.user != callback.user {
            return Err(refused("another user", OAuthError::BadRequest));
        }
        if flow.provider != provider.name() || flow.redirect_uri != callback.redirect_uri {
            return Err(refused("another provider or route", INVALID_STATE.into()));
        }
        if flow.user.is_some() && callback.user.is_none() {
            return Err(refused("the state of an association", INVALID_STATE.into()));
        }
        if !self.redeem(&flow).await? {
            return Err(refused("used state", INVALID_STATE.into()));
        }
        let secrets = self.inner().oauth.flows.secrets(&flow.id);
        let exchange = CodeExchange {
            code: callback.code,
            issuer: callback.issuer,
            redirect_uri: &flow.redirect_uri,
            verifier: &secrets.verifier,
            nonce: &secrets.nonce,
            now: self.now(),
            limited: self.is_limited(),
        };
        match provider.provider().exchange(exchange).await {
            Ok(identity) => Ok(Authenticated { identity, return_to: flow.return_to }),
            Err(error) => Err(refused("provider", OAuthError::of_provider(provider, &error))),
        }
    }

    /// Records that a flow has ended. Returns `false` if it had ended already.
    async fn redeem(&self, flow: &Flow) -> Result<bool, OAuthError> {
        let until = self.now() + STATE_LIFETIME + CLOCK_SKEW;
        Ok(self.oauth_accounts()?.redeem(&flow.id, until).await?)
    }
}
