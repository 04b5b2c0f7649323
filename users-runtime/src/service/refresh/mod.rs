//! Refresh tokens of a backend: beginning a family at a login, and ending it with its session.

mod holder;
mod settings;

use std::sync::Arc;

pub(crate) use self::holder::Held;
pub use self::settings::Refresh;
use super::{ActiveBackend, Users};
use crate::{
    domain::{
        AccessToken, CLOCK_SKEW, FamilySalt, ListedSession, Login, PresentedRefresh, RefreshFamily, RefreshKeys,
        RefreshToken, Session, StoreError, Timestamp, TokenId, TokenSeed,
    },
    port::{BoxFuture, RefreshGrant, RefreshStore, StrategyError, TokenResponse},
    user::AuthUser,
};

/// The refresh tokens of a backend, as the service uses them.
pub(crate) struct ActiveRefresh {
    pub(crate) settings: Refresh,
    pub(crate) keys: RefreshKeys,
    pub(crate) store: Arc<dyn RefreshStore>,
}

impl ActiveRefresh {
    /// Returns the time at which a token that is issued now expires.
    pub(crate) fn expiry(&self, now: Timestamp, ends_at: Timestamp) -> Timestamp {
        ends_at.min(later(now, self.settings.idles()))
    }

    /// Returns the family of a presented token, if this service issued it.
    pub(crate) fn family_of<'a>(
        &'a self,
        backend: &'a str,
        token: &'a RefreshToken,
    ) -> BoxFuture<'a, Result<Option<(RefreshFamily, PresentedRefresh)>, StoreError>> {
        Box::pin(async move {
            let Some(presented) = PresentedRefresh::parse(token) else { return Ok(None) };
            let found = self.store.find(&presented.id).await?;
            let is_own = |family: &RefreshFamily| family.backend == backend && self.keys.is_genuine(&presented, family);
            Ok(found.filter(is_own).map(|family| (family, presented)))
        })
    }

    /// Returns the newest refresh token of a family and the seed of the access token beside it.
    pub(crate) fn newest(&self, family: &RefreshFamily) -> Result<(RefreshToken, TokenSeed), StrategyError> {
        let made = self.keys.token(family, family.generation).zip(self.keys.seed(family, family.generation));
        made.ok_or_else(|| StrategyError::unavailable("the id of a family is not one of this service"))
    }
}

impl ActiveBackend {
    /// Returns the transport's response with an access token, and with a refresh token if there is one. A repeated
    /// response is identical byte for byte: `expires_in` counts from the time of issue.
    pub(crate) fn grant(&self, token: &AccessToken, refresh: Option<&RefreshToken>) -> TokenResponse {
        let Some(refresh) = refresh else { return self.transport.grant(token) };
        let expires_in = self.strategy.lifetime().map(|lifetime| lifetime.as_secs());
        self.transport.grant_refreshable(token, &RefreshGrant::new(refresh, expires_in))
    }
}

impl<U: AuthUser> Users<U> {
    /// Begins a family for a login, if the backend has refresh tokens. Returns its first token.
    pub(crate) async fn begin_refresh(
        &self,
        backend: &ActiveBackend,
        login: &Login,
    ) -> Result<Option<RefreshToken>, StrategyError> {
        let (Some(refresh), Some(id)) = (&backend.refresh, &login.session_id) else { return Ok(None) };
        let salt = TokenId::from_random(self.random_bytes().map_err(StrategyError::unavailable)?);
        let at = whole_milliseconds(login.at);
        let ends_at = later(at, refresh.settings.lives());
        let family = RefreshFamily {
            id: id.clone(),
            subject: login.subject.clone(),
            salt: FamilySalt(salt.0),
            generation: 0,
            backend: backend.name.to_string(),
            epoch: login.epoch,
            logged_in_at: at,
            rotated_at: at,
            expires_at: refresh.expiry(at, ends_at),
            ends_at,
            device: login.device.clone(),
            methods: login.methods,
        };
        let (token, _) = refresh.newest(&family)?;
        match refresh.store.add(family, refresh.settings.cap()).await {
            Ok(()) => Ok(Some(token)),
            Err(StoreError::Conflict) => Err(StrategyError::UserGone),
            Err(error) => Err(StrategyError::unavailable(error)),
        }
    }

