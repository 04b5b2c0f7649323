//! A hand-written, tuned service on axum, sqlx, argon2 and jsonwebtoken: the baseline for `candidate`. It keeps its
//! statements, tests no connection before it uses it, maps an SQLite file into memory, reads it on as many connections as
//! cores and writes it on one. A commit is on disk before it is acknowledged.

use std::{env, sync::Arc, time::SystemTime};

use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};
use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use axum_users_benches::by_hand::{Store, User};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Clone)]
struct App {
    store: Store,
    keys: Arc<(EncodingKey, DecodingKey, Validation)>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    aud: Vec<String>,
    exp: i64,
}

#[derive(Deserialize)]
struct UserCreate {
    email: String,
    password: String,
    full_name: Option<String>,
}

#[derive(Deserialize)]
struct UserUpdate {
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
    let (address, url) = (env::var("BIND").unwrap(), env::var("DATABASE_URL").unwrap());
    let secret = b"q8ZJ2mVx0Lr7TtYw5NfKc3HbPd6GsA1E";
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&["fastapi-users:auth"]);
    let keys = Arc::new((EncodingKey::from_secret(secret), DecodingKey::from_secret(secret), validation));
    let app = Router::new()
        .route("/auth/register", post(register))
        .route("/auth/jwt/login", post(login))
        .route("/auth/db/login", post(login_with_session))
        .route("/users/me", get(me).patch(update_me))
        .with_state(App { store: Store::open(&url).await.unwrap(), keys });
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}

async fn register(State(app): State<App>, Json(input): Json<UserCreate>) -> Response<(StatusCode, Json<User>)> {
    let hash = tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(input.password.as_bytes()).map(|hash| hash.to_string())
    })
    .await
    .map_err(internal)?
    .map_err(internal)?;
    let user = User {
        id: Uuid::new_v4(),
        email: input.email,
        is_active: true,
        is_superuser: false,
        is_verified: false,
        full_name: input.full_name,
    };
    app.store.insert(&user, &hash).await.map_err(internal)?;
    Ok((StatusCode::CREATED, Json(user)))
}

/// Returns the id of the user with these credentials.
async fn verified(app: &App, form: Login) -> Response<Uuid> {
    let found = app.store.credentials(&form.username).await.map_err(internal)?;
    let (id, hash) = found.ok_or(StatusCode::BAD_REQUEST)?;
    let right = tokio::task::spawn_blocking(move || {
        let hash = PasswordHash::new(&hash).ok()?;
        Argon2::default().verify_password(form.password.as_bytes(), &hash).ok()
    })
    .await
    .map_err(internal)?;
    right.ok_or(StatusCode::BAD_REQUEST).map(|()| id)
}

fn now() -> Response<i64> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(internal)?;
    i64::try_from(now.as_secs()).map_err(internal)
}

async fn login(State(app): State<App>, Form(form): Form<Login>) -> Response<Json<Token>> {
    let id = verified(&app, form).await?;
    let claims = Claims { sub: id.to_string(), aud: vec!["fastapi-users:auth".to_owned()], exp: now()? + 3600 };
    let access_token = jsonwebtoken::encode(&Header::default(), &claims, &app.keys.0).map_err(internal)?;
    Ok(Json(Token { access_token, token_type: "bearer" }))
}

async fn login_with_session(State(app): State<App>, Form(form): Form<Login>) -> Response<Json<Token>> {
    let id = verified(&app, form).await?;
    let access_token = Uuid::new_v4().simple().to_string();
    app.store.add_session(&access_token, id, now()? + 3600).await.map_err(internal)?;
    Ok(Json(Token { access_token, token_type: "bearer" }))
}

/// Returns the user of a request, by an access token or by a stored session.
async fn current(app: &App, headers: &HeaderMap) -> Response<User> {
    let token = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or(StatusCode::UNAUTHORIZED)?;
    let found = if token.contains('.') {
        let claims =
            jsonwebtoken::decode::<Claims>(token, &app.keys.1, &app.keys.2).map_err(|_| StatusCode::UNAUTHORIZED)?;
        app.store.find(claims.claims.sub.parse().map_err(|_| StatusCode::UNAUTHORIZED)?).await
    } else {
        app.store.find_by_session(token, now()?).await
    };
    found.map_err(internal)?.ok_or(StatusCode::UNAUTHORIZED)
}

async fn me(State(app): State<App>, headers: HeaderMap) -> Response<Json<User>> {
    current(&app, &headers).await.map(Json)
}

async fn update_me(State(app): State<App>, headers: HeaderMap, Json(input): Json<UserUpdate>) -> Response<Json<User>> {
    let user = current(&app, &headers).await?;
    let Some(full_name) = input.full_name else { return Ok(Json(user)) };
    let updated = app.store.rename(user.id, &full_name).await.map_err(internal)?;
    updated.map(Json).ok_or(StatusCode::UNAUTHORIZED)
}

fn internal(_: impl std::error::Error) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}
