use axum::Router;
use axum_users::{AuthUser, PasswordHash, Users};
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

fn app(users: &Users<User>) -> Router {
    user_register_routes(users)
}

fn main() {}
