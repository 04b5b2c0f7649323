//! The conformance suite over ids of every kind.

use axum_users::{
    store::{MemoryStore, NewAccount, SqlStore, StoredUser},
    testing::{store_conformance, store_races},
};

use super::types::{
    keys, numbers_of_database, snowflakes, snowflakes_of_database, ulids, uuids_of_database, version_7,
};
#[cfg(feature = "services")]
use crate::servers::Server;
use crate::store::open_store;

/// A store in a temporary folder.
async fn in_file<U: StoredUser>(folder: &tempfile::TempDir) -> SqlStore<U> {
    static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let file = folder.path().join(format!("{number}.db"));
    open_store(&format!("sqlite://{}?mode=rwc", file.display())).await
}

async fn conforms<U: StoredUser>(user: fn(NewAccount<U::Id>) -> U) {
    let folder = tempfile::tempdir().unwrap();
    store_conformance(async || in_file::<U>(&folder).await, user).await.unwrap();
    store_conformance(async || MemoryStore::<U>::new(), user).await.unwrap();
}

#[tokio::test]
async fn stores_conform_with_uuids_of_version_7() {
    conforms(version_7::user).await;
}

#[tokio::test]
async fn stores_conform_with_types_of_the_application() {
    conforms(ulids::user).await;
    conforms(snowflakes::user).await;
    conforms(keys::user).await;
}

#[tokio::test]
async fn stores_conform_with_ids_that_the_database_makes() {
    conforms(uuids_of_database::user).await;
    conforms(numbers_of_database::user).await;
    conforms(snowflakes_of_database::user).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_sqlite_file_with_text_ids_survives_races() {
    let folder = tempfile::tempdir().unwrap();
    store_races(async || in_file::<ulids::User>(&folder).await, ulids::user).await.unwrap();
    store_races(async || in_file::<uuids_of_database::User>(&folder).await, uuids_of_database::user).await.unwrap();
}

#[cfg(feature = "services")]
async fn conforms_on<U: StoredUser>(server: Server, user: fn(NewAccount<U::Id>) -> U) {
    let databases = std::sync::Mutex::new(Vec::new());
    let fresh = async || {
        let database = server.database().await.unwrap();
        let store = open_store::<U>(&database.url()).await;
        databases.lock().unwrap().push(database);
        store
    };
    if server.database().await.is_some() {
        store_conformance(fresh, user).await.unwrap();
    }
}

#[cfg(feature = "services")]
async fn conforms_on_servers<U: StoredUser>(user: fn(NewAccount<U::Id>) -> U) {
    for server in Server::ALL {
        conforms_on(server, user).await;
    }
}

#[cfg(feature = "services")]
#[tokio::test]
async fn stores_on_servers_conform_with_text_of_the_application() {
    conforms_on_servers(ulids::user).await;
}

#[cfg(feature = "services")]
#[tokio::test]
async fn stores_on_servers_conform_with_ids_that_the_database_makes() {
    conforms_on_servers(uuids_of_database::user).await;
}
