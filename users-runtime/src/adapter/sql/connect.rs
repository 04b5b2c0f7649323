//! The store for a database URL.

use std::{fmt, sync::Arc, time::Duration};

use super::StoredUser;
#[cfg(feature = "audit")]
use crate::port::{AuditEntry, AuditStore};
use crate::{
    domain::{CanonicalEmail, Error, LoginName, Reauthentication, Result, Setting, Timestamp, TokenId},
    port::{
        BoxFuture, Change, Counters, Damaged, Found, Lookup, OAuthStore, PasskeyStore, RefreshStore, SchemaDrift,
        SecondFactorStore, SessionStore, StoreError, UserStore,
    },
    user::{AuthUser, Tenant},
};

/// The settings of the connection pools.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PoolSettings {
    /// The maximum number of connections for reading. Default: the number of cores, between 2 and 8. Concurrent
    /// requests share queries, so few connections suffice. SQLite has one additional connection for writing, and one
    /// that only checks for new commits; other databases also use the connections for reading to write.
    pub readers: u32,
    /// The time that a request waits for a free connection before it is refused as unavailable. Default: 2 s.
    pub acquire_timeout: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self { readers: u32::try_from(cores).unwrap_or(u32::MAX).clamp(2, 8), acquire_timeout: Duration::from_secs(2) }
    }
}

impl PoolSettings {
    /// Sets the maximum number of connections for reading.
    #[must_use]
    pub fn readers(mut self, readers: u32) -> Self {
        self.readers = readers;
        self
    }

    /// Sets the time that a request waits for a free connection.
    #[must_use]
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }
}

/// A database that [`SqlStore`] supports if its Cargo feature is enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// SQLite, feature `sqlite`.
    Sqlite,
    /// PostgreSQL, feature `postgres`.
    Postgres,
    /// MySQL and MariaDB, feature `mysql`.
    Mysql,
}

/// A user store in an SQL database. Cheap to clone; clones share the connections.
///
/// See [Databases](https://github.com/axum-users/axum-users/blob/main/docs/guide/databases.md).
pub struct SqlStore<U: StoredUser> {
    store: Arc<dyn UserStore<U>>,
    creation: Arc<str>,
    close: Closing,
}

/// Closes the connections, independent of the type of the database.
type Closing = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

impl<U: StoredUser> SqlStore<U> {
    /// Connects to the database at `url`: `sqlite://app.db?mode=rwc`, `sqlite::memory:`, `postgres://…` or `mysql://…`.
    ///
    /// An SQLite file is created only with `mode=rwc`. It is opened with a write-ahead log, foreign keys, and
    /// `synchronous = FULL`, so that a commit is on disk before it is acknowledged.
    ///
    /// # Errors
    /// [`Error::Config`] if the URL cannot be parsed or the Cargo feature of its database is disabled; [`Error::Store`]
    /// if the database cannot be reached. Neither quotes the URL, which may contain a password.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_with(url, &PoolSettings::default()).await
    }

    /// Connects like [`SqlStore::connect`], with these pool settings.
    ///
    /// # Errors
    /// As for [`SqlStore::connect`].
    pub async fn connect_with(url: &str, settings: &PoolSettings) -> Result<Self> {
        // The URL may contain a password, so no message quotes it.
        match url.split_once(':').map(|(scheme, _)| scheme) {
            #[cfg(feature = "sqlite")]
            Some("sqlite") => Self::over(super::sqlite::open(url, settings).await?),
            #[cfg(feature = "postgres")]
            Some("postgres" | "postgresql") => Self::over(super::postgres::open(url, settings).await?),
            #[cfg(feature = "mysql")]
            Some("mysql" | "mariadb") => Self::over(super::mysql::open(url, settings).await?),
            #[cfg(not(feature = "sqlite"))]
            Some("sqlite") => Err(not_built_in("SQLite", "sqlite")),
            #[cfg(not(feature = "postgres"))]
            Some("postgres" | "postgresql") => Err(not_built_in("PostgreSQL", "postgres")),
            #[cfg(not(feature = "mysql"))]
            Some("mysql" | "mariadb") => Err(not_built_in("MySQL", "mysql")),
            _ => Err(Error::setting(
                Setting::Database,
                "the database URL must start with `sqlite:`, `postgres:` or `mysql:`, such as sqlite://app.db?mode=rwc",
            )),
        }
    }

    /// Returns the statements that create the schema in an empty database, for tools that manage migrations as files.
    /// Does not connect.
    ///
    /// # Errors
    /// [`Error::Config`] if the Cargo feature of the database is disabled or the struct excludes the database
    /// (`#[auth(databases(…))]`).
    pub fn creation(database: Database) -> Result<String> {
        match database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite => creation::<U, sqlx::Sqlite>(),
            #[cfg(feature = "postgres")]
            Database::Postgres => creation::<U, sqlx::Postgres>(),
            #[cfg(feature = "mysql")]
            Database::Mysql => creation::<U, sqlx::MySql>(),
            #[cfg(not(feature = "sqlite"))]
            Database::Sqlite => Err(not_built_in("SQLite", "sqlite")),
            #[cfg(not(feature = "postgres"))]
            Database::Postgres => Err(not_built_in("PostgreSQL", "postgres")),
            #[cfg(not(feature = "mysql"))]
            Database::Mysql => Err(not_built_in("MySQL", "mysql")),
        }
    }
}

