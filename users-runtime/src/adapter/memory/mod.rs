//! An in-memory store, for tests and as an example of a custom store.
//!
//! It fulfills the contract of [`UserStore`] except for durability. The conformance suite (feature `testing`) is run
//! against it and against SQL.

mod counters;
mod oauth_accounts;
mod passkeys;
mod refresh;
mod second_factors;
mod sessions;
mod tenant_filter;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub use self::counters::MemoryCounters;
use self::{
    oauth_accounts::KeptAccount, passkeys::KeptPasskey, second_factors::SecondFactors, sessions::KeptSession,
    tenant_filter::TenantFilter,
};
use crate::{
    domain::{
        CanonicalEmail, Epoch, IdKind, IdValue, LoginName, Reauthentication, RefreshFamily, SessionKey, Standing,
        Timestamp, TokenId, UserId, id_kind,
    },
    port::{
        BoxFuture, Change, EndSessions, Found, Lookup, OAuthStore, PasskeyStore, RefreshStore, SchemaDrift,
        SecondFactorStore, SessionStore, StoreError, TokenState, UserStore,
    },
    user::{AuthUser, Columns, Tenant},
};

/// A user store in memory. All data is lost when it is dropped.
pub struct MemoryStore<U: AuthUser> {
    // A single lock makes every write atomic.
    state: Arc<Mutex<State<U>>>,
    tenant: Option<Tenant<U>>,
}

struct State<U: AuthUser> {
    users: HashMap<U::Id, Stored<U>>,
    // Users of several tenants may have the same address.
    ids: HashMap<CanonicalEmail, Vec<U::Id>>,
    tokens: HashMap<TokenId, Mark>,
    sessions: HashMap<SessionKey, KeptSession<U::Id>>,
    accounts: Vec<KeptAccount<U::Id>>,
    families: Vec<RefreshFamily>,
    second_factors: SecondFactors<U::Id>,
    passkeys: Vec<KeptPasskey<U::Id>>,
    last_id: i64,
    last_account: i64,
}

#[derive(Clone)]
struct Stored<U> {
    user: U,
    epoch: Epoch,
    standing: Standing,
}

struct Mark {
    revoked: bool,
    kept_at: Option<Epoch>,
    proof: Option<Reauthentication>,
    until: Timestamp,
}

