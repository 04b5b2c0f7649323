//! The program of the README: `cargo run --example quickstart`.

use axum::{Router, routing::get};
use axum_users::{AuthUser, Backend, CurrentUser, Jwt, Mailer, PasswordHash, SecretKey, Users};
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
    // In production read the secret from the environment: SecretKey::from_env("AUTH_SECRET")?
    let users = Users::<User>::builder(SecretKey::generate()?)
        .database("sqlite://quickstart.db?mode=rwc")
        .backend(Backend::bearer("jwt", Jwt::new()))
        .mailer(Mailer::terminal("http://127.0.0.1:8000")?)
        .build()
        .await?;
    users.migrate().await?;

    let app = Router::new()
        .route("/hello", get(hello))
        .merge(user_routes(&users))
        .fallback(axum_users::not_found)
        .with_state(users.clone());
    users.serve(app, "127.0.0.1:8000").await
}

async fn hello(CurrentUser(user): CurrentUser<User>) -> String {
    format!("Hello, {}!", user.full_name.unwrap_or(user.email))
}
