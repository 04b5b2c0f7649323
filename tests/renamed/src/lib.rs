//! A user type in an application that depends on axum-users under the name `accounts` and on nothing else.

use accounts::{AuthUser, PasswordHash};

/// A user.
#[derive(AuthUser, Debug, Clone)]
#[auth(crate = accounts)]
pub struct User {
    /// The id.
    pub id: i64,
    /// The address.
    pub email: String,
    /// The password hash.
    pub hashed_password: PasswordHash,
    /// Whether the user can log in.
    pub is_active: bool,
    /// Whether the user can manage others.
    pub is_superuser: bool,
    /// Whether the address is verified.
    pub is_verified: bool,
    /// The name.
    #[auth(read, create, update, length(max = 80))]
    pub nickname: Option<String>,
    /// The interests of the user.
    #[auth(read, create, update, json, default)]
    pub tags: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_routes_are_generated_under_the_renamed_dependency() {
        let _ = user_routes::<accounts::Users<User>>;
        assert_eq!(USER_SQL.table, "user");
    }
}
