//! The holder of a refresh token: its user and session, and the sessions that a logout or the next login of a browser ends.

use super::{
    super::{ActiveBackend, Users},
    session_of,
};
use crate::{
    domain::{AccessToken, RefreshFamily, RefreshToken, Session, UserId},
    port::{BoxFuture, Found, Lookup, StoreError, StrategyError},
    user::AuthUser,
};

/// The tokens that a browser holds from an earlier login.
pub(crate) struct Held {
    pub(crate) access: Option<AccessToken>,
    pub(crate) refresh: Option<RefreshToken>,
}

impl<U: AuthUser> Users<U> {
    /// Ends the sessions of the tokens that a browser holds: the new cookies replace them. The access token may have
    /// expired long before the refresh token, and need not belong to the same login.
    pub(crate) fn end_held<'a>(
        &'a self,
        backend: &'a ActiveBackend,
        held: &'a Held,
    ) -> BoxFuture<'a, Result<(), StrategyError>> {
        Box::pin(async move {
            if let Some(access) = &held.access {
                if backend.refresh.is_some()
                    && let Some(resolved) = backend.strategy.resolve(access).await?
                    && let Some((_, session)) = self.find_session(resolved).await.map_err(StrategyError::unavailable)?
                    && let Some(id) = &session.token_id
                {
                    self.end_refresh(backend, &session.subject, id).await?;
                }
                backend.strategy.revoke(access).await?;
            }
            if let (Some(refresh), Some(token)) = (&backend.refresh, &held.refresh)
                && let Some((family, _)) =
                    refresh.family_of(&backend.name, token).await.map_err(StrategyError::unavailable)?
            {
                self.end_refresh(backend, &family.subject, &family.id).await?;
                backend.strategy.end(&family.subject, &family.id).await?;
            }
            Ok(())
        })
    }

    /// Returns the user and the session of a refresh token, if it is genuine and its login has not ended. It may have
    /// been used: a client that holds a used token may still end the login.
    pub(crate) async fn find_by_refresh(
        &self,
        backend: &ActiveBackend,
        token: &RefreshToken,
    ) -> Result<Option<(Found<U>, Session)>, StoreError> {
        let Some(refresh) = &backend.refresh else { return Ok(None) };
        let Some((family, _)) = refresh.family_of(&backend.name, token).await? else { return Ok(None) };
        let found = self.user_of_family(&family).await?;
        Ok(found.ok().map(|found| (found, session_of(&family))))
    }

    /// Returns the user of a family whose session is valid, or the reason why it is not.
    pub(crate) async fn user_of_family(
        &self,
        family: &RefreshFamily,
    ) -> Result<Result<Found<U>, &'static str>, StoreError> {
        if family.expires_at <= self.now() {
            return Ok(Err("expired"));
        }
        let Some(id) = U::Id::parse(&family.subject) else { return Ok(Err("unknown user")) };
        let wanted = Lookup::User { id, token: Some(family.id.clone()) };
        let Some(found) = self.find(wanted).await? else { return Ok(Err("unknown user")) };
        Ok(if !self.is_live(&session_of(family), &found) {
            Err("the session has ended")
        } else if found.standing.is_suspended_at(self.now()) {
            Err("suspended")
        } else if !found.user.status().is_active {
            Err("inactive")
        } else {
            Ok(found)
        })
    }
}