#[cfg(feature = "sqlite")]
impl<U: StoredUser + super::SqlUser<sqlx::Sqlite>> SqlStore<U> {
    /// Uses an existing pool.
    ///
    /// # Security
    /// The pool's settings are not changed. Without `foreign_keys` (enabled by default in sqlx) the tokens of a deleted
    /// user remain in the database, and with `synchronous` below `FULL` a power failure may revert acknowledged
    /// changes.
    ///
    /// # Errors
    /// [`Error::Config`] if the struct excludes SQLite (`#[auth(databases(…))]`).
    pub fn from_sqlite_pool(pool: sqlx::SqlitePool) -> Result<Self> {
        Self::over(super::sqlite::share(pool))
    }
}

#[cfg(feature = "postgres")]
impl<U: StoredUser + super::SqlUser<sqlx::Postgres>> SqlStore<U> {
    /// Uses an existing pool.
    ///
    /// # Security
    /// The pool's settings are not changed. Set an `acquire_timeout` of a few seconds; otherwise requests pile up while
    /// all connections are in use.
    ///
    /// # Errors
    /// [`Error::Config`] if the struct excludes PostgreSQL (`#[auth(databases(…))]`).
    pub fn from_postgres_pool(pool: sqlx::PgPool) -> Result<Self> {
        Self::over(super::postgres::share(pool))
    }
}

#[cfg(feature = "mysql")]
impl<U: StoredUser + super::SqlUser<sqlx::MySql>> SqlStore<U> {
    /// Uses an existing pool, of MySQL or MariaDB.
    ///
    /// # Security
    /// The pool's settings are not changed. Its sessions must use UTC and utf8mb4, the defaults of sqlx, or tokens
    /// expire at the wrong time; and strict mode, or the server truncates values that are too long for their column.
    ///
    /// # Errors
    /// [`Error::Config`] if the struct excludes MySQL (`#[auth(databases(…))]`).
    pub fn from_mysql_pool(pool: sqlx::MySqlPool) -> Result<Self> {
        Self::over(super::mysql::share(pool))
    }
}

impl<U: StoredUser> SqlStore<U> {
    fn over<DB: super::Dialect>(pools: super::connection::Pools<DB>) -> Result<Self>
    where
        U: super::SqlUser<DB>,
    {
        let creation = creation::<U, DB>()?.into();
        let closing = pools.clone();
        let close: Closing = Arc::new(move || {
            let pools = closing.clone();
            Box::pin(async move { pools.close().await })
        });
        Ok(Self { store: Arc::new(super::store::Store::<U, DB>::new(pools)), creation, close })
    }

    /// Returns the statements that create the schema in an empty database, for tools that manage migrations as files.
    #[must_use]
    pub fn migration_sql(&self) -> &str {
        &self.creation
    }

    /// Closes the connections after the current statements. For SQLite this merges the write-ahead log into the
    /// database file.
    pub async fn close(&self) {
        (self.close)().await;
    }
}

fn creation<U: super::SqlUser<DB>, DB: super::Dialect>() -> Result<String> {
    let sql = <U as super::SqlUser<DB>>::SQL;
    if DB::statements(sql).is_none() {
        return Err(Error::setting(
            Setting::Database,
            format!(
                "the user type of the table {:?} is not meant for {}: see #[auth(databases(…))]",
                sql.table,
                DB::NAME
            ),
        ));
    }
    let columns = <U as super::SqlUser<DB>>::columns();
    refuse_implicit_defaults::<U, DB>(&columns)?;
    Ok(super::ddl::wanted::<DB>(
        sql,
        &columns,
        super::tables::IdColumn::of::<U>(),
        &super::ddl::IdTypes::default(),
        super::tables::OptionalTables::default(),
    )
    .creation())
}

