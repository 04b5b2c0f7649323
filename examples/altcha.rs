//! A registration with a proof of work: `cargo run --example altcha --features altcha`, then open <http://localhost:8000>.
//!
//! The first registration from an address is free. Before each further one within an hour the browser computes for a
//! second; no other service is involved. See docs/guide/challenges.md.

use std::time::Duration;

use axum::{
    Router,
    http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use axum_users::{
    AuthUser, Backend, Jwt, Mailer, PasswordHash, SecretKey, Users,
    limits::{Altcha, Challenges, Limit, Quota},
};
use uuid::Uuid;

#[derive(AuthUser, Debug, Clone)]
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
    let public_url = std::env::var("PUBLIC_URL").unwrap_or_else(|_| "http://localhost:8000".to_owned());
    let bind = std::env::var("BIND").unwrap_or_else(|_| "127.0.0.1:8000".to_owned());
    let database = std::env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite://altcha.db?mode=rwc".to_owned());

    let challenges = Challenges::new(Altcha::new()).after(Limit::Register, Quota::new(1, Duration::from_secs(3600)));
    let users = Users::<User>::builder(SecretKey::generate()?)
        .database(database)
        .backend(Backend::bearer("jwt", Jwt::new()))
        .challenges(challenges)
        .mailer(Mailer::terminal(&public_url)?)
        .build()
        .await?;
    users.migrate().await?;

    let app = Router::new()
        .route("/", get(page))
        .route("/page.js", get(script))
        .merge(user_routes(&users))
        .fallback(axum_users::not_found)
        .with_state(users.clone());
    println!("open {public_url}");
    users.serve(app, bind).await
}

async fn page() -> impl IntoResponse {
    let policy = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'";
    ([(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, policy)], include_str!("altcha/page.html"))
}

async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("altcha/page.js"))
}