    /// Removes the family of a failed login. If the removal fails too, the family expires unused, because no client has
    /// its token.
    pub(crate) async fn forget_refresh(&self, backend: &ActiveBackend, login: &Login) {
        if let (Some(refresh), Some(id)) = (&backend.refresh, &login.session_id) {
            let _unused = refresh.store.end(&login.subject, id).await;
        }
    }

    /// Ends the family of a session and all its access tokens, including one that a concurrent refresh is about to
    /// issue. Returns `true` if there was a family.
    pub(crate) fn end_refresh<'a>(
        &'a self,
        backend: &'a ActiveBackend,
        subject: &'a str,
        session: &'a TokenId,
    ) -> BoxFuture<'a, Result<bool, StrategyError>> {
        Box::pin(async move {
            let Some(refresh) = &backend.refresh else { return Ok(false) };
            let found = refresh.store.find(session).await.map_err(StrategyError::unavailable)?;
            let is_own = |family: &RefreshFamily| family.subject == subject && *family.backend == *backend.name;
            let Some(family) = found.filter(is_own) else { return Ok(false) };
            // Revoked before the removal, for as long as the family could last: if the removal fails, none of its
            // tokens works, and the client can try again.
            let access = backend.strategy.lifetime().map_or(family.ends_at, |access| later(self.now(), access));
            let until = later(family.ends_at.max(access), CLOCK_SKEW * 2);
            self.inner().store.revoke(session, until).await.map_err(StrategyError::unavailable)?;
            refresh.store.end(subject, session).await.map_err(StrategyError::unavailable)
        })
    }

    /// Returns a session with the time until which records about it must be kept, since a refresh may prolong the session.
    pub(crate) fn kept_until(&self, session: &Session) -> Session {
        let refreshes = self.inner().backends.iter().filter_map(|backend| backend.refresh.as_ref());
        let longest = refreshes.map(|refresh| later(self.now(), refresh.settings.lives())).max();
        let expires_at = session.expires_at.map(|end| longest.map_or(end, |longest| end.max(longest)));
        Session { expires_at, ..session.clone() }
    }

    /// Returns the sessions of a user that can be refreshed at a backend.
    pub(crate) fn refreshable_sessions<'a>(
        &'a self,
        backend: &'a ActiveBackend,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Vec<ListedSession>, StrategyError>> {
        Box::pin(async move {
            let Some(refresh) = &backend.refresh else { return Ok(Vec::new()) };
            let families = refresh.store.list(subject, &backend.name).await.map_err(StrategyError::unavailable)?;
            let now = self.now();
            Ok(families.into_iter().filter(|family| family.expires_at > now).map(listed).collect())
        })
    }
}

/// Describes a family as a session.
fn listed(family: RefreshFamily) -> ListedSession {
    let was_used = family.rotated_at > family.logged_in_at;
    let mut listed = ListedSession::new(session_of(&family), family.device);
    listed.last_seen_at = was_used.then_some(family.rotated_at);
    listed
}

/// Returns the session of a family, in its state when its newest token is used.
fn session_of(family: &RefreshFamily) -> Session {
    Session {
        token_id: Some(family.id.clone()),
        epoch: Some(family.epoch),
        logged_in_at: Some(family.logged_in_at),
        expires_at: Some(family.ends_at),
        methods: family.methods,
        ..Session::new(family.subject.clone())
    }
}

/// Returns a time as it is stored, so that a repeated response contains the same time.
pub(crate) fn whole_milliseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_timestamp_millis(time.timestamp_millis()).unwrap_or(time)
}

fn later(from: Timestamp, by: std::time::Duration) -> Timestamp {
    let by = chrono::TimeDelta::from_std(by).unwrap_or(chrono::TimeDelta::MAX);
    from.checked_add_signed(by).unwrap_or(Timestamp::MAX_UTC)
}
