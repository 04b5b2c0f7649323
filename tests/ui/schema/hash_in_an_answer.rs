use axum_users::{AuthUser, PasswordHash};
use uuid::Uuid;

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
    #[auth(read, admin)]
    pub quota: i32,
    #[auth(private)]
    pub note: Option<String>,
}

fn main() {}

fn hash(shown: UserRead) -> PasswordHash {
    shown.hashed_password
}
