use axum_users::AuthUser;

#[derive(AuthUser, Debug, Clone)]
pub struct User;

fn main() {}
