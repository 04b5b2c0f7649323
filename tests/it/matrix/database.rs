//! The databases of the matrix.

use std::sync::{Arc, Weak};

use axum_users::Users;
use tokio::sync::Mutex;

use crate::{
    database::{Database, DatabaseKind},
    store::open_store,
    support::User,
};

/// The server databases that running scenarios share, since creating one takes longer than most scenarios.
static SHARED: [Mutex<Weak<Database>>; 2] = [Mutex::const_new(Weak::new()), Mutex::const_new(Weak::new())];

impl Database {
    /// Creates a database that is not shared.
    pub async fn own(kind: DatabaseKind) -> Arc<Self> {
        let database = Self::empty(kind).await;
        let store = open_store::<User>(&database.url()).await;
        let users = Users::<User>::builder(axum_users::SecretKey::new(crate::support::SECRET).unwrap())
            .store(store)
            .backend(axum_users::Backend::bearer("jwt", axum_users::Jwt::new()))
            .build();
        users.await.unwrap().migrate().await.unwrap();
        database
    }

    /// Returns a database that scenarios use concurrently, each with unique addresses. Files are cheap, so SQLite databases are
    /// never shared.
    pub async fn shared(kind: DatabaseKind) -> Arc<Self> {
        let slot = match kind {
            DatabaseKind::Sqlite => return Self::own(kind).await,
            DatabaseKind::Postgres => &SHARED[0],
            DatabaseKind::MariaDb => &SHARED[1],
        };
        let mut shared = slot.lock().await;
        if let Some(database) = shared.upgrade() {
            return database;
        }
        let database = Self::own(kind).await;
        *shared = Arc::downgrade(&database);
        database
    }
}
