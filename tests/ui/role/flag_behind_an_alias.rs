use axum_users::{AuthUser, PasswordHash};
use uuid::Uuid;

type Switch = u8;

#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: Switch,
    pub is_superuser: bool,
    pub is_verified: bool,
}

fn main() {}
