use axum_users::{CurrentUser, Users};

#[derive(Debug, Clone)]
pub struct Visitor {
    pub email: String,
}

fn app(users: &Users<Visitor>) {}

fn main() {}
