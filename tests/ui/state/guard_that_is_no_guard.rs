use axum_users::{AuthUser, Guarded, PasswordHash};
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

struct IsEditor;

async fn edit(user: Guarded<User, IsEditor>) -> String {
    user.0.email
}

fn main() {}
