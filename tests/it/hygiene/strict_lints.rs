//! What the derive writes must not warn in the crate of somebody strict. `cargo clippy --all-targets` checks the rest.
#![deny(warnings, missing_docs, unused_qualifications, unreachable_pub, missing_debug_implementations)]
#![deny(clippy::all, clippy::pedantic, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use axum_users::{AuthUser, PasswordHash, Status, store::NewAccount};
use uuid::Uuid;

/// Somebody strict.
#[expect(clippy::struct_excessive_bools, reason = "the author's own struct, which is none of the derive's business")]
#[derive(AuthUser, Debug, Clone)]
pub(crate) struct User {
    /// The id.
    pub(crate) id: Uuid,
    /// The address.
    pub(crate) email: String,
    /// The hash.
    pub(crate) hashed_password: PasswordHash,
    /// May log in.
    pub(crate) is_active: bool,
    /// May manage others.
    pub(crate) is_superuser: bool,
    /// Has proved the address.
    pub(crate) is_verified: bool,
    /// A flag beside the three, so that the schemas have many.
    #[auth(read, create, update)]
    pub(crate) newsletter: bool,
    /// The name.
    #[auth(read, create, update, length(min = 1, max = 80), check = polite)]
    pub(crate) nickname: Option<String>,
    /// The old name.
    #[deprecated = "use `nickname`"]
    #[auth(read, create, update)]
    pub(crate) nick: Option<String>,
    /// What was paid.
    #[auth(read, admin, range(min = 0), default = 0.5)]
    pub(crate) balance: f64,
    /// Nobody's business.
    #[auth(private, default)]
    pub(crate) note: String,
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
fn the_rules_are_the_authors() {
    let account = NewAccount {
        id: Uuid::nil(),
        email: "king.arthur@camelot.bt".to_owned(),
        hashed_password: PasswordHash::from_stored("x"),
        status: Status::NEW,
    };
    let input = serde_json::from_str(r#"{"email":"a@b.cd","password":"x","newsletter":true}"#).ok();
    let user = input.map(|input: UserCreate| <User as AuthUser>::new(account, input));
    assert!(user.is_some_and(|user| user.newsletter && user.note.is_empty() && (user.balance - 0.5).abs() < 0.01));
    assert_eq!((polite("Art"), polite("ART!")), (Ok(()), Err("do not shout")));
}

#[test]
fn a_private_struct_has_private_items() {
    assert_eq!(private::table(), "user");
}
