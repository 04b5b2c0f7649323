use axum_users::CurrentUser;

#[derive(Debug, Clone)]
pub struct Visitor {
    pub email: String,
}

async fn hello(CurrentUser(visitor): CurrentUser<Visitor>) -> String {
    visitor.email
}

fn main() {}
