//! Generated code must not cause warnings under strict lints. `cargo clippy --all-targets` checks the rest.
#![deny(warnings, missing_docs, unused_qualifications, unreachable_pub, missing_debug_implementations)]
#![deny(clippy::all, clippy::pedantic, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use axum_users::{AuthUser, PasswordHash, schema::Status, store::NewAccount};
use uuid::Uuid;

/// A user type under strict lints.
#[expect(clippy::struct_excessive_bools, reason = "the struct is written by its author, not generated")]
#[derive(AuthUser, Debug, Clone)]
pub(crate) struct User {
    /// The id.
    pub(crate) id: Uuid,
    /// The address.
    pub(crate) email: String,
    /// The password hash.
    pub(crate) hashed_password: PasswordHash,
    /// Whether the user can log in.
    pub(crate) is_active: bool,
    /// Whether the user can manage others.
    pub(crate) is_superuser: bool,
    /// Whether the address is verified.
    pub(crate) is_verified: bool,
    /// A fourth flag, so that the schemas have many.
    #[auth(read, create, update)]
    pub(crate) newsletter: bool,
    /// The name.
    #[auth(read, create, update, length(min = 1, max = 80), check = polite)]
    pub(crate) nickname: Option<String>,
    /// The old name.
    #[deprecated = "use `nickname`"]
    #[auth(read, create, update)]
    pub(crate) nick: Option<String>,
    /// The amount paid.
    #[auth(read, admin, range(min = 0), default = 0.5)]
    pub(crate) balance: f64,
    /// A private note.
    #[auth(private, default)]
    pub(crate) note: String,
}

fn polite(nickname: &str) -> Result<(), &'static str> {
    if nickname.ends_with('!') { Err("do not shout") } else { Ok(()) }
}

mod private {
    use axum_users::{AuthUser, PasswordHash};

    /// A private user type.
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

    /// Uses items that would otherwise be dead code.
    pub(super) fn table() -> &'static str {
        let _ = hidden_routes::<axum_users::Users<Hidden>>;
        HIDDEN_SQL.table
    }
}

#[test]
fn custom_rules_are_applied() {
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
fn a_private_struct_generates_private_items() {
    assert_eq!(private::table(), "user");
}
