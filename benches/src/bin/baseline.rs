//! A hand-written service with registration, login and `GET /users/me` on axum, sqlx, argon2 and jsonwebtoken: the
//! baseline for `candidate`.

use std::{env, sync::Arc};

use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};
use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sqlx::{
    Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use uuid::Uuid;

#[derive(Clone)]
struct App {
    pool: SqlitePool,
    keys: Arc<(EncodingKey, DecodingKey, Validation)>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    aud: Vec<String>,
    exp: i64,
}

#[derive(Serialize)]
struct UserRead {
    id: Uuid,
    email: String,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    full_name: Option<String>,
}

#[derive(Deserialize)]
struct UserCreate {
    email: String,
    password: String,
    full_name: Option<String>,
}

#[derive(Deserialize)]
struct Login {
    username: String,
    password: String,
}

#[derive(Serialize)]
struct Token {
    access_token: String,
    token_type: &'static str,
}

type Response<T> = Result<T, StatusCode>;

#[tokio::main]
async fn main() {
    let (address, database) = (env::var("BIND").unwrap(), env::var("DATABASE").unwrap());
    let options = SqliteConnectOptions::new()
        .filename(database)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    let pool = SqlitePoolOptions::new().max_connections(10).connect_with(options).await.unwrap();
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS user (id CHAR(36) NOT NULL PRIMARY KEY, email VARCHAR(320) NOT NULL, \
         hashed_password VARCHAR(1024) NOT NULL, is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, \
         is_verified BOOLEAN NOT NULL, full_name TEXT)",
    )
    .execute(&pool)
    .await
    .unwrap();
    sqlx::query("CREATE UNIQUE INDEX IF NOT EXISTS ix_user_email ON user (lower(email))").execute(&pool).await.unwrap();
    let secret = b"q8ZJ2mVx0Lr7TtYw5NfKc3HbPd6GsA1E";
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&["fastapi-users:auth"]);
    let keys = Arc::new((EncodingKey::from_secret(secret), DecodingKey::from_secret(secret), validation));
    let app = Router::new()
        .route("/auth/register", post(register))
        .route("/auth/jwt/login", post(login))
        .route("/users/me", get(me))
        .with_state(App { pool, keys });
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}

async fn register(State(app): State<App>, Json(input): Json<UserCreate>) -> Response<(StatusCode, Json<UserRead>)> {
    let hash = tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(input.password.as_bytes()).map(|hash| hash.to_string())
    })
    .await
    .map_err(internal)?
    .map_err(internal)?;
    let id = Uuid::new_v4();
    sqlx::query("INSERT INTO user VALUES ($1, $2, $3, TRUE, FALSE, FALSE, $4)")
        .bind(id.hyphenated())
        .bind(&input.email)
        .bind(hash)
        .bind(&input.full_name)
        .execute(&app.pool)
        .await
        .map_err(internal)?;
    let user = UserRead {
        id,
        email: input.email,
        is_active: true,
        is_superuser: false,
        is_verified: false,
        full_name: input.full_name,
    };
    Ok((StatusCode::CREATED, Json(user)))
}

async fn login(State(app): State<App>, Form(form): Form<Login>) -> Response<Json<Token>> {
    let row = sqlx::query("SELECT id, hashed_password FROM user WHERE lower(email) = lower($1) AND is_active")
        .bind(&form.username)
        .fetch_optional(&app.pool)
        .await
        .map_err(internal)?
        .ok_or(StatusCode::BAD_REQUEST)?;
    let (id, hash): (String, String) = (row.get(0), row.get(1));
    let right = tokio::task::spawn_blocking(move || {
        let hash = PasswordHash::new(&hash).ok()?;
        Argon2::default().verify_password(form.password.as_bytes(), &hash).ok()
    })
    .await
    .map_err(internal)?;
    right.ok_or(StatusCode::BAD_REQUEST)?;
    let exp =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_err(internal)?.as_secs() as i64 + 3600;
    let claims = Claims { sub: id, aud: vec!["fastapi-users:auth".to_owned()], exp };
    let access_token = jsonwebtoken::encode(&Header::default(), &claims, &app.keys.0).map_err(internal)?;
    Ok(Json(Token { access_token, token_type: "bearer" }))
}

async fn me(State(app): State<App>, headers: HeaderMap) -> Response<Json<UserRead>> {
    let token = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or(StatusCode::UNAUTHORIZED)?;
    let claims =
        jsonwebtoken::decode::<Claims>(token, &app.keys.1, &app.keys.2).map_err(|_| StatusCode::UNAUTHORIZED)?;
    let row = sqlx::query(
        "SELECT id, email, is_active, is_superuser, is_verified, full_name FROM user WHERE id = $1 AND is_active",
    )
    .bind(claims.claims.sub)
    .fetch_optional(&app.pool)
    .await
    .map_err(internal)?
    .ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(Json(UserRead {
        id: row.get::<uuid::fmt::Hyphenated, _>(0).into_uuid(),
        email: row.get(1),
        is_active: row.get(2),
        is_superuser: row.get(3),
        is_verified: row.get(4),
        full_name: row.get(5),
    }))
}

fn internal(_: impl std::error::Error) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}
