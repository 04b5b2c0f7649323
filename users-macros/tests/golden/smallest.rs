// The smallest user: the six roles and nothing else.

#[derive(axum_users::AuthUser, Debug, Clone)]
pub struct User {
    pub id: uuid::Uuid,
    pub email: String,
    pub hashed_password: axum_users::PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}
