// Recorded: HasTenant, SqlUser
// Users that belong to tenants.

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

    /// The tenant.
    #[auth(tenant, read)]
    pub tenant: String,
}
