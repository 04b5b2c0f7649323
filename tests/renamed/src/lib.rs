//! A user type in an application that knows axum-users as `accounts` and has no other dependency.

use accounts::{AuthUser, PasswordHash};

/// A user.
#[derive(AuthUser, Debug, Clone)]
#[auth(crate = accounts)]
pub struct User {
    /// The id.
    pub id: i64,
    /// The address.
    pub email: String,
    /// The hash.
    pub hashed_password: PasswordHash,
    /// May log in.
    pub is_active: bool,
    /// May manage others.
    pub is_superuser: bool,
    /// Has proved the address.
    pub is_verified: bool,
    /// The name.
    #[auth(read, create, update, length(max = 80))]
    pub nickname: Option<String>,
    /// What the user likes.
    #[auth(read, create, update, json, default)]
    pub tags: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_routes_are_made_under_the_other_name() {
        let _ = user_routes::<accounts::Users<User>>;
        assert_eq!(USER_SQL.table, "user");
    }
}
