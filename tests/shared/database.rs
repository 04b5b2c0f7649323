//! A database of each kind, with direct access to its tables.
#![allow(dead_code, reason = "each test program uses a part of this module")]

use std::{fmt, sync::Arc};

use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection, SqliteConnection};

use crate::servers::{Server, TempDatabase};

/// The database of the users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    Sqlite,
    Postgres,
    MariaDb,
}

/// A database that is removed on drop.
pub struct Database(Place);

enum Place {
    File(tempfile::TempDir),
    Server(TempDatabase),
}

impl DatabaseKind {
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::MariaDb];

    fn server(self) -> Option<Server> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(Server::Postgres),
            Self::MariaDb => Some(Server::Mysql),
        }
    }

    /// Returns whether the server is available. An unavailable one is a failure with `REQUIRE_SERVICES=1`.
    pub async fn is_reachable(self) -> bool {
        match self.server() {
            None => true,
            Some(server) => server.database().await.is_some(),
        }
    }
}

impl Database {
    /// Creates a database without tables.
    pub async fn empty(kind: DatabaseKind) -> Arc<Self> {
        Arc::new(Self(match kind.server() {
            None => Place::File(tempfile::tempdir().unwrap()),
            Some(server) => Place::Server(server.database().await.expect("the server was available before")),
        }))
    }

    pub fn url(&self) -> String {
        match &self.0 {
            Place::File(folder) => format!("sqlite://{}?mode=rwc", folder.path().join("matrix.db").display()),
            Place::Server(database) => database.url(),
        }
    }

    fn server(&self) -> Option<Server> {
        match &self.0 {
            Place::File(_) => None,
            Place::Server(database) => Some(database.server),
        }
    }

    /// Quotes a name for this database.
    pub fn quoted(&self, name: &str) -> String {
        if self.server() == Some(Server::Mysql) { format!("`{name}`") } else { format!("\"{name}\"") }
    }

    /// Runs statements directly on the database.
    pub async fn run(&self, sql: &str) {
        let (url, sql) = (self.url(), sqlx::raw_sql(AssertSqlSafe(sql.to_owned())));
        match self.server() {
            None => drop(SqliteConnection::connect(&url).await.unwrap().execute(sql).await.unwrap()),
            Some(Server::Postgres) => drop(PgConnection::connect(&url).await.unwrap().execute(sql).await.unwrap()),
            Some(Server::Mysql) => drop(MySqlConnection::connect(&url).await.unwrap().execute(sql).await.unwrap()),
        }
    }

    /// Returns the result of a query for one text column.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let (url, sql) = (self.url(), AssertSqlSafe(sql.to_owned()));
        match self.server() {
            None => {
                let mut connection = SqliteConnection::connect(&url).await.unwrap();
                sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
            }
            Some(Server::Postgres) => {
                let mut connection = PgConnection::connect(&url).await.unwrap();
                sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
            }
            Some(Server::Mysql) => {
                let mut connection = MySqlConnection::connect(&url).await.unwrap();
                sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
            }
        }
    }

    /// Counts the rows of a table under a condition.
    pub async fn count(&self, table: &str, condition: &str) -> usize {
        let sql = format!("SELECT 'x' FROM {} WHERE {condition}", self.quoted(table));
        self.texts(&sql).await.len()
    }

    /// Counts the rows that belong to deleted users.
    pub async fn orphans(&self) -> usize {
        let gone = format!("user_id IS NOT NULL AND user_id NOT IN (SELECT id FROM {})", self.quoted("user"));
        self.count("user_token_state", &gone).await + self.count("accesstoken", &gone).await
    }

    /// Returns every stored text that an attacker might try as a credential.
    pub async fn dump(&self) -> Vec<String> {
        let users = self.quoted("user");
        let mut dump = Vec::new();
        for sql in [
            format!("SELECT hashed_password FROM {users}"),
            format!("SELECT email FROM {users}"),
            "SELECT token_id FROM user_token_state".to_owned(),
            "SELECT token FROM accesstoken".to_owned(),
            "SELECT session_id FROM accesstoken WHERE session_id IS NOT NULL".to_owned(),
        ] {
            dump.extend(self.texts(&sql).await);
        }
        dump
    }

    /// Makes every statement of this kind on a table fail, as on a full disk, until [`Database::heal`].
    pub async fn fail(&self, what: &str, table: &str) {
        let table = self.quoted(table);
        let sql = match self.server() {
            None => {
                format!("CREATE TRIGGER stop BEFORE {what} ON {table} BEGIN SELECT RAISE(ABORT, 'disk full'); END")
            }
            Some(Server::Postgres) => format!(
                "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$; \
                 CREATE TRIGGER stop BEFORE {what} ON {table} FOR EACH ROW EXECUTE FUNCTION stop()"
            ),
            Some(Server::Mysql) => format!(
                "CREATE TRIGGER stop BEFORE {what} ON {table} FOR EACH ROW SIGNAL SQLSTATE '45000' \
                 SET MESSAGE_TEXT = 'disk full'"
            ),
        };
        self.run(&sql).await;
    }

    pub async fn heal(&self, table: &str) {
        match self.server() {
            Some(Server::Postgres) => {
                self.run(&format!("DROP TRIGGER stop ON {}; DROP FUNCTION stop()", self.quoted(table))).await;
            }
            _ => self.run("DROP TRIGGER stop").await,
        }
    }
}

impl fmt::Display for DatabaseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::MariaDb => "MariaDB",
        })
    }
}