/// Refuses a field whose column holds times, dates or UUIDs and whose value in a new user is the default of a type that
/// the derive does not know.
fn refuse_implicit_defaults<U: AuthUser, DB: super::Driver>(columns: &[super::SqlColumn]) -> Result<()> {
    let implicit = columns.iter().find(|column| {
        let is_sent = U::CUSTOM_FIELDS.iter().any(|field| field.column == column.name && field.create);
        let has_value = is_sent || column.has_default || column.from_database.is_some();
        DB::is_time_or_id(&column.sql_type) && !has_value && !column.nullable && !column.is_tenant
    });
    match implicit {
        Some(column) => Err(Error::setting(
            Setting::Database,
            format!(
                "every new user would get the default of a type as {:?}, which holds a time, a date or an id: write \
                 `from_database` if the database fills the column, or `default = …`; `default` if that of the type is meant",
                column.name
            ),
        )),
        None => Ok(()),
    }
}

#[cfg(not(all(feature = "sqlite", feature = "postgres", feature = "mysql")))]
fn not_built_in(database: &str, feature: &str) -> Error {
    Error::setting(
        Setting::Database,
        format!(
            "the URL names a {database} database, which is not built in: it needs the Cargo feature `{feature}` of axum-users"
        ),
    )
}

impl<U: StoredUser> Clone for SqlStore<U> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store), creation: Arc::clone(&self.creation), close: Arc::clone(&self.close) }
    }
}

impl<U: StoredUser> fmt::Debug for SqlStore<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore").finish_non_exhaustive()
    }
}

impl<U: StoredUser> UserStore<U> for SqlStore<U> {
    fn find<'a>(&'a self, wanted: &'a [Lookup<U::Id>]) -> BoxFuture<'a, Result<Vec<Option<Found<U>>>, StoreError>> {
        self.store.find(wanted)
    }

    fn find_at_once(&self, wanted: &Lookup<U::Id>) -> Option<Found<U>> {
        self.store.find_at_once(wanted)
    }

    fn find_by_email<'a>(&'a self, email: &'a CanonicalEmail) -> BoxFuture<'a, Result<Option<Found<U>>, StoreError>> {
        self.store.find_by_email(email)
    }

    fn find_by_login_name<'a>(&'a self, name: &'a LoginName) -> BoxFuture<'a, Result<Option<Found<U>>, StoreError>> {
        self.store.find_by_login_name(name)
    }

    fn find_damaged(&self, id: U::Id, substitute: U::Id) -> BoxFuture<'_, Result<Option<Damaged<U>>, StoreError>> {
        self.store.find_damaged(id, substitute)
    }

    fn insert(&self, user: U) -> BoxFuture<'_, Result<U, StoreError>> {
        self.store.insert(user)
    }

    fn check_insert(&self, user: U) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.check_insert(user)
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

    fn use_once<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.store.use_once(token, until)
    }

    fn reauthenticate<'a>(
        &'a self,
        id: U::Id,
        token: &'a TokenId,
        proof: Reauthentication,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.reauthenticate(id, token, proof, until)
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
        Arc::clone(&self.store).session_store()
    }

    fn refresh_store(self: Arc<Self>) -> Option<Arc<dyn RefreshStore>> {
        Arc::clone(&self.store).refresh_store()
    }

    fn second_factor_store(self: Arc<Self>) -> Option<Arc<dyn SecondFactorStore>> {
        Arc::clone(&self.store).second_factor_store()
    }

    fn passkey_store(self: Arc<Self>) -> Option<Arc<dyn PasskeyStore<U>>> {
        Arc::clone(&self.store).passkey_store()
    }

    fn oauth_store(self: Arc<Self>) -> Option<Arc<dyn OAuthStore<U>>> {
        Arc::clone(&self.store).oauth_store()
    }

    fn counters(self: Arc<Self>) -> Option<Arc<dyn Counters>> {
        Arc::clone(&self.store).counters()
    }

    #[cfg(feature = "audit")]
    fn audit_log(self: Arc<Self>) -> Option<Arc<dyn AuditStore>> {
        Arc::clone(&self.store).audit_log()
    }

    #[cfg(feature = "audit")]
    fn recording(self: Arc<Self>, entries: Arc<[AuditEntry]>) -> Option<Arc<dyn UserStore<U>>> {
        Arc::clone(&self.store).recording(entries)
    }

    fn for_tenant(&self, tenant: &Tenant<U>) -> Result<Arc<dyn UserStore<U>>, StoreError> {
        self.store.for_tenant(tenant)
    }
}
