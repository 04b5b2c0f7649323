//! The hand-written store of `baseline`, on each kind of database.

use serde::Serialize;
use sqlx::{
    AssertSqlSafe, MySqlPool, PgPool, Row, SqlSafeStr, SqlStr, SqlitePool,
    mysql::MySqlPoolOptions,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use uuid::{Uuid, fmt::Hyphenated};

/// A user as the service returns it.
#[derive(Debug, Serialize)]
pub struct User {
    /// The id.
    pub id: Uuid,
    /// The address.
    pub email: String,
    /// Whether the account may be used.
    pub is_active: bool,
    /// Whether the user is an administrator.
    pub is_superuser: bool,
    /// Whether the address was verified.
    pub is_verified: bool,
    /// The name.
    pub full_name: Option<String>,
}

/// The users and sessions of one database.
#[derive(Debug, Clone)]
pub struct Store {
    pools: Pools,
    insert: SqlStr,
    credentials: SqlStr,
    add_session: SqlStr,
    find: SqlStr,
    find_by_session: SqlStr,
    rename: SqlStr,
}

#[derive(Debug, Clone)]
enum Pools {
    Sqlite { read: SqlitePool, write: SqlitePool },
    Postgres(PgPool),
    Mysql(MySqlPool),
}

/// A UUID in the form of a column.
trait IdForm {
    fn uuid(self) -> Uuid;
}

impl IdForm for Uuid {
    fn uuid(self) -> Uuid {
        self
    }
}

impl IdForm for Hyphenated {
    fn uuid(self) -> Uuid {
        self.into_uuid()
    }
}

/// Runs the same code on the pool of each database, with the id in the form of its column.
macro_rules! on {
    ($store:expr, $side:ident, $id:ident, |$pool:ident, $form:ident| $run:expr) => {
        match &$store.pools {
            Pools::Sqlite { $side: $pool, .. } => {
                type $form = Hyphenated;
                let $id = $id.hyphenated();
                $run
            }
            Pools::Postgres($pool) => {
                type $form = Uuid;
                $run
            }
            Pools::Mysql($pool) => {
                type $form = Hyphenated;
                let $id = $id.hyphenated();
                $run
            }
        }
    };
}

macro_rules! user {
    ($row:expr, $form:ident) => {
        $row.map(|row| User {
            id: row.get::<$form, _>(0).uuid(),
            email: row.get(1),
            is_active: row.get(2),
            is_superuser: row.get(3),
            is_verified: row.get(4),
            full_name: row.get(5),
        })
    };
}

impl Store {
    /// Connects to a database and creates its tables.
    ///
    /// # Errors
    /// Those of sqlx.
    pub async fn open(url: &str) -> sqlx::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        // The same number as axum-users uses.
        let connections = u32::try_from(cores).unwrap_or(2).clamp(2, 8);
        let pools = if url.starts_with("postgres:") {
            let pool = PgPoolOptions::new().max_connections(connections).test_before_acquire(false);
            Pools::Postgres(pool.connect(url).await?)
        } else if url.starts_with("mysql:") {
            let pool = MySqlPoolOptions::new().max_connections(connections).test_before_acquire(false);
            Pools::Mysql(pool.connect(url).await?)
        } else {
            let options: SqliteConnectOptions = url.parse()?;
            let options = options
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .pragma("mmap_size", "268435456")
                .foreign_keys(true);
            let pool = SqlitePoolOptions::new().test_before_acquire(false);
            let write = pool.clone().max_connections(1).connect_with(options.clone()).await?;
            Pools::Sqlite { read: pool.max_connections(connections).connect_with(options).await?, write }
        };
        Self::with_tables(pools).await
    }

    async fn with_tables(pools: Pools) -> sqlx::Result<Self> {
        let (table, id, index) = match &pools {
            Pools::Sqlite { .. } => ("user", "CHAR(36)", "lower(email)"),
            Pools::Postgres(_) => ("\"user\"", "UUID", "lower(email)"),
            Pools::Mysql(_) => ("user", "CHAR(36)", "email"),
        };
        let tables = [
            format!(
                "CREATE TABLE IF NOT EXISTS {table} (id {id} NOT NULL PRIMARY KEY, email VARCHAR(320) NOT NULL, hashed_password \
                 VARCHAR(1024) NOT NULL, is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN \
                 NOT NULL, full_name TEXT)"
            ),
            format!("CREATE UNIQUE INDEX IF NOT EXISTS ix_user_email ON {table} ({index})"),
            format!(
                "CREATE TABLE IF NOT EXISTS accesstoken (token CHAR(32) NOT NULL PRIMARY KEY, user_id {id} NOT NULL, expires_at \
                 BIGINT NOT NULL, FOREIGN KEY (user_id) REFERENCES {table} (id))"
            ),
            "CREATE INDEX IF NOT EXISTS ix_accesstoken_user_id ON accesstoken (user_id)".to_owned(),
        ];
        for statement in tables {
            let statement = AssertSqlSafe(statement);
            match &pools {
                Pools::Sqlite { write, .. } => sqlx::query(statement).execute(write).await.map(drop)?,
                Pools::Postgres(pool) => sqlx::query(statement).execute(pool).await.map(drop)?,
                Pools::Mysql(pool) => sqlx::query(statement).execute(pool).await.map(drop)?,
            }
        }
        let is_mysql = matches!(pools, Pools::Mysql(_));
        let made = |text: &str| {
            let mut text = text.replace("{user}", table).replace("{columns}", COLUMNS);
            text = text.replace("{own_columns}", &COLUMNS.replace("u.", ""));
            for number in 1..=5 {
                text = if is_mysql { text.replace(&format!("${number}"), "?") } else { text };
            }
            AssertSqlSafe(text).into_sql_str()
        };
        let (same, returning) = match &pools {
            Pools::Mysql(_) => ("email = $1", ""),
            _ => ("lower(email) = lower($1)", " RETURNING {own_columns}"),
        };
        Ok(Self {
            insert: made(
                "INSERT INTO {user} (id, email, hashed_password, is_active, is_superuser, is_verified, full_name) \
                 VALUES ($1, $2, $3, TRUE, FALSE, FALSE, $4)",
            ),
            credentials: made(&format!("SELECT id, hashed_password FROM {{user}} WHERE {same} AND is_active")),
            add_session: made("INSERT INTO accesstoken (token, user_id, expires_at) VALUES ($1, $2, $3)"),
            find: made("SELECT {columns} FROM {user} AS u WHERE u.id = $1 AND u.is_active"),
            find_by_session: made(
                "SELECT {columns} FROM accesstoken AS t JOIN {user} AS u ON u.id = t.user_id WHERE t.token = $1 AND \
                 t.expires_at > $2 AND u.is_active",
            ),
            rename: made(&format!(
                "UPDATE {{user}} AS u SET full_name = $1 WHERE u.id = $2 AND u.is_active{returning}"
            )),
            pools,
        })
    }

    /// Adds a user.
    ///
    /// # Errors
    /// Those of sqlx.
    pub async fn insert(&self, user: &User, hash: &str) -> sqlx::Result<()> {
        let id = user.id;
        on!(self, write, id, |pool, Form| {
            let id: Form = id;
            let query = sqlx::query(self.insert.clone()).bind(id).bind(&user.email).bind(hash).bind(&user.full_name);
            query.execute(pool).await.map(drop)
        })
    }

    /// Returns the id and the password hash of the user with this address.
    ///
    /// # Errors
    /// Those of sqlx.
    pub async fn credentials(&self, email: &str) -> sqlx::Result<Option<(Uuid, String)>> {
        let _id = Uuid::nil();
        on!(self, read, _id, |pool, Form| {
            let found = sqlx::query(self.credentials.clone()).bind(email).fetch_optional(pool).await?;
            Ok(found.map(|row| (row.get::<Form, _>(0).uuid(), row.get(1))))
        })
    }

    /// Adds a session.
    ///
    /// # Errors
    /// Those of sqlx.
    pub async fn add_session(&self, token: &str, id: Uuid, expires_at: i64) -> sqlx::Result<()> {
        on!(self, write, id, |pool, Form| {
            let id: Form = id;
            let query = sqlx::query(self.add_session.clone()).bind(token).bind(id).bind(expires_at);
            query.execute(pool).await.map(drop)
        })
    }

    /// Returns the user with this id.
    ///
    /// # Errors
    /// Those of sqlx.
    pub async fn find(&self, id: Uuid) -> sqlx::Result<Option<User>> {
        on!(self, read, id, |pool, Form| {
            let id: Form = id;
            let found = sqlx::query(self.find.clone()).bind(id).fetch_optional(pool).await?;
            Ok(user!(found, Form))
        })
    }

    /// Returns the user with this session.
    ///
    /// # Errors
    /// Those of sqlx.
    pub async fn find_by_session(&self, token: &str, now: i64) -> sqlx::Result<Option<User>> {
        let _id = Uuid::nil();
        on!(self, read, _id, |pool, Form| {
            let query = sqlx::query(self.find_by_session.clone()).bind(token).bind(now);
            Ok(user!(query.fetch_optional(pool).await?, Form))
        })
    }

    /// Changes the name of a user and returns the user.
    ///
    /// # Errors
    /// Those of sqlx.
    pub async fn rename(&self, id: Uuid, name: &str) -> sqlx::Result<Option<User>> {
        if let Pools::Mysql(pool) = &self.pools {
            // It has no `RETURNING`.
            sqlx::query(self.rename.clone()).bind(name).bind(id.hyphenated()).execute(pool).await?;
            return self.find(id).await;
        }
        on!(self, write, id, |pool, Form| {
            let id: Form = id;
            let query = sqlx::query(self.rename.clone()).bind(name).bind(id);
            // Read to the end, or the error of the commit is lost.
            let rows = query.fetch_all(pool).await?;
            Ok(user!(rows.into_iter().next(), Form))
        })
    }
}

const COLUMNS: &str = "u.id, u.email, u.is_active, u.is_superuser, u.is_verified, u.full_name";
