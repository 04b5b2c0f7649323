//! The steps of logout.

use crate::{
    domain::{AccessToken, Session},
    event::{EventKind, SecurityEvent},
    port::{HookError, RequestContext, StoredChange, StrategyError, TokenResponse},
    service::Users,
    user::AuthUser,
};

/// The reason why a logout failed.
#[derive(Debug)]
pub(super) enum LogoutError {
    Backend,
    Strategy(StrategyError),
    Hook(HookError),
}

/// A session that is to end.
pub(super) struct Leaving<'a, U> {
    pub(super) user: &'a U,
    pub(super) session: &'a Session,
    /// The index of the backend that it belongs to.
    pub(super) backend: usize,
    /// The access token. `None` if the client had only a refresh token.
    pub(super) token: Option<&'a AccessToken>,
}

impl<U: AuthUser> Users<U> {
    /// Ends the session, and with it its refresh tokens. Revokes the access token at the backend it belongs to and at the backend
    /// of this route.
    ///
    /// fastapi-users revokes it only at the route's backend, so that a token of another backend stays valid. Here, 204
    /// always means that the user is logged out.
    #[tracing::instrument(target = "axum_users", name = "logout", skip_all, fields(user.id = %leaving.user.id()))]
    pub(super) async fn logout(
        &self,
        route_backend: usize,
        leaving: &Leaving<'_, U>,
        cx: &RequestContext,
    ) -> Result<TokenResponse, LogoutError> {
        let backends = &self.inner().backends;
        let route = backends.get(route_backend).ok_or(LogoutError::Backend)?;
        let Leaving { user, session, backend, token } = *leaving;
        let own = backends.get(backend).ok_or(LogoutError::Backend)?;
        let event = SecurityEvent::new(EventKind::Logout, cx).of(&user.id()).at(&own.name);
        let event = event.in_session(session.token_id.as_ref());
        let ending = self.recording_end(own, &event);
        // Before the access token: if this fails, the client still has one to log out with.
        if let Some(id) = &session.token_id {
            self.end_refresh(own, &session.subject, id).await.map_err(LogoutError::Strategy)?;
        }
        let is_recorded = match (token, &session.token_id) {
            (Some(token), _) => {
                ending.store.revoke(token).await.map_err(LogoutError::Strategy)?;
                if route_backend != backend {
                    route.strategy.revoke(token).await.map_err(LogoutError::Strategy)?;
                }
                true
            }
            // A stored access token may still be valid; where none is stored, there is no change with which to record the event.
            (None, Some(id)) => ending.store.end(&session.subject, id).await.map_err(LogoutError::Strategy)?,
            (None, None) => false,
        };
        if is_recorded {
            self.record_changed(&event, &ending);
        } else {
            self.record(&event);
        }
        self.run_change_hook(StoredChange::LoggedOut(user.clone()), cx).await.map_err(LogoutError::Hook)?;
        Ok(route.transport.clear())
    }
}
