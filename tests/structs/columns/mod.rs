//! Custom columns as databases and applications have them: filled by the database, behind an alias, of a type that only
//! one database knows.

mod as_they_are;
mod changed_values;
mod from_database;
mod implicit;
mod login;
mod named;
mod nullable;

use axum::Router;
use axum_users::{Backend, Jwt, SecretKey, Users, store::StoredUser};
use serde_json::{Value, json};

use crate::hashing::weak_hashing;
use crate::{
    credentials::PASSWORD,
    http::Http,
    servers::{Server, TempDatabase},
};

/// The columns of the six roles in a table that another program has created. `{id}` is the type of UUIDs.
const ROLES: &str = "id {id} NOT NULL PRIMARY KEY, email VARCHAR(320) NOT NULL, hashed_password VARCHAR(1024) NOT NULL, \
                     is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN NOT NULL";

/// A temporary database of any kind.
enum Database {
    Sqlite(tempfile::TempDir),
    Server(TempDatabase),
}

impl Database {
    /// Returns a database of every kind that is available.
    async fn all() -> Vec<Self> {
        let mut all = vec![Self::Sqlite(tempfile::tempdir().unwrap())];
        for server in Server::ALL {
            all.extend(server.database().await.map(Self::Server));
        }
        all
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Server(TempDatabase { server: Server::Postgres, .. }) => "PostgreSQL",
            Self::Server(TempDatabase { server: Server::Mysql, .. }) => "MySQL",
        }
    }

    fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}?mode=rwc", folder.path().join("app.db").display()),
            Self::Server(database) => database.url(),
        }
    }

    /// Returns the one of three values that is for this database: SQLite, PostgreSQL, MySQL.
    fn choose<T>(&self, [sqlite, postgres, mysql]: [T; 3]) -> T {
        match self {
            Self::Sqlite(_) => sqlite,
            Self::Server(TempDatabase { server: Server::Postgres, .. }) => postgres,
            Self::Server(TempDatabase { server: Server::Mysql, .. }) => mysql,
        }
    }

    /// Runs statements on a separate connection.
    async fn run(&self, sql: &str) {
        match self {
            Self::Sqlite(_) => {
                let pool = sqlx::SqlitePool::connect(&self.url()).await.unwrap();
                sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&pool).await.unwrap();
                pool.close().await;
            }
            Self::Server(database) => database.run(sql).await,
        }
    }

    /// Creates a table of users with these additional columns.
    async fn create_users(&self, columns: &str) {
        let table = self.choose(["\"user\"", "\"user\"", "`user`"]);
        let roles = ROLES.replace("{id}", self.choose(["CHAR(36)", "UUID", "CHAR(36)"]));
        self.run(&format!("CREATE TABLE {table} ({roles}, {columns})")).await;
    }

    /// Adds a user with values for the roles only.
    async fn add_user(&self, email: &str) {
        let table = self.choose(["\"user\"", "\"user\"", "`user`"]);
        self.run(&format!(
            "INSERT INTO {table} (id, email, hashed_password, is_active, is_superuser, is_verified) \
             VALUES ('bdfc2b97-4876-4210-9dba-158745062fcd', '{email}', 'a hash', TRUE, FALSE, FALSE)"
        ))
        .await;
    }
}

/// Returns a handle on a database.
async fn users<U: StoredUser>(database: &Database) -> axum_users::Result<Users<U>> {
    Users::<U>::builder(SecretKey::generate().unwrap())
        .database(database.url())
        .hashing(weak_hashing())
        .backend(Backend::bearer("jwt", Jwt::new()))
        .build()
        .await
}

/// A service on a migrated database whose schema is as the struct wants it.
async fn serve<U: StoredUser>(database: &Database, routes: fn(&Users<U>) -> Router<Users<U>>) -> (Users<U>, Http) {
    let users = users::<U>(database).await.unwrap();
    users.migrate().await.unwrap();
    assert_eq!(users.check_schema().await.unwrap(), [], "{}", database.name());
    let http = Http::serve(routes(&users).with_state(users.clone())).await;
    (users, http)
}

/// Registers a user with additional fields, and returns what the service answers.
async fn register(http: &Http, email: &str, fields: Value) -> (u16, Value) {
    let mut body = json!({"email": email, "password": PASSWORD});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let response = http.post("/auth/register").json(body).send().await;
    (response.status.as_u16(), response.json())
}

/// Logs a user in and returns the token.
async fn login(http: &Http, email: &str) -> String {
    http.post("/auth/jwt/login").form(&[("username", email), ("password", PASSWORD)]).send().await.access_token()
}

/// Changes the account and returns what the service answers.
async fn change(http: &Http, token: &str, fields: Value) -> (u16, Value) {
    let response = http.patch("/users/me").bearer(token).json(fields).send().await;
    (response.status.as_u16(), response.json())
}

/// Returns the account as the service shows it.
async fn me(http: &Http, token: &str) -> Value {
    http.get("/users/me").bearer(token).send().await.json()
}
