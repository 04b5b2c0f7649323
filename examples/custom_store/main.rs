//! The quickstart with a custom store: `cargo run --example custom_store`. See `docs/guide/custom-store.md`.

mod codec;
mod engine;
mod sessions;
mod store;
#[cfg(test)]
mod tests;
mod user;

use axum_users::{Backend, DatabaseSessions, Jwt, Mailer, SecretKey, Users};

use crate::{
    engine::RedbStore,
    user::{User, user_routes},
};

#[tokio::main]
async fn main() -> axum_users::Result<()> {
    tracing_subscriber::fmt().init();
    // In production read the secret from the environment: SecretKey::from_env("AUTH_SECRET")?
    let users = Users::<User>::builder(SecretKey::generate()?)
        .store(RedbStore::open("custom_store.redb").await?)
        .backend(Backend::bearer("jwt", Jwt::new()))
        .backend(Backend::bearer("session", DatabaseSessions::new())) // its sessions are in the same file
        .mailer(Mailer::terminal("http://127.0.0.1:8000")?)
        .build()
        .await?;
    users.migrate().await?;

    let app = user_routes(&users).fallback(axum_users::not_found).with_state(users.clone());
    users.serve(app, "127.0.0.1:8000").await
}
