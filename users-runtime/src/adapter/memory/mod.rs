//! Users in memory: for tests, and as the example of a store of one's own.
//!
//! It keeps every promise of [`UserStore`] but durability. The conformance suite (feature `testing`) runs against it as
//! it does against SQL.

mod sessions;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use self::sessions::KeptSession;
use crate::{
    domain::{CanonicalEmail, Epoch, IdValue, SessionKey, Timestamp, TokenId, UserId},
    port::{
        BoxFuture, Change, EndSessions, Found, Lookup, SchemaDrift, SessionStore, StoreError, TokenState, UserStore,
    },
    user::{AuthUser, Columns},
};

/// Users in memory. Everything is lost when it is dropped.
pub struct MemoryStore<U: AuthUser> {
    // One lock around everything is what makes each write one transaction.
    state: Mutex<State<U>>,
}

struct State<U: AuthUser> {
    users: HashMap<U::Id, Stored<U>>,
    ids: HashMap<CanonicalEmail, U::Id>,
    tokens: HashMap<TokenId, Mark>,
    sessions: HashMap<SessionKey, KeptSession<U::Id>>,
    last_id: i64,
}

#[derive(Clone)]
struct Stored<U> {
    user: U,
    epoch: Epoch,
}

struct Mark {
    revoked: bool,
    kept_at: Option<Epoch>,
    until: Timestamp,
}

impl<U: AuthUser> MemoryStore<U> {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: Mutex::new(State {
                users: HashMap::new(),
                ids: HashMap::new(),
                tokens: HashMap::new(),
                sessions: HashMap::new(),
                last_id: 0,
            }),
        }
    }

    /// A thread that panicked while it held the lock left the state whole: every write happens after all checks.
    fn state(&self) -> MutexGuard<'_, State<U>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<U: AuthUser> Default for MemoryStore<U> {
    fn default() -> Self {
        Self::new()
    }
}

impl<U: AuthUser> State<U> {
    fn found(&self, id: &U::Id, token: Option<&TokenId>) -> Option<Found<U>> {
        let Stored { user, epoch } = self.users.get(id)?.clone();
        let token = token.map(|token| self.token_state(token)).unwrap_or_default();
        Some(Found { user, epoch, token, session: None })
    }

    fn token_state(&self, token: &TokenId) -> TokenState {
        match self.tokens.get(token) {
            Some(Mark { revoked: true, .. }) => TokenState::Revoked,
            Some(Mark { kept_at: Some(epoch), .. }) => TokenState::KeptAt(*epoch),
            _ => TokenState::Unmarked,
        }
    }

    fn insert(&mut self, mut user: U) -> Result<U, StoreError> {
        let email = CanonicalEmail::of(user.account().email);
        if self.ids.contains_key(&email) {
            return Err(StoreError::EmailTaken);
        }
        if U::Id::MADE_BY_DATABASE {
            self.last_id += 1; // an id is never used twice, or an old token would log in as the new user
            let id = U::Id::from_value(IdValue::Integer(self.last_id));
            *user.account_mut().id = id.ok_or_else(|| StoreError::failed("there are no more ids"))?;
        }
        if self.users.contains_key(&user.id()) {
            return Err(StoreError::Conflict);
        }
        self.ids.insert(email, user.id());
        self.users.insert(user.id(), Stored { user: user.clone(), epoch: Epoch(0) });
        Ok(user)
    }

    fn update(&mut self, change: Change<U>) -> Result<Option<U>, StoreError> {
        let id = change.user.id();
        let Some(stored) = self.users.get(&id) else { return Ok(None) };
        let before = stored.user.account();
        let hash_differs = change.if_hashed_password.is_some_and(|hash| hash != *before.hashed_password);
        let email_differs = change.if_email.is_some_and(|email| email != before.email);
        let epoch_differs = change.if_epoch.is_some_and(|epoch| epoch != stored.epoch);
        if hash_differs || email_differs || epoch_differs {
            return Ok(None);
        }

        let mut user = stored.user.clone();
        copy(&mut user, &change.user, change.columns);
        let (old, new) = (CanonicalEmail::of(before.email), CanonicalEmail::of(user.account().email));
        if self.ids.get(&new).is_some_and(|owner| *owner != id) {
            return Err(StoreError::EmailTaken);
        }

        let epoch = match &change.end_sessions {
            EndSessions::Keep => stored.epoch,
            EndSessions::All | EndSessions::AllBut(..) => Epoch(stored.epoch.0.saturating_add(1)),
        };
        if let EndSessions::AllBut(token, until) = change.end_sessions {
            self.mark(token, until).kept_at = Some(epoch);
        }
        self.ids.remove(&old);
        self.ids.insert(new, id);
        self.users.insert(id, Stored { user: user.clone(), epoch });
        Ok(Some(user))
    }

