//! The library under another path. The crate `tests/renamed` does the same with a renamed dependency.
#![allow(dead_code, reason = "that it compiles is half the test")]

mod auth {
    pub use axum_users::*;
}

mod inner {
    use super::auth::{AuthUser, PasswordHash};

    #[derive(AuthUser, Debug, Clone)]
    #[auth(crate = super::auth)]
    pub struct User {
        pub id: uuid::Uuid,
        pub email: String,
        pub hashed_password: PasswordHash,
        pub is_active: bool,
        pub is_superuser: bool,
        pub is_verified: bool,
        #[auth(read, create, update, length(max = 80))]
        pub nickname: Option<String>,
    }
}

#[test]
fn a_registration_is_parsed_with_the_crate_under_another_path() {
    let input: inner::UserCreate = serde_json::from_str(r#"{"email":"a@b.cd","password":"x"}"#).unwrap();
    assert_eq!((input.email.as_str(), input.nickname), ("a@b.cd", None));
}
