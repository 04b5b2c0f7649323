use axum::{Router, routing::get};
use axum_users::{AuthUser, CurrentUser, PasswordHash, Superuser, Users};
use uuid::Uuid;

#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    /// How the person wants to be called.
    #[auth(read, create, update, length(max = 80))]
    pub full_name: Option<String>,
}

async fn hello(CurrentUser(user): CurrentUser<User>) -> String {
    user.email
}

async fn maybe(user: Option<CurrentUser<User>>) -> String {
    user.map(|user| user.0.email).unwrap_or_default()
}

async fn admin(user: Superuser<User>) -> String {
    user.0.email
}

fn app(users: Users<User>) -> Router {
    Router::new()
        .route("/hello", get(hello))
        .route("/maybe", get(maybe))
        .route("/admin", get(admin))
        .merge(user_routes(&users))
        .with_state(users)
}
