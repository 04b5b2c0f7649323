//! What the derive writes must not warn in the crate of somebody strict. `cargo clippy --all-targets` checks the rest.
#![deny(warnings, missing_docs, unused_qualifications, unreachable_pub, missing_debug_implementations)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use axum_users::{AuthUser, PasswordHash};
use uuid::Uuid;

/// Somebody strict.
#[derive(AuthUser, Debug, Clone)]
pub struct User {
    /// The id.
    pub id: Uuid,
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
    /// A flag beside the three, so that the schemas have many.
    #[auth(read, create, update)]
    pub newsletter: bool,
    /// The name.
    #[auth(read, create, update, length(min = 1, max = 80), check = polite)]
    pub nickname: Option<String>,
    /// The old name.
    #[deprecated = "use `nickname`"]
    #[auth(read, create, update)]
    pub nick: Option<String>,
    /// What was paid.
    #[auth(read, admin, range(min = 0), default = 0.5)]
    pub balance: f64,
    /// Nobody's business.
    #[auth(private, default)]
    pub note: String,
}

fn polite(nickname: &str) -> Result<(), &'static str> {
    if nickname.ends_with('!') { Err("do not shout") } else { Ok(()) }
}

mod private {
    use axum_users::{AuthUser, PasswordHash};

    /// The same without visibility.
    #[derive(AuthUser, Debug, Clone)]
    struct Hidden {
        id: i32,
        email: String,
        hashed_password: PasswordHash,
        is_active: bool,
        is_superuser: bool,
        is_verified: bool,
        #[auth(read, create, update)]
        nickname: Option<String>,
    }

    /// Uses what would be dead otherwise.
    pub(super) fn table() -> &'static str {
        let _ = hidden_routes::<axum_users::Users<Hidden>>;
        HIDDEN_SQL.table
    }
}

#[test]
fn a_private_struct_has_private_items() {
    assert_eq!(private::table(), "user");
}
