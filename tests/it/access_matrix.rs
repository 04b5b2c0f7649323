//! The access matrix for a user type with every access attribute.

use axum_users::{AuthUser, PasswordHash, routes::access_matrix};

/// A user with a field for each access attribute.
#[derive(AuthUser, Debug, Clone)]
pub struct Member {
    pub id: i64,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    #[auth(read)]
    pub seen: Option<i64>,
    #[auth(create)]
    pub invited_by: Option<String>,
    #[auth(read, admin, default)]
    pub quota: i64,
    #[auth(private, default)]
    pub note: String,
}

#[test]
fn each_attribute_grants_only_its_own_access() {
    let matrix = access_matrix::<Member>();
    // Columns: read, registration, update by the user, update by a superuser.
    for (field, access) in [
        ("id", "yes | no | no | no"),
        ("email", "yes | yes | yes | yes"),
        ("hashed_password", "no | no | no | no"),
        ("is_active", "yes | no | no | yes"),
        ("is_superuser", "yes | no | no | yes"),
        ("is_verified", "yes | no | no | yes"),
        ("password", "no | yes | yes | yes"),
        ("current_password", "no | no | yes | no"),
        ("seen", "yes | no | no | no"),
        ("invited_by", "no | yes | no | no"),
        ("quota", "yes | no | no | yes"),
        ("note", "no | no | no | no"),
    ] {
        assert!(matrix.contains(&format!("| `{field}` | {access} |\n")), "{field}: not {access}\n{matrix}");
    }
}
