//! The conformance suite over every store that there is, for both kinds of id.

use std::sync::Arc;

use users_runtime::{
    adapter::{
        memory::MemoryStore,
        sql::{SqlStore, StoredUser},
    },
    domain::{CanonicalEmail, Timestamp, TokenId},
    port::{BoxFuture, Change, Found, Lookup, SchemaDrift, SessionStore, StoreError, UserStore},
    testing::{store_conformance, store_races},
};

use crate::{
    support::FileStore,
    users::{Member, User, member, user},
};

impl<U: StoredUser> UserStore<U> for FileStore<U> {
    fn find<'a>(&'a self, wanted: &'a [Lookup<U::Id>]) -> BoxFuture<'a, Result<Vec<Option<Found<U>>>, StoreError>> {
        self.store.find(wanted)
    }

    fn find_by_email<'a>(&'a self, email: &'a CanonicalEmail) -> BoxFuture<'a, Result<Option<Found<U>>, StoreError>> {
        self.store.find_by_email(email)
    }

    fn insert(&self, user: U) -> BoxFuture<'_, Result<U, StoreError>> {
        self.store.insert(user)
    }

    fn update(&self, change: Change<U>) -> BoxFuture<'_, Result<Option<U>, StoreError>> {
        self.store.update(change)
    }

    fn delete(&self, id: U::Id) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.store.delete(id)
    }

    fn end_sessions(&self, whose: Option<U::Id>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.end_sessions(whose)
    }

    fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.revoke(token, until)
    }

    fn purge_expired(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.store.purge_expired(now)
    }

    fn migrate(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.migrate()
    }

    fn check_schema(&self) -> BoxFuture<'_, Result<Vec<SchemaDrift>, StoreError>> {
        self.store.check_schema()
    }

    fn session_store(self: Arc<Self>) -> Option<Arc<dyn SessionStore>> {
        Arc::new(self.store.clone()).session_store()
    }
}

async fn in_memory<U: StoredUser>() -> SqlStore<U> {
    SqlStore::connect("sqlite::memory:").await.unwrap()
}

#[tokio::test]
async fn an_sqlite_file_conforms() {
    store_conformance(FileStore::<User>::fresh, user).await.unwrap();
    store_conformance(FileStore::<Member>::fresh, member).await.unwrap();
}

#[tokio::test]
async fn an_sqlite_database_in_memory_conforms() {
    store_conformance(in_memory::<User>, user).await.unwrap();
    store_conformance(in_memory::<Member>, member).await.unwrap();
}

#[tokio::test]
async fn the_store_in_memory_conforms() {
    store_conformance(async || MemoryStore::<User>::new(), user).await.unwrap();
    store_conformance(async || MemoryStore::<Member>::new(), member).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_sqlite_file_survives_races() {
    store_races(FileStore::<User>::fresh, user).await.unwrap();
    store_races(FileStore::<Member>::fresh, member).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_sqlite_database_in_memory_survives_races() {
    store_races(in_memory::<User>, user).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_store_in_memory_survives_races() {
    store_races(async || MemoryStore::<User>::new(), user).await.unwrap();
    store_races(async || MemoryStore::<Member>::new(), member).await.unwrap();
}
