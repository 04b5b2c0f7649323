use axum_users::AuthUser;

#[derive(AuthUser)]
pub union User {
    id: i64,
    number: u64,
}

fn main() {}
