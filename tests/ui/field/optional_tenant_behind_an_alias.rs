use axum_users::{AuthUser, PasswordHash};
use uuid::Uuid;

type Team = Option<String>;

#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    #[auth(tenant)]
    pub team: Team,
}

fn main() {}
