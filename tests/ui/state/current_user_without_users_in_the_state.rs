use axum::{Router, routing::get};
use axum_users::{AuthUser, CurrentUser, PasswordHash};
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

async fn hello(CurrentUser(user): CurrentUser<User>) -> String {
    user.email
}

fn app() -> Router<()> {
    Router::new().route("/hello", get(hello))
}

fn main() {}
