//! A store in a temporary database on a server.

use std::ops::Deref;

use users_runtime::store::{PoolSettings, SqlStore, StoredUser, UserStore};

use crate::store::{
    servers::{Server, TempDatabase},
    support::{delegate_user_store, patient},
};

/// A store in a temporary database.
pub struct ServerStore<U: StoredUser> {
    pub store: SqlStore<U>,
    pub database: TempDatabase,
}

delegate_user_store!(ServerStore);

impl<U: StoredUser> Deref for ServerStore<U> {
    type Target = SqlStore<U>;

    fn deref(&self) -> &SqlStore<U> {
        &self.store
    }
}

impl<U: StoredUser> ServerStore<U> {
    pub async fn fresh(server: Server) -> Option<Self> {
        let database = server.database().await?;
        let store = SqlStore::connect_with(&database.url(), &patient()).await.unwrap();
        Some(Self { store, database })
    }

    /// Opens another store on the same database.
    pub async fn another(&self, settings: &PoolSettings) -> SqlStore<U> {
        SqlStore::connect_with(&self.database.url(), settings).await.unwrap()
    }

    pub async fn migrated(server: Server) -> Option<Self> {
        let fresh = Self::fresh(server).await?;
        fresh.migrate().await.unwrap();
        Some(fresh)
    }
}
