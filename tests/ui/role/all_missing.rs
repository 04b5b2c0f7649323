use axum_users::AuthUser;

#[derive(AuthUser, Debug, Clone)]
pub struct User {
    #[auth(read)]
    pub nickname: String,
}

fn main() {}
