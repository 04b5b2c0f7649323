use axum_users::{AuthUser, PasswordHash};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Ulid(String);

#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Ulid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

fn main() {}
