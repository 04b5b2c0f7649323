//! The conformance suite over every store, for both kinds of id.

use users_runtime::{
    store::{MemoryStore, SqlStore, StoredUser},
    testing::{store_conformance, store_races},
};

use crate::store::{
    support::{FileStore, delegate_user_store, patient},
    users::{Member, User, member, user},
};

delegate_user_store!(FileStore);

async fn in_memory<U: StoredUser>() -> SqlStore<U> {
    SqlStore::connect_with("sqlite::memory:", &patient()).await.unwrap()
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
async fn the_in_memory_store_conforms() {
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
async fn the_in_memory_store_survives_races() {
    store_races(async || MemoryStore::<User>::new(), user).await.unwrap();
    store_races(async || MemoryStore::<Member>::new(), member).await.unwrap();
}
