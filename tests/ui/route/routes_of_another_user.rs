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

#[derive(AuthUser, Debug, Clone)]
#[auth(table = "member")]
pub struct Member {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

fn app(members: &Users<Member>) -> Router<Users<Member>> {
    user_routes(members)
}

fn main() {}
