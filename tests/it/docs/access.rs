//! Who may do what.

use axum_users::{AuthUser, PasswordHash, routes::access_matrix};
use uuid::Uuid;

use super::page::{is_current, read};

/// The user of the README.
#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    /// How the person wants to be called.
    #[auth(read, create, update, length(max = 80))]
    pub full_name: Option<String>,
}

const HEAD: &str = "\
# Who may do what

Written by `axum_users::routes::access_matrix::<User>()` for the `User` of the [README](../../README.md), out of the tables that
requests are checked against (OWASP ASVS 8.1.1, 8.1.2). For your own user commit the page of your own, and let a test compare:

```rust,ignore
assert_eq!(std::fs::read_to_string(\"docs/guide/access-matrix.md\")?, axum_users::routes::access_matrix::<User>());
```

With `Policy::require_verification(true)`, \"active\" means \"active and verified\". Nobody and inactive users get 401, known users
without the right get 403, and only then is anything looked up. On their own account superusers are owners like everybody.
Where users have tenants (`#[auth(tenant)]`), every row is about users of the request's tenant, superusers included.

";

#[test]
fn access_matrix_generated_and_current() {
    is_current("docs/guide/access-matrix.md", &format!("{HEAD}{}", access_matrix::<User>()));
}

#[test]
fn the_user_here_is_the_user_of_the_readme() {
    let fields = |text: &str| {
        let start = text.find("pub struct User {").unwrap();
        text[start..].split("\n}").next().unwrap().to_owned()
    };
    assert_eq!(fields(&read("README.md")), fields(include_str!("access.rs")));
}

/// A user with a field for each kind of right.
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
fn each_mark_gives_its_right_and_no_other() {
    let matrix = access_matrix::<Member>();
    // Read, registration, owner's change, superuser's change.
    for (field, rights) in [
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
        assert!(matrix.contains(&format!("| `{field}` | {rights} |\n")), "{field}: not {rights}\n{matrix}");
    }
    for custom in Member::CUSTOM_FIELDS {
        let marks = [custom.read, custom.create, custom.update, custom.update || custom.admin];
        let rights = marks.map(|mark| if mark { "yes" } else { "no" }).join(" | ");
        assert!(matrix.contains(&format!("| `{}` | {rights} |", custom.name)), "{custom:?}\n{matrix}");
    }
    for (route, who) in [
        ("POST /auth/{backend}/login", "anyone"),
        ("PATCH /users/me", "an active user"),
        ("DELETE /users/{id}", "an active superuser"),
    ] {
        assert!(matrix.contains(&format!("| `{route}` | {who}")), "{route}");
    }
}
