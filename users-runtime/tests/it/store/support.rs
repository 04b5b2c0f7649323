//! Temporary databases for single tests.

use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use users_runtime::{
    PasswordHash,
    env::Timestamp,
    schema::{IdSeed, Status, UserId},
    store::{NewAccount, PoolSettings, SqlStore, StoredUser},
};

/// Implements `UserStore` for a struct that owns a store and keeps its database alive.
macro_rules! delegate_user_store {
    ($store:ident) => {
        impl<U: ::users_runtime::store::StoredUser> ::users_runtime::store::UserStore<U> for $store<U> {
            fn find<'a>(
                &'a self,
                wanted: &'a [::users_runtime::store::Lookup<U::Id>],
            ) -> ::users_runtime::env::BoxFuture<
                'a,
                Result<Vec<Option<::users_runtime::store::Found<U>>>, ::users_runtime::store::StoreError>,
            > {
                self.store.find(wanted)
            }

            fn find_at_once(
                &self,
                wanted: &::users_runtime::store::Lookup<U::Id>,
            ) -> Option<::users_runtime::store::Found<U>> {
                self.store.find_at_once(wanted)
            }

            fn find_by_email<'a>(
                &'a self,
                email: &'a ::users_runtime::store::CanonicalEmail,
            ) -> ::users_runtime::env::BoxFuture<
                'a,
                Result<Option<::users_runtime::store::Found<U>>, ::users_runtime::store::StoreError>,
            > {
                self.store.find_by_email(email)
            }

            fn insert(
                &self,
                user: U,
            ) -> ::users_runtime::env::BoxFuture<'_, Result<U, ::users_runtime::store::StoreError>> {
                self.store.insert(user)
            }

            fn update(
                &self,
                change: ::users_runtime::store::Change<U>,
            ) -> ::users_runtime::env::BoxFuture<'_, Result<Option<U>, ::users_runtime::store::StoreError>> {
                self.store.update(change)
            }

            fn delete(
                &self,
                id: U::Id,
            ) -> ::users_runtime::env::BoxFuture<'_, Result<bool, ::users_runtime::store::StoreError>> {
                self.store.delete(id)
            }

            fn end_sessions(
                &self,
                whose: Option<U::Id>,
            ) -> ::users_runtime::env::BoxFuture<'_, Result<(), ::users_runtime::store::StoreError>> {
                self.store.end_sessions(whose)
            }

            fn revoke<'a>(
                &'a self,
                token: &'a ::users_runtime::store::TokenId,
                until: ::users_runtime::env::Timestamp,
            ) -> ::users_runtime::env::BoxFuture<'a, Result<(), ::users_runtime::store::StoreError>> {
                self.store.revoke(token, until)
            }

            fn use_once<'a>(
                &'a self,
                token: &'a ::users_runtime::store::TokenId,
                until: ::users_runtime::env::Timestamp,
            ) -> ::users_runtime::env::BoxFuture<'a, Result<bool, ::users_runtime::store::StoreError>> {
                self.store.use_once(token, until)
            }

            fn find_by_login_name<'a>(
                &'a self,
                name: &'a ::users_runtime::schema::LoginName,
            ) -> ::users_runtime::env::BoxFuture<
                'a,
                Result<Option<::users_runtime::store::Found<U>>, ::users_runtime::store::StoreError>,
            > {
                self.store.find_by_login_name(name)
            }

            fn reauthenticate<'a>(
                &'a self,
                id: U::Id,
                token: &'a ::users_runtime::store::TokenId,
                proof: ::users_runtime::store::Reauthentication,
                until: ::users_runtime::env::Timestamp,
            ) -> ::users_runtime::env::BoxFuture<'a, Result<(), ::users_runtime::store::StoreError>> {
                self.store.reauthenticate(id, token, proof, until)
            }

            fn purge_expired(
                &self,
                now: ::users_runtime::env::Timestamp,
            ) -> ::users_runtime::env::BoxFuture<'_, Result<u64, ::users_runtime::store::StoreError>> {
                self.store.purge_expired(now)
            }

            fn migrate(&self) -> ::users_runtime::env::BoxFuture<'_, Result<(), ::users_runtime::store::StoreError>> {
                self.store.migrate()
            }

            fn check_schema(
                &self,
            ) -> ::users_runtime::env::BoxFuture<
                '_,
                Result<Vec<::users_runtime::store::SchemaDrift>, ::users_runtime::store::StoreError>,
            > {
                self.store.check_schema()
            }

            fn session_store(
                self: ::std::sync::Arc<Self>,
            ) -> Option<::std::sync::Arc<dyn ::users_runtime::store::SessionStore>> {
                ::std::sync::Arc::new(self.store.clone()).session_store()
            }
        }
    };
}
pub(crate) use delegate_user_store;

/// A temporary SQLite file, deleted together with its side files.
pub struct TempFile(PathBuf);

impl TempFile {
    pub fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("axum-users-store-{}-{number}.db", std::process::id())))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn url(&self) -> String {
        format!("sqlite://{}?mode=rwc", self.0.display())
    }

    /// Opens a connection independent of the store, as another program does.
    pub async fn connect(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(&self.0).create_if_missing(true);
        options.disable_statement_logging().connect().await.unwrap()
    }

    /// Runs statements on a separate connection.
    pub async fn run(&self, sql: &'static str) {
        let mut connection = self.connect().await;
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let _absent = std::fs::remove_file(format!("{}{suffix}", self.0.display()));
        }
    }
}

/// Settings of stores that wait for a connection longer than requests do, since other tests use the same processors.
pub fn patient() -> PoolSettings {
    PoolSettings::default().acquire_timeout(Duration::from_secs(20))
}

/// A store in a temporary file.
pub struct FileStore<U: StoredUser> {
    pub store: SqlStore<U>,
    pub file: TempFile,
}

impl<U: StoredUser> FileStore<U> {
    /// Creates a store on a new file with its schema.
    pub async fn migrated() -> Self {
        let fresh = Self::fresh().await;
        users_runtime::store::UserStore::migrate(&fresh.store).await.unwrap();
        fresh
    }

    pub async fn fresh() -> Self {
        let file = TempFile::new();
        let store = SqlStore::connect_with(&file.url(), &patient()).await.unwrap();
        Self { store, file }
    }
}

impl<U: StoredUser> Deref for FileStore<U> {
    type Target = SqlStore<U>;

    fn deref(&self) -> &SqlStore<U> {
        &self.store
    }
}

/// The roles of a new user.
pub fn account<Id: UserId>(email: &str) -> NewAccount<Id> {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = u128::from(NUMBER.fetch_add(1, Ordering::Relaxed));
    let random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    NewAccount {
        id: Id::generate(IdSeed::new(Timestamp::UNIX_EPOCH, random.to_be_bytes())),
        email: email.to_owned(),
        hashed_password: PasswordHash::from_stored("a hash"),
        status: Status::NEW,
    }
}
