//! The page about access control.

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

    /// The name to greet the user by.
    #[auth(read, create, update, length(max = 80))]
    pub full_name: Option<String>,
}

#[test]
fn access_matrix_generated_and_current() {
    const PAGE: &str = "docs/guide/access-matrix.md";
    let page = read(PAGE);
    let (before, _) = page.split_once("| route |").unwrap();
    is_current(PAGE, &format!("{before}{}", access_matrix::<User>()));
}

#[test]
fn the_user_here_is_the_user_of_the_readme() {
    let fields = |text: &str| text.split("pub struct User {").nth(1).unwrap().split("\n}").next().unwrap().to_owned();
    assert_eq!(fields(&read("README.md")), fields(include_str!("access.rs")));
}

#[test]
fn the_expansion_in_the_readme_is_the_generated_one() {
    let golden = read("users-macros/tests/golden/smallest.expanded.rs");
    let readme = read("README.md");
    let shown: Vec<&str> =
        readme.split("```rust,ignore\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(shown.len() == 2 && shown.iter().all(|item| golden.contains(item)), "{shown:#?}");
}
