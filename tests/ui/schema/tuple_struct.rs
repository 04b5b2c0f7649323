use axum_users::{AuthUser, PasswordHash};

#[derive(AuthUser, Debug, Clone)]
pub struct User(i64, String, PasswordHash, bool, bool, bool);

fn main() {}
