//! Sessions in the database, beside their users.

use std::{fmt, future::ready, sync::Arc};

use super::{
    DatabaseSessions, SessionSettings,
    token::{fresh_name, fresh_token, is_well_formed},
};
use crate::{
    domain::{AccessToken, ListedSession, Login, Relaxation, Result, SessionKey, StoreError, Timestamp, TokenId},
    port::{
        BoxFuture, Clock, EndedSessions, NewSession, Random, Resolved, SessionStore, StoredSession, Strategy,
        StrategyError,
    },
};

/// How many rows one step of a purge looks at, so that no transaction holds its locks for long.
const PURGE_STEP: u32 = 1000;

/// Tokens whose sessions are rows beside their users (fastapi-users' database strategy, contract.md section 9).
///
/// A token is random and means nothing; the row is found by its digest, in the query that loads the user. Logout
/// deletes the row, and a raised epoch leaves it behind.
pub struct DatabaseTokens {
    store: Arc<dyn SessionStore>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    settings: SessionSettings,
}

impl DatabaseTokens {
    /// Sessions in `store`.
    ///
    /// # Errors
    /// [`Error::Config`](crate::domain::Error::Config) for a lifetime of zero, an idle limit under two minutes, or a cap
    /// of zero sessions.
    pub fn new(
        sessions: DatabaseSessions,
        store: Arc<dyn SessionStore>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self> {
        Ok(Self { store, clock, random, settings: sessions.settings.check()? })
    }

    /// Where the session of a token may be. A row stored in clear is looked up by the token only where such rows count,
    /// and then first, since they are what the other service writes.
    fn keys(&self, token: &AccessToken) -> Vec<SessionKey> {
        let plain = self.settings.finds_plaintext(self.clock.now()).then(|| SessionKey::plain(token));
        plain.into_iter().chain([SessionKey::hashed(token)]).collect()
    }
}

impl Strategy for DatabaseTokens {
    fn issue<'a>(&'a self, login: &'a Login) -> BoxFuture<'a, Result<AccessToken, StrategyError>> {
        Box::pin(async move {
            let token = fresh_token(self.random.as_ref()).map_err(StrategyError::unavailable)?;
            let id = fresh_name(self.random.as_ref()).map_err(StrategyError::unavailable)?;
            let key = if self.settings.is_plaintext() { SessionKey::plain(&token) } else { SessionKey::hashed(&token) };
            let Login { subject, epoch, at, device } = login.clone();
            let session = NewSession { key, id, subject, epoch, at, device };
            match self.store.add(session, self.settings.cap()).await {
                Ok(()) => Ok(token),
                Err(StoreError::Conflict) => Err(StrategyError::UserGone),
                Err(error) => Err(StrategyError::unavailable(error)),
            }
        })
    }

    fn resolve<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, Result<Option<Resolved>, StrategyError>> {
        let stored = is_well_formed(token).then(|| {
            let (lifetime, idle) = self.settings.ends_after();
            Resolved::Stored(StoredSession { keys: self.keys(token), lifetime, idle })
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
            let ended = self.ended_at(self.clock.now());
            let mut sessions = self.store.list(subject).await.map_err(StrategyError::unavailable)?;
            sessions.retain(|listed| {
                let created = listed.session.logged_in_at;
                created >= ended.created_before && listed.last_seen_at.or(created) >= ended.seen_before
            });
            for listed in &mut sessions {
                listed.session.expires_at = listed.session.logged_in_at.and_then(|at| self.end_of(at));
            }
            Ok(sessions)
        })
    }

    fn end<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StrategyError>> {
        Box::pin(async move { self.store.end(subject, id).await.map_err(StrategyError::unavailable) })
    }

    fn purge(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StrategyError>> {
        Box::pin(
            async move { self.store.purge(self.ended_at(now), PURGE_STEP).await.map_err(StrategyError::unavailable) },
        )
    }

    fn largest_token(&self, _: usize) -> Option<usize> {
        Some(SessionKey::CHARS)
    }

    fn relaxations(&self) -> Vec<Relaxation> {
        self.settings.relaxed()
    }
}

impl DatabaseTokens {
    /// What was created or last used before which time is dead at `now`.
    fn ended_at(&self, now: Timestamp) -> EndedSessions {
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
