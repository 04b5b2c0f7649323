//! A store that fails on demand.

use std::sync::{Arc, Mutex};

use axum_users::{
    env::{BoxFuture, Timestamp},
    store::{
        CanonicalEmail, Change, Found, Lookup, MemoryStore, Reauthentication, SchemaDrift, StoreError, TokenId,
        UserStore,
    },
};
use uuid::Uuid;

use crate::support::User;

/// A kind of failure of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// The store is unavailable.
    Unavailable,
    /// The store fails with an unexpected error.
    Broken,
    /// The store panics.
    Panic,
}

/// An internal text that no client may see.
const CAUSE: &str = "internal-cause-7f3a at /var/lib/secret.db";

/// An in-memory store with failures that a test turns on. Clones share users and failures.
#[derive(Clone, Default)]
pub struct FailingStore(Arc<Inner>);

#[derive(Default)]
struct Inner {
    users: MemoryStore<User>,
    /// The failing calls by name; `*` for all.
    failing: Mutex<Option<(&'static str, Outage)>>,
    /// The user whose sessions end immediately before the next change.
    ending: Mutex<Option<Uuid>>,
}

impl FailingStore {
    /// Makes `call` fail; `*` for all calls.
    pub fn fail(&self, call: &'static str, outage: Outage) {
        *self.0.failing.lock().unwrap() = Some((call, outage));
    }

    /// Ends all sessions of a user immediately before the next change is written, after the request has read the user.
    pub fn end_sessions_before_the_next_change(&self, id: Uuid) {
        *self.0.ending.lock().unwrap() = Some(id);
    }

    pub fn mend(&self) {
        *self.0.failing.lock().unwrap() = None;
    }

    fn check(&self, call: &str) -> Result<(), StoreError> {
        let failing = *self.0.failing.lock().unwrap();
        match failing {
            Some((name, outage)) if name == "*" || name == call => match outage {
                Outage::Unavailable => Err(StoreError::unavailable(CAUSE)),
                Outage::Broken => Err(StoreError::failed(CAUSE)),
                Outage::Panic => panic!("{CAUSE}"),
            },
            _ => Ok(()),
        }
    }
}

impl UserStore<User> for FailingStore {
    fn find<'a>(&'a self, wanted: &'a [Lookup<Uuid>]) -> BoxFuture<'a, Result<Vec<Option<Found<User>>>, StoreError>> {
        Box::pin(async move {
            self.check("find")?;
            self.0.users.find(wanted).await
        })
    }

    fn find_by_email<'a>(
        &'a self,
        email: &'a CanonicalEmail,
    ) -> BoxFuture<'a, Result<Option<Found<User>>, StoreError>> {
        Box::pin(async move {
            self.check("find_by_email")?;
            self.0.users.find_by_email(email).await
        })
    }

    fn insert(&self, user: User) -> BoxFuture<'_, Result<User, StoreError>> {
        Box::pin(async move {
            self.check("insert")?;
            self.0.users.insert(user).await
        })
    }

    fn update(&self, change: Change<User>) -> BoxFuture<'_, Result<Option<User>, StoreError>> {
        Box::pin(async move {
            self.check("update")?;
            let ending = self.0.ending.lock().unwrap().take();
            if ending.is_some() {
                self.0.users.end_sessions(ending).await?;
            }
            self.0.users.update(change).await
        })
    }

    fn delete(&self, id: Uuid) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            self.check("delete")?;
            self.0.users.delete(id).await
        })
    }

    fn end_sessions(&self, whose: Option<Uuid>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.check("end_sessions")?;
            self.0.users.end_sessions(whose).await
        })
    }

    fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.check("revoke")?;
            self.0.users.revoke(token, until).await
        })
    }

    fn use_once<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            self.check("use_once")?;
            self.0.users.use_once(token, until).await
        })
    }

    fn reauthenticate<'a>(
        &'a self,
        id: Uuid,
        token: &'a TokenId,
        proof: Reauthentication,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.check("reauthenticate")?;
            self.0.users.reauthenticate(id, token, proof, until).await
        })
    }

    fn purge_expired(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.0.users.purge_expired(now)
    }

    fn migrate(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.users.migrate()
    }

    fn check_schema(&self) -> BoxFuture<'_, Result<Vec<SchemaDrift>, StoreError>> {
        self.0.users.check_schema()
    }
}
