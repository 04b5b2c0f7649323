// Recorded: UserRead, USER_SQL, user_oauth_routes, user_oauth_associate_routes, AuthUser
/// Users who can log in with OAuth providers.
#[derive(axum_users::AuthUser, Debug, Clone)]
#[auth(oauth)]
pub struct User {
    pub id: uuid::Uuid,
    pub email: String,
    pub hashed_password: axum_users::PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}
