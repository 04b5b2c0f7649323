//! The databases of the matrix.

use std::sync::{Arc, Weak};

use axum_users::{
    Backend, DatabaseSessions, Jwt, SecretKey, Users, UsersBuilder,
    token::{EmailCode, Invitations, MagicLink, Refresh},
};
use tokio::sync::Mutex;

use crate::{
    database::{Database, DatabaseKind},
    store::open_store,
    support::{SECRET, User},
};

/// The server databases that running scenarios share, since creating one takes longer than most scenarios.
static SHARED: [Mutex<Weak<Database>>; 2] = [Mutex::const_new(Weak::new()), Mutex::const_new(Weak::new())];

impl Database {
    /// Creates a database that is not shared.
    pub async fn own(kind: DatabaseKind) -> Arc<Self> {
        let database = Self::empty(kind).await;
        let jwt = Backend::bearer("jwt", Jwt::new());
        database.create_tables(|builder| builder.backend(jwt)).await;
        database
    }

    /// Creates the tables of a service with these settings.
    async fn create_tables(&self, settings: impl FnOnce(UsersBuilder<User>) -> UsersBuilder<User>) {
        let builder = Users::<User>::builder(SecretKey::new(SECRET).unwrap());
        let builder = settings(builder.store(open_store::<User>(&self.url()).await));
        builder.build().await.unwrap().migrate().await.unwrap();
    }

    /// Returns a database that scenarios use concurrently, each with unique addresses. It has the tables of every
    /// scenario, since comparing them with the catalog takes a server longer than many scenarios. Files are cheap: a
    /// new SQLite database is empty.
    pub async fn shared(kind: DatabaseKind) -> Arc<Self> {
        let slot = match kind {
            DatabaseKind::Sqlite => return Self::empty(kind).await,
            DatabaseKind::Postgres => &SHARED[0],
            DatabaseKind::MariaDb => &SHARED[1],
        };
        let mut shared = slot.lock().await;
        if let Some(database) = shared.upgrade() {
            return database;
        }
        let database = Self::empty(kind).await;
        database.create_tables(with_everything).await;
        *shared = Arc::downgrade(&database);
        database
    }
}

/// Turns on every feature that has tables.
fn with_everything(builder: UsersBuilder<User>) -> UsersBuilder<User> {
    #[cfg(feature = "totp")]
    let builder = builder.mfa(axum_users::Mfa::optional());
    #[cfg(feature = "passkeys")]
    let builder = builder.passkeys(axum_users::passkeys::Passkeys::new().origin(super::app::ORIGIN));
    builder
        .magic_link(MagicLink::new())
        .email_code(EmailCode::new())
        .invitations(Invitations::new())
        .backend(Backend::bearer("db", DatabaseSessions::new()).refresh(Refresh::new()))
}