impl<U: AuthUser> MemoryStore<U> {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        let state = State {
            users: HashMap::new(),
            ids: HashMap::new(),
            tokens: HashMap::new(),
            sessions: HashMap::new(),
            accounts: Vec::new(),
            families: Vec::new(),
            second_factors: SecondFactors::new(),
            passkeys: Vec::new(),
            last_id: 0,
            last_account: 0,
        };
        Self { state: Arc::new(Mutex::new(state)), tenant: None }
    }

    /// Returns the tenant whose users this store may read and write.
    fn tenant(&self) -> Result<TenantFilter<'_, U>, StoreError> {
        match &self.tenant {
            Some(tenant) => Ok(TenantFilter::One(tenant)),
            None if U::HAS_TENANTS => Err(StoreError::MissingTenant),
            None => Ok(TenantFilter::None),
        }
    }

    /// A panic while the lock is held leaves the state consistent: every write happens after all checks.
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
    /// Returns the user with this id if it belongs to the tenant.
    fn stored(&self, tenant: TenantFilter<'_, U>, id: &U::Id) -> Option<&Stored<U>> {
        self.users.get(id).filter(|stored| tenant.has(&stored.user))
    }

    /// Returns the id of the tenant's user with this address.
    fn owner(&self, tenant: TenantFilter<'_, U>, email: &CanonicalEmail) -> Option<U::Id> {
        self.ids.get(email)?.iter().find(|id| self.stored(tenant, id).is_some()).cloned()
    }

    /// Returns the id of the tenant's user with this login name.
    fn owner_of_name(&self, tenant: TenantFilter<'_, U>, name: Option<&str>) -> Option<U::Id> {
        let is_it = |stored: &&Stored<U>| tenant.has(&stored.user) && stored.user.login_name() == name;
        name.and_then(|_| self.users.values().find(is_it)).map(|stored| stored.user.id())
    }

    fn forget_address(&mut self, email: &CanonicalEmail, id: &U::Id) {
        if let Some(ids) = self.ids.get_mut(email) {
            ids.retain(|owner| owner != id);
        }
    }

    fn found(&self, tenant: TenantFilter<'_, U>, id: &U::Id, token: Option<&TokenId>) -> Option<Found<U>> {
        let Stored { user, epoch, standing } = self.stored(tenant, id)?.clone();
        let reauthentication = token.and_then(|token| self.tokens.get(token)?.proof);
        let token = token.map(|token| self.token_state(token)).unwrap_or_default();
        Some(Found { user, epoch, token, reauthentication, session: None, standing })
    }

    fn token_state(&self, token: &TokenId) -> TokenState {
        match self.tokens.get(token) {
            Some(Mark { revoked: true, .. }) => TokenState::Revoked,
            Some(Mark { kept_at: Some(epoch), .. }) => TokenState::KeptAt(*epoch),
            _ => TokenState::Unmarked,
        }
    }

    /// Checks a new user, and returns it with its tenant and id, ready to be inserted.
    fn check(&mut self, tenant: TenantFilter<'_, U>, mut user: U) -> Result<U, StoreError> {
        tenant.stamp(&mut user);
        if self.owner(tenant, &CanonicalEmail::of(user.account().email)).is_some() {
            return Err(StoreError::EmailTaken);
        }
        // Ids of other kinds have been generated already.
        if U::ID_MADE_BY_DATABASE && id_kind::<U::Id>() == IdKind::Integer {
            self.last_id += 1; // ids are never reused: an old token would be valid for the new user
            let id = U::Id::from_value(IdValue::Integer(self.last_id));
            *user.account_mut().id = id.ok_or_else(|| StoreError::failed("no ids are left"))?;
        }
        if self.users.contains_key(&user.id()) || self.owner_of_name(tenant, user.login_name()).is_some() {
            return Err(StoreError::Conflict);
        }
        Ok(user)
    }

    fn insert(&mut self, tenant: TenantFilter<'_, U>, user: U) -> Result<U, StoreError> {
        let user = self.check(tenant, user)?;
        self.ids.entry(CanonicalEmail::of(user.account().email)).or_default().push(user.id());
        let stored = Stored { user: user.clone(), epoch: Epoch(0), standing: Standing::default() };
        self.users.insert(user.id(), stored);
        Ok(user)
    }

    fn update(&mut self, tenant: TenantFilter<'_, U>, mut change: Change<U>) -> Result<Option<U>, StoreError> {
        tenant.stamp(&mut change.user);
        let id = change.user.id();
        let Some(stored) = self.stored(tenant, &id) else { return Ok(None) };
        if !change.may_change(&stored.user, stored.epoch) {
            return Ok(None);
        }
        if change.use_token.as_ref().is_some_and(|(token, _)| self.tokens.contains_key(token)) {
            return Ok(None);
        }

        let (mut user, mut standing, epoch) = (stored.user.clone(), stored.standing.clone(), stored.epoch);
        if change.second_factor.as_ref().is_some_and(|factor| !self.second_factors.allows(&id, factor)) {
            return Ok(None);
        }
        let before = CanonicalEmail::of(user.account().email);
        change.write_into(&mut user);
        change.write_standing_into(&mut standing);
        let (old, new) = (before, CanonicalEmail::of(user.account().email));
        if self.owner(tenant, &new).is_some_and(|owner| owner != id) {
            return Err(StoreError::EmailTaken);
        }
        if self.owner_of_name(tenant, user.login_name()).is_some_and(|owner| owner != id) {
            return Err(StoreError::Conflict);
        }

        let epoch = match &change.end_sessions {
            EndSessions::Keep => epoch,
            EndSessions::All | EndSessions::AllBut(..) => Epoch(epoch.0.saturating_add(1)),
        };
        if let Some((token, until)) = change.use_token {
            self.mark(token, until).revoked = true;
        }
        if let EndSessions::AllBut(token, until) = change.end_sessions {
            self.mark(token, until).kept_at = Some(epoch);
        }
        if change.columns.includes(Columns::HASHED_PASSWORD) && change.must_change_password.is_some() {
            self.second_factors.forget_devices(&id);
        }
        if let Some(factor) = change.second_factor {
            self.second_factors.apply(&id, factor);
        }
        if change.unlink {
            self.accounts.retain(|kept| kept.account.user_id != id);
        }
        if change.remove_passkeys {
            self.passkeys.retain(|kept| kept.passkey.user_id != id);
        }
        self.forget_address(&old, &id);
        self.ids.entry(new).or_default().push(id.clone());
        self.users.insert(id, Stored { user: user.clone(), epoch, standing });
        Ok(Some(user))
    }

    /// Returns the record of a token, which is kept at least until `until`.
    fn mark(&mut self, token: TokenId, until: Timestamp) -> &mut Mark {
        let mark = self.tokens.entry(token).or_insert(Mark { revoked: false, kept_at: None, proof: None, until });
        mark.until = mark.until.max(until);
        mark
    }
}