    /// What is noted about a token, which is forgotten at `until` or later.
    fn mark(&mut self, token: TokenId, until: Timestamp) -> &mut Mark {
        let mark = self.tokens.entry(token).or_insert(Mark { revoked: false, kept_at: None, until });
        mark.until = mark.until.max(until);
        mark
    }
}

/// Copies the named columns, and no other: somebody else may have written those meanwhile.
fn copy<U: AuthUser>(to: &mut U, from: &U, columns: Columns) {
    to.copy_custom(from, columns);
    let (account, to) = (from.account(), to.account_mut());
    for (column, flag, value) in [
        (Columns::IS_ACTIVE, to.is_active, account.status.is_active),
        (Columns::IS_SUPERUSER, to.is_superuser, account.status.is_superuser),
        (Columns::IS_VERIFIED, to.is_verified, account.status.is_verified),
    ] {
        if columns.includes(column) {
            *flag = value;
        }
    }
    if columns.includes(Columns::EMAIL) {
        account.email.clone_into(to.email);
    }
    if columns.includes(Columns::HASHED_PASSWORD) {
        to.hashed_password.clone_from(account.hashed_password);
    }
}

impl<U: AuthUser> UserStore<U> for MemoryStore<U> {
    fn find<'a>(&'a self, wanted: &'a [Lookup<U::Id>]) -> BoxFuture<'a, Result<Vec<Option<Found<U>>>, StoreError>> {
        Box::pin(async move {
            let state = self.state();
            let find = |wanted: &Lookup<U::Id>| match wanted {
                Lookup::User { id, token } => state.found(id, token.as_ref()),
                Lookup::Session(key) => state.found_by_session(key),
            };
            Ok(wanted.iter().map(find).collect())
        })
    }

    fn find_by_email<'a>(&'a self, email: &'a CanonicalEmail) -> BoxFuture<'a, Result<Option<Found<U>>, StoreError>> {
        Box::pin(async move {
            let state = self.state();
            Ok(state.ids.get(email).and_then(|id| state.found(id, None)))
        })
    }

    fn insert(&self, user: U) -> BoxFuture<'_, Result<U, StoreError>> {
        Box::pin(async move { self.state().insert(user) })
    }

    fn update(&self, change: Change<U>) -> BoxFuture<'_, Result<Option<U>, StoreError>> {
        Box::pin(async move { self.state().update(change) })
    }

    fn delete(&self, id: U::Id) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut state = self.state();
            let Some(Stored { user, .. }) = state.users.remove(&id) else { return Ok(false) };
            state.ids.remove(&CanonicalEmail::of(user.account().email));
            state.sessions.retain(|_, session| session.user != id);
            Ok(true)
        })
    }

    fn end_sessions(&self, whose: Option<U::Id>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            for (id, stored) in &mut self.state().users {
                if whose.is_none_or(|whose| whose == *id) {
                    stored.epoch = Epoch(stored.epoch.0.saturating_add(1));
                }
            }
            Ok(())
        })
    }

    fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.state().mark(token.clone(), until).revoked = true;
            Ok(())
        })
    }

    fn purge_expired(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let mut state = self.state();
            let before = state.tokens.len();
            state.tokens.retain(|_, mark| mark.until >= now);
            Ok(u64::try_from(before - state.tokens.len()).unwrap_or(u64::MAX))
        })
    }

    /// There is nothing to create.
    fn migrate(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    /// There is nothing to compare.
    fn check_schema(&self) -> BoxFuture<'_, Result<Vec<SchemaDrift>, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn session_store(self: Arc<Self>) -> Option<Arc<dyn SessionStore>> {
        Some(self)
    }
}
