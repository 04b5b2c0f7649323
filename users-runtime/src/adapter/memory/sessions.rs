//! Sessions in memory.

use super::{MemoryStore, State, TenantFilter};
use crate::{
    domain::{AuthMethods, Device, Epoch, ListedSession, Session, SessionKey, StoreError, Timestamp, TokenId, UserId},
    port::{BoxFuture, EndedSessions, Found, FoundSession, NewSession, SessionStore},
    user::AuthUser,
};

/// A stored session.
pub(super) struct KeptSession<Id> {
    pub(super) user: Id,
    id: TokenId,
    epoch: Epoch,
    created_at: Timestamp,
    last_seen_at: Option<Timestamp>,
    device: Device,
    backend: Option<String>,
    methods: AuthMethods,
    logged_in_at: Option<Timestamp>,
    /// Orders sessions with equal times by creation.
    number: u64,
}

impl<U: AuthUser> State<U> {
    pub(super) fn found_by_session(&self, tenant: TenantFilter<'_, U>, key: &SessionKey) -> Option<Found<U>> {
        let KeptSession { user, id, epoch, created_at, last_seen_at, backend, methods, logged_in_at, .. } =
            self.sessions.get(key)?;
        let session = FoundSession {
            id: Some(id.clone()),
            epoch: Some(*epoch),
            created_at: *created_at,
            last_seen_at: *last_seen_at,
            backend: backend.clone(),
            methods: *methods,
            logged_in_at: *logged_in_at,
        };
        Some(Found { session: Some(session), ..self.found(tenant, user, Some(id))? })
    }

    fn add_session(&mut self, new: NewSession, at_most: u32) -> Result<(), StoreError> {
        let user = U::Id::parse(&new.subject).filter(|id| self.users.contains_key(id));
        let user = user.ok_or(StoreError::Conflict)?;
        let number = self.sessions.values().map(|session| session.number).max().map_or(0, |last| last + 1);
        let NewSession { key, id, epoch, at, device, backend, methods, logged_in_at, replaces, .. } = new;
        if replaces {
            self.sessions.retain(|_, session| session.user != user || session.id != id);
        }
        let session = KeptSession {
            user: user.clone(),
            id,
            epoch,
            created_at: at,
            last_seen_at: None,
            device,
            backend,
            methods,
            logged_in_at,
            number,
        };
        self.sessions.insert(key, session);
        let mut of_user: Vec<_> = self.sessions.iter().filter(|(_, session)| session.user == user).collect();
        of_user.sort_by_key(|(_, session)| (self.is_live(session), session.created_at, session.number));
        let surplus = of_user.len().saturating_sub(usize::try_from(at_most).unwrap_or(usize::MAX));
        let ended: Vec<SessionKey> = of_user.into_iter().take(surplus).map(|(key, _)| key.clone()).collect();
        for key in ended {
            self.sessions.remove(&key);
        }
        Ok(())
    }

    fn list_sessions(&self, subject: &str) -> Vec<ListedSession> {
        let Some(user) = U::Id::parse(subject) else { return Vec::new() };
        let mut of_user: Vec<_> = self.sessions.values().filter(|session| session.user == user).collect();
        of_user.sort_by_key(|session| (session.created_at, session.number));
        let listed = |kept: &KeptSession<U::Id>| ListedSession {
            session: Session {
                token_id: Some(kept.id.clone()),
                epoch: Some(kept.epoch),
                logged_in_at: kept.logged_in_at.or(Some(kept.created_at)),
                methods: kept.methods,
                ..Session::new(subject)
            },
            last_seen_at: kept.last_seen_at,
            device: kept.device.clone(),
            refreshed_at: kept.logged_in_at.map(|_| kept.created_at),
        };
        of_user.into_iter().map(listed).collect()
    }

    /// Returns `true` if the session was ended neither by a raised epoch nor by a revocation.
    fn is_live(&self, session: &KeptSession<U::Id>) -> bool {
        let current = self.users.get(&session.user).map(|stored| stored.epoch);
        current.is_some_and(|current| self.token_state(&session.id).is_live(session.epoch, current))
    }
}

impl<U: AuthUser> SessionStore for MemoryStore<U> {
    fn add(&self, session: NewSession, at_most: u32) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.state().add_session(session, at_most) })
    }

    fn remove<'a>(&'a self, key: &'a SessionKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { Ok(self.state().sessions.remove(key).is_some()) })
    }

    fn touch<'a>(&'a self, key: &'a SessionKey, at: Timestamp) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            if let Some(session) = self.state().sessions.get_mut(key) {
                session.last_seen_at = session.last_seen_at.max(Some(at));
            }
            Ok(())
        })
    }

    fn list<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Vec<ListedSession>, StoreError>> {
        Box::pin(async move { Ok(self.state().list_sessions(subject)) })
    }

    fn end<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let Some(user) = U::Id::parse(subject) else { return Ok(false) };
            let mut state = self.state();
            let before = state.sessions.len();
            state.sessions.retain(|_, session| session.user != user || session.id != *id);
            Ok(state.sessions.len() < before)
        })
    }

    fn purge(&self, ended: EndedSessions, _step: u32) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let mut state = self.state();
            let is_ended = |session: &KeptSession<U::Id>| {
                !state.is_live(session) || ended.covers(session.created_at, session.last_seen_at)
            };
            let keys = state.sessions.iter().filter(|(_, session)| is_ended(session));
            let keys: Vec<SessionKey> = keys.map(|(key, _)| key.clone()).collect();
            for key in &keys {
                state.sessions.remove(key);
            }
            Ok(u64::try_from(keys.len()).unwrap_or(u64::MAX))
        })
    }
}
