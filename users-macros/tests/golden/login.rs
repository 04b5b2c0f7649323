// Recorded: USER_SQL, AuthUser, SqlUser
// Users who log in with the address or with a user name.

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

    /// The user name.
    #[auth(login, read, create)]
    pub username: String,
}
