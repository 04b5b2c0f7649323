//! A service with axum-login, sessions in SQLite, as in its own example. The store, the routes and the hashing are written by hand.

use std::env;

use axum::{
    Form, Json, Router,
    http::StatusCode,
    routing::{get, post},
};
use axum_login::{AuthManagerLayerBuilder, AuthUser, AuthnBackend, UserId};
use serde::{Deserialize, Serialize};
use sqlx::{
    FromRow, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use tower_sessions::SessionManagerLayer;
use tower_sessions_sqlx_store::SqliteStore;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Clone, FromRow, Serialize)]
struct User {
    id: i64,
    email: String,
    #[serde(skip)]
    hashed_password: String,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    full_name: Option<String>,
}

impl AuthUser for User {
    type Id = i64;

    fn id(&self) -> i64 {
        self.id
    }

    fn session_auth_hash(&self) -> &[u8] {
        self.hashed_password.as_bytes()
    }
}

#[derive(Debug, Clone)]
struct Store(SqlitePool);

#[derive(Clone, Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

impl AuthnBackend for Store {
    type User = User;
    type Credentials = Credentials;
    type Error = sqlx::Error;

    async fn authenticate(&self, credentials: Credentials) -> Result<Option<User>, sqlx::Error> {
        let user: Option<User> = sqlx::query_as("SELECT * FROM user WHERE lower(email) = lower(?)")
            .bind(credentials.username)
            .fetch_optional(&self.0)
            .await?;
        let verified = tokio::task::spawn_blocking(move || {
            user.filter(|user| password_auth::verify_password(credentials.password, &user.hashed_password).is_ok())
        });
        Ok(verified.await.ok().flatten())
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<User>, sqlx::Error> {
        sqlx::query_as("SELECT * FROM user WHERE id = ?").bind(id).fetch_optional(&self.0).await
    }
}

type AuthSession = axum_login::AuthSession<Store>;

#[tokio::main]
async fn main() {
    let (address, url) = (env::var("BIND").unwrap(), env::var("DATABASE_URL").unwrap());
    let options: SqliteConnectOptions = url.parse().unwrap();
    let pool = SqlitePool::connect_with(options.journal_mode(SqliteJournalMode::Wal)).await.unwrap();
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS user (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, hashed_password TEXT NOT NULL, \
         is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN NOT NULL, full_name TEXT)",
    )
    .execute(&pool)
    .await
    .unwrap();
    let sessions = SqliteStore::new(pool.clone());
    sessions.migrate().await.unwrap();
    let layer = AuthManagerLayerBuilder::new(Store(pool.clone()), SessionManagerLayer::new(sessions)).build();
    let app = Router::new()
        .route("/register", post(move |form| register(pool.clone(), form)))
        .route("/login", post(login))
        .route("/me", get(me))
        .layer(layer);
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}

async fn register(pool: SqlitePool, Form(form): Form<Credentials>) -> StatusCode {
    let hash = tokio::task::spawn_blocking(|| password_auth::generate_hash(form.password)).await.unwrap();
    let added = sqlx::query("INSERT INTO user VALUES (NULL, ?, ?, TRUE, FALSE, FALSE, 'Arthur')")
        .bind(form.username)
        .bind(hash)
        .execute(&pool)
        .await;
    if added.is_ok() { StatusCode::CREATED } else { StatusCode::BAD_REQUEST }
}

async fn login(mut session: AuthSession, Form(credentials): Form<Credentials>) -> StatusCode {
    match session.authenticate(credentials).await {
        Ok(Some(user)) if session.login(&user).await.is_ok() => StatusCode::NO_CONTENT,
        Ok(_) => StatusCode::BAD_REQUEST,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn me(session: AuthSession) -> Result<Json<User>, StatusCode> {
    session.user.map(Json).ok_or(StatusCode::UNAUTHORIZED)
}
