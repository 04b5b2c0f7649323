//! The steps of a logout.

use crate::{
    event::{self, Kind, Outcome},
    manager::{Authenticated, Users},
    port::{Event, Granted, HookError, RequestContext, StrategyError},
    user::AuthUser,
};

/// Why nobody was logged out.
#[derive(Debug)]
pub(super) enum LogoutError {
    Backend,
    Strategy(StrategyError),
    Hook(HookError),
}

impl<U: AuthUser> Users<U> {
    /// Kills the token at the backend it belongs to and at the one of this route.
    ///
    /// fastapi-users asks only the route's backend and lets a token of another one live on; a person who sees 204 is
    /// logged out here.
    pub(super) async fn logout(
        &self,
        route_backend: usize,
        authenticated: &Authenticated<U>,
        cx: &RequestContext,
    ) -> Result<Granted, LogoutError> {
        let backends = &self.parts().backends;
        let route = backends.get(route_backend).ok_or(LogoutError::Backend)?;
        let own = backends.get(authenticated.backend).ok_or(LogoutError::Backend)?;
        own.strategy.revoke(&authenticated.token).await.map_err(LogoutError::Strategy)?;
        if route_backend != authenticated.backend {
            route.strategy.revoke(&authenticated.token).await.map_err(LogoutError::Strategy)?;
        }
        let user = &authenticated.user;
        event::record(Kind::Logout, Outcome::Success, Some(&user.id()), Some(&own.name), cx);
        self.run_hook(Event::LoggedOut(user), cx).await.map_err(LogoutError::Hook)?;
        Ok(route.transport.clear())
    }
}
