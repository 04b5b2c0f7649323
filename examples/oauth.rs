//! A login with an OAuth provider: `cargo run --example oauth --features oauth`, then open <http://localhost:8000>.
//!
//! It includes a demonstration provider. With `GITHUB_CLIENT_ID` and `GITHUB_CLIENT_SECRET` it uses GitHub, where the
//! callback `http://localhost:8000/auth/provider/callback` is registered. See docs/guide/oauth.md.

#[path = "oauth/provider.rs"]
mod provider;

use std::env;

use axum::{
    Router,
    http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use axum_users::{
    AuthUser, Backend, Cookie, Jwt, PasswordHash, SecretKey, Users,
    oauth::{OAuth2Endpoints, OAuthProvider, ReturnTo, oauth_account_routes},
};
use uuid::Uuid;

#[derive(AuthUser, Debug, Clone)]
#[auth(oauth)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

#[tokio::main]
async fn main() -> axum_users::Result<()> {
    tracing_subscriber::fmt().init();
    let public_url = env::var("PUBLIC_URL").unwrap_or_else(|_| "http://localhost:8000".to_owned());
    let bind = env::var("BIND").unwrap_or_else(|_| "127.0.0.1:8000".to_owned());
    let database = env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite://oauth.db?mode=rwc".to_owned());

    // In production remove the `if`: the cookies are then sent over TLS only.
    let mut cookie = Cookie::new();
    if public_url.starts_with("http:") {
        cookie = cookie.insecure_for_localhost();
    }
    let users = Users::<User>::builder(SecretKey::generate()?)
        .database(database)
        .public_url(&public_url)
        .backend(Backend::new("cookie", cookie, Jwt::default()))
        .build()
        .await?;
    users.migrate().await?;

    let provider = provider().await?.return_to(ReturnTo::pages("/", "/")?);
    let app = Router::new()
        .route("/", get(page))
        .route("/page.js", get(script))
        .merge(user_routes(&users))
        .nest("/auth/provider", user_oauth_routes(&users, &provider, "cookie"))
        .nest("/auth/associate/provider", user_oauth_associate_routes(&users, &provider))
        .nest("/users/me/oauth-accounts", oauth_account_routes(&users))
        .fallback(axum_users::not_found)
        .layer(axum_users::routes::security_headers())
        .with_state(users.clone());
    println!("open {public_url}");
    users.serve(app, bind).await
}

/// Returns GitHub, or the provider of this example.
async fn provider() -> axum_users::Result<OAuthProvider> {
    if let (Ok(id), Ok(secret)) = (env::var("GITHUB_CLIENT_ID"), env::var("GITHUB_CLIENT_SECRET")) {
        return OAuthProvider::github(&id, &secret);
    }
    let url = provider::start().await?;
    let endpoints = OAuth2Endpoints {
        authorize: &format!("{url}/authorize"),
        token: &format!("{url}/token"),
        user: &format!("{url}/user"),
        emails: None,
    };
    OAuthProvider::oauth2("example", endpoints, "client-id", "client-secret")
}

async fn page() -> impl IntoResponse {
    let policy = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'";
    ([(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, policy)], include_str!("oauth/page.html"))
}

async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("oauth/page.js"))
}