impl<U: AuthUser> UserStore<U> for MemoryStore<U> {
    fn find<'a>(&'a self, wanted: &'a [Lookup<U::Id>]) -> BoxFuture<'a, Result<Vec<Option<Found<U>>>, StoreError>> {
        Box::pin(async move {
            let (tenant, state) = (self.tenant()?, self.state());
            let find = |wanted: &Lookup<U::Id>| match wanted {
                Lookup::User { id, token } => state.found(tenant, id, token.as_ref()),
                Lookup::Session(key) => state.found_by_session(tenant, key),
            };
            Ok(wanted.iter().map(find).collect())
        })
    }

    fn find_by_email<'a>(&'a self, email: &'a CanonicalEmail) -> BoxFuture<'a, Result<Option<Found<U>>, StoreError>> {
        Box::pin(async move {
            let (tenant, state) = (self.tenant()?, self.state());
            Ok(state.owner(tenant, email).and_then(|id| state.found(tenant, &id, None)))
        })
    }

    fn find_by_login_name<'a>(&'a self, name: &'a LoginName) -> BoxFuture<'a, Result<Option<Found<U>>, StoreError>> {
        Box::pin(async move {
            let (tenant, state) = (self.tenant()?, self.state());
            let id = state.owner_of_name(tenant, Some(name.as_str()));
            Ok(id.and_then(|id| state.found(tenant, &id, None)))
        })
    }

    fn insert(&self, user: U) -> BoxFuture<'_, Result<U, StoreError>> {
        Box::pin(async move { self.state().insert(self.tenant()?, user) })
    }

    fn check_insert(&self, user: U) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.state().check(self.tenant()?, user).map(drop) })
    }

    fn update(&self, change: Change<U>) -> BoxFuture<'_, Result<Option<U>, StoreError>> {
        Box::pin(async move { self.state().update(self.tenant()?, change) })
    }

    fn delete(&self, id: U::Id) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let (tenant, mut state) = (self.tenant()?, self.state());
            let Some(Stored { user, .. }) = state.stored(tenant, &id).cloned() else { return Ok(false) };
            state.users.remove(&id);
            state.forget_address(&CanonicalEmail::of(user.account().email), &id);
            state.families.retain(|family| U::Id::parse(&family.subject).as_ref() != Some(&id));
            state.sessions.retain(|_, session| session.user != id);
            state.accounts.retain(|kept| kept.account.user_id != id);
            state.second_factors.remove(&id);
            state.passkeys.retain(|kept| kept.passkey.user_id != id);
            Ok(true)
        })
    }

    fn end_sessions(&self, whose: Option<U::Id>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let tenant = self.tenant()?;
            for (id, stored) in &mut self.state().users {
                if whose.as_ref().is_none_or(|whose| whose == id) && tenant.has(&stored.user) {
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

    fn use_once<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut state = self.state();
            let is_new = !state.tokens.contains_key(token);
            if is_new {
                state.mark(token.clone(), until).revoked = true;
            }
            Ok(is_new)
        })
    }

    fn reauthenticate<'a>(
        &'a self,
        id: U::Id,
        token: &'a TokenId,
        proof: Reauthentication,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut state = self.state();
            if !state.users.contains_key(&id) {
                return Err(StoreError::Conflict);
            }
            state.mark(token.clone(), until).proof = Some(proof);
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

    fn migrate(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    fn check_schema(&self) -> BoxFuture<'_, Result<Vec<SchemaDrift>, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn session_store(self: Arc<Self>) -> Option<Arc<dyn SessionStore>> {
        Some(self)
    }

    fn refresh_store(self: Arc<Self>) -> Option<Arc<dyn RefreshStore>> {
        Some(self)
    }

    fn second_factor_store(self: Arc<Self>) -> Option<Arc<dyn SecondFactorStore>> {
        Some(self)
    }

    fn passkey_store(self: Arc<Self>) -> Option<Arc<dyn PasskeyStore<U>>> {
        Some(self)
    }

    fn oauth_store(self: Arc<Self>) -> Option<Arc<dyn OAuthStore<U>>> {
        Some(self)
    }

    fn for_tenant(&self, tenant: &Tenant<U>) -> Result<Arc<dyn UserStore<U>>, StoreError> {
        Ok(Arc::new(Self { state: Arc::clone(&self.state), tenant: Some(tenant.clone()) }))
    }
}
