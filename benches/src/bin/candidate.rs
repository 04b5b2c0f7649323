//! The same service with axum-users: the struct, the derive, the defaults.

use std::env;

use axum::Router;
use axum_users::{AuthUser, Backend, DatabaseSessions, Jwt, Limits, PasswordHash, SecretKey, Users};
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    #[auth(read, create, update)]
    pub full_name: Option<String>,
}

#[tokio::main]
async fn main() -> axum_users::Result<()> {
    let (address, url) = (env::var("BIND").unwrap(), env::var("DATABASE_URL").unwrap());
    let users = Users::<User>::builder(SecretKey::new("q8ZJ2mVx0Lr7TtYw5NfKc3HbPd6GsA1E")?)
        .database(&url)
        .backend(Backend::bearer("jwt", Jwt::new()))
        .backend(Backend::bearer("db", DatabaseSessions::new()))
        // All requests come from one address.
        .limits(Limits::off())
        .build()
        .await?;
    users.migrate().await?;
    let app = Router::new().merge(user_routes(&users)).with_state(users.clone());
    users.serve(app, address).await
}
