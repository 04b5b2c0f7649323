//! A user type that is local to a function.
#![allow(dead_code, reason = "that it compiles is half the test")]

#[test]
fn a_user_type_can_be_local_to_a_function() {
    use axum_users::{AuthUser, PasswordHash};

    #[derive(AuthUser, Debug, Clone)]
    struct User {
        id: i64,
        email: String,
        hashed_password: PasswordHash,
        is_active: bool,
        is_superuser: bool,
        is_verified: bool,
        #[auth(read, create, default = usual())]
        plan: String,
    }

    fn usual() -> String {
        "free".to_owned()
    }

    let input: UserCreate = serde_json::from_str(r#"{"email":"a@b.cd","password":"x"}"#).unwrap();
    assert_eq!(input.plan, "free");
    assert_eq!(USER_SQL.table, "user");
}
