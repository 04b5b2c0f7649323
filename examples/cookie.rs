//! A page with a login form and its service: `cargo run --example cookie`, then open <http://localhost:8000>.
//!
//! The session is in a cookie that scripts cannot read, so the page stores no token. See docs/guide/cookies.md.

use axum::{
    Router,
    http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    response::{IntoResponse, Redirect},
    routing::{get, post},
};
use axum_users::{AuthUser, Backend, Cookie, CurrentUser, Jwt, Mailer, PasswordHash, SecretKey, Users};
use uuid::Uuid;

#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    /// The name to display.
    #[auth(read, create, update, length(max = 80))]
    pub full_name: Option<String>,
}

#[tokio::main]
async fn main() -> axum_users::Result<()> {
    tracing_subscriber::fmt().init();
    let public_url = std::env::var("PUBLIC_URL").unwrap_or_else(|_| "http://localhost:8000".to_owned());
    let bind = std::env::var("BIND").unwrap_or_else(|_| "127.0.0.1:8000".to_owned());
    let database = std::env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite://cookie.db?mode=rwc".to_owned());

    // In production remove the `if`: the cookie is then `__Host-fastapiusersauth`, over TLS only.
    let mut cookie = Cookie::new();
    if public_url.starts_with("http:") {
        cookie = cookie.insecure_for_localhost();
    }
    let users = Users::<User>::builder(SecretKey::generate()?)
        .database(database)
        .public_url(&public_url)
        .backend(Backend::new("cookie", cookie, Jwt::default()))
        .mailer(Mailer::terminal(&public_url)?)
        .build()
        .await?;
    users.migrate().await?;

    let app = Router::new()
        .route("/", get(page))
        .route("/page.js", get(script))
        .route("/sign", post(sign))
        .merge(user_routes(&users))
        .fallback(axum_users::not_found)
        .layer(axum_users::routes::security_headers())
        .with_state(users.clone());
    println!("open {public_url}");
    users.serve(app, bind).await
}

/// Handles a plain HTML form without script: the cookie authenticates the user, and a form on another
/// site gets 403 without code in this handler.
async fn sign(CurrentUser(user): CurrentUser<User>) -> Redirect {
    println!("{} signed", user.full_name.unwrap_or(user.email));
    Redirect::to("/")
}

async fn page() -> impl IntoResponse {
    let policy =
        "default-src 'none'; script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'";
    ([(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, policy)], include_str!("cookie/page.html"))
}

async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("cookie/page.js"))
}
