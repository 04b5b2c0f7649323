//! The steps of logout.

use crate::{
    event::{EventKind, SecurityEvent},
    port::{HookError, RequestContext, StoredChange, StrategyError, TokenResponse},
    service::{Authenticated, Users},
    user::AuthUser,
};

/// The reason why a logout failed.
#[derive(Debug)]
pub(super) enum LogoutError {
    Backend,
    Strategy(StrategyError),
    Hook(HookError),
}

impl<U: AuthUser> Users<U> {
    /// Revokes the token at the backend it belongs to and at the backend of this route.
    ///
    /// fastapi-users revokes it at the route's backend only, so that a token of another backend stays valid. Here 204
    /// always means that the user is logged out.
    #[tracing::instrument(target = "axum_users", name = "logout", skip_all, fields(user.id = %authenticated.user.id()))]
    pub(super) async fn logout(
        &self,
        route_backend: usize,
        authenticated: &Authenticated<U>,
        cx: &RequestContext,
    ) -> Result<TokenResponse, LogoutError> {
        let backends = &self.inner().backends;
        let route = backends.get(route_backend).ok_or(LogoutError::Backend)?;
        let own = backends.get(authenticated.backend).ok_or(LogoutError::Backend)?;
        let user = &authenticated.user;
        let event = SecurityEvent::new(EventKind::Logout, cx).of(&user.id()).at(&own.name);
        let event = event.in_session(authenticated.session.token_id.as_ref());
        let ending = self.recording_end(own, &event);
        ending.store.revoke(&authenticated.token).await.map_err(LogoutError::Strategy)?;
        if route_backend != authenticated.backend {
            route.strategy.revoke(&authenticated.token).await.map_err(LogoutError::Strategy)?;
        }
        self.record_changed(&event, &ending);
        self.run_change_hook(StoredChange::LoggedOut(user.clone()), cx).await.map_err(LogoutError::Hook)?;
        Ok(route.transport.clear())
    }
}
