use axum_users::Users;

#[derive(Debug, Clone)]
pub struct Visitor {
    pub email: String,
}

fn app(_: &Users<Visitor>) {}

fn main() {}
