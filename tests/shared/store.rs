//! Stores that the tests open.

use std::time::Duration;

use axum_users::store::{PoolSettings, SqlStore, StoredUser};

/// Opens a store that waits for a connection longer than requests do, since other tests use the same processors.
pub async fn open_store<U: StoredUser>(url: &str) -> SqlStore<U> {
    let patient = PoolSettings::default().acquire_timeout(Duration::from_secs(20));
    SqlStore::connect_with(url, &patient).await.unwrap()
}
