use axum_users::AuthUser;

#[derive(AuthUser, Debug, Clone)]
pub enum User {
    Admin,
    Guest,
}

fn main() {}
