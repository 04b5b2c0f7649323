//! The user struct, which service and client share.

use axum_users::{AuthUser, PasswordHash};
use uuid::Uuid;

// The service makes users; this program only uses their schemas.
/// A user of `examples/server.rs`. `client` lets a client send the schemas of requests.
#[derive(AuthUser, Debug, Clone)]
#[auth(client)]
#[cfg_attr(not(test), allow(dead_code, reason = "the program uses its schemas only"))]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    /// The user's first name.
    #[auth(read, create, update)]
    pub first_name: Option<String>,
}
