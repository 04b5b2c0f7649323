use axum_users::{AuthUser, PasswordHash};
use uuid::Uuid;

#[derive(AuthUser, Debug, Clone)]
#[auth(table = "the_people_who_use_our_application_every_single_day")]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

fn main() {}
