use axum_users::{AuthUser, PasswordHash};

type Key = i64;

#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Key,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

fn main() {}
