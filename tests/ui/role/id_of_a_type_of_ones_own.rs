use axum_users::{AuthUser, PasswordHash};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Number(u64);

#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Number,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

fn main() {}
