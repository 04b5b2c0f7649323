//! Sessions in the database, stored with their users.

use std::{fmt, future::ready, sync::Arc};

use super::{
    DatabaseSessions, SessionSettings,
    token::{is_well_formed, name_of, token_of},
};
#[cfg(feature = "audit")]
use crate::port::{AuditEntry, SessionChange};
use crate::{
    domain::{
        AccessToken, Device, ListedSession, Login, Relaxation, Result, SessionKey, StoreError, Timestamp, TokenId,
    },
    port::{
        BoxFuture, Clock, EndedSessions, NewSession, Random, Resolved, SessionStore, StoredSession, Strategy,
        StrategyError,
    },
};

/// The number of rows that one transaction of a purge covers, so that locks are held only briefly.
const PURGE_STEP: u32 = 1000;

/// Random tokens whose sessions are rows of the users' database, like fastapi-users' database strategy.
///
/// A row is looked up by the digest of its token, in the query that loads the user. A logout deletes the row; raising
/// the user's epoch invalidates it.
pub struct DatabaseTokens {
    store: Arc<dyn SessionStore>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    settings: SessionSettings,
    backend: Option<String>,
}

impl DatabaseTokens {
    /// Creates the strategy with sessions in `store`.
    ///
    /// # Errors
    /// [`Error::Config`](crate::domain::Error::Config) for a lifetime of zero, an idle limit under two minutes, or a
    /// maximum of zero sessions.
    pub fn new(
        sessions: DatabaseSessions,
        store: Arc<dyn SessionStore>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self> {
        Ok(Self { store, clock, random, settings: sessions.settings.check()?, backend: None })
    }

    /// Adds sessions that belong to this backend, and refuses sessions that belong to another. Sessions without a backend
    /// are accepted: those of fastapi-users, and those that were added under a policy without this rule.
    #[must_use]
    pub fn of_backend(self, backend: Option<String>) -> Self {
        Self { backend, ..self }
    }

    fn keys(&self, token: &AccessToken) -> Vec<SessionKey> {
        self.settings.plaintext.keys_of(token, self.clock.now())
    }
}

impl Strategy for DatabaseTokens {
    fn issue<'a>(&'a self, login: &'a Login) -> BoxFuture<'a, Result<AccessToken, StrategyError>> {
        Box::pin(async move {
            let token = token_of(login, self.random.as_ref()).map_err(StrategyError::unavailable)?;
            let id = name_of(login, self.random.as_ref()).map_err(StrategyError::unavailable)?;
            let key = self.settings.plaintext.key_of(&token);
            let Login { subject, epoch, at, device, methods, logged_in_at, seed, .. } = login.clone();
            let (backend, replaces) = (self.backend.clone(), seed.is_some());
            let session = NewSession { key, id, subject, epoch, at, device, backend, methods, logged_in_at, replaces };
            let added = match self.store.add(session.clone(), self.settings.cap()).await {
                // The column may be too narrow, or unable to store the characters. The login does not depend on the device.
                Err(StoreError::InvalidValue { .. }) if session.device != Device::default() => {
                    let session = NewSession { device: Device::default(), ..session };
                    self.store.add(session, self.settings.cap()).await
                }
                added => added,
            };
            match added {
                Ok(()) => Ok(token),
                Err(StoreError::Conflict) => Err(StrategyError::UserGone),
                Err(error) => Err(StrategyError::unavailable(error)),
            }
        })
    }

    fn resolve<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, Result<Option<Resolved>, StrategyError>> {
        let stored = is_well_formed(token).then(|| {
            let (lifetime, idle) = self.settings.ends_after();
            Resolved::Stored(StoredSession { keys: self.keys(token), lifetime, idle, backend: self.backend.clone() })
        });
        Box::pin(ready(Ok(stored)))
    }

    fn revoke<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, Result<(), StrategyError>> {
        Box::pin(async move {
            if is_well_formed(token) {
                for key in self.keys(token) {
                    self.store.remove(&key).await.map_err(StrategyError::unavailable)?;
                }
            }
            Ok(())
        })
    }

    fn list<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Vec<ListedSession>, StrategyError>> {
        Box::pin(async move {
            let ended = self.expired_at(self.clock.now());
            let mut sessions = self.store.list(subject).await.map_err(StrategyError::unavailable)?;
            sessions.retain(|listed| {
                let created = listed.begun_at();
                created >= ended.created_before && listed.last_seen_at.or(created) >= ended.seen_before
            });
            for listed in &mut sessions {
                listed.session.expires_at = listed.begun_at().and_then(|at| self.end_of(at));
            }
            Ok(sessions)
        })
    }

    fn end<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StrategyError>> {
        Box::pin(async move { self.store.end(subject, id).await.map_err(StrategyError::unavailable) })
    }

    fn lifetime(&self) -> Option<std::time::Duration> {
        self.settings.ends_after().0
    }

    fn session_cap(&self) -> Option<u32> {
        Some(self.settings.cap())
    }

    fn idle_limit(&self) -> Option<std::time::Duration> {
        self.settings.chosen_idle()
    }

    fn purge(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StrategyError>> {
        Box::pin(
            async move { self.store.purge(self.expired_at(now), PURGE_STEP).await.map_err(StrategyError::unavailable) },
        )
    }

    fn largest_token(&self, _: usize) -> Option<usize> {
        Some(SessionKey::CHARS)
    }

    #[cfg(feature = "audit")]
    fn recording(self: Arc<Self>, _: SessionChange, entries: Arc<[AuditEntry]>) -> Option<Arc<dyn Strategy>> {
        let store = Arc::clone(&self.store).recording(entries)?;
        let (clock, random) = (Arc::clone(&self.clock), Arc::clone(&self.random));
        Some(Arc::new(Self { store, clock, random, settings: self.settings.clone(), backend: self.backend.clone() }))
    }

    fn relaxations(&self) -> Vec<Relaxation> {
        self.settings.relaxed()
    }
}

impl DatabaseTokens {
    /// Returns the conditions that expired sessions meet at `now`.
    fn expired_at(&self, now: Timestamp) -> EndedSessions {
        let before =
            |limit: Option<std::time::Duration>| now.checked_sub_signed(chrono::TimeDelta::from_std(limit?).ok()?);
        let (lifetime, idle) = self.settings.ends_after();
        EndedSessions { created_before: before(lifetime), seen_before: before(idle) }
    }

    fn end_of(&self, login: Timestamp) -> Option<Timestamp> {
        login.checked_add_signed(chrono::TimeDelta::from_std(self.settings.ends_after().0?).ok()?)
    }
}

impl fmt::Debug for DatabaseTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseTokens").field("settings", &self.settings).finish_non_exhaustive()
    }
}
