use axum_users::AuthUser;
use uuid::Uuid;

#[derive(AuthUser, Debug, Clone)]
#[auth(tabel = "people", sql = "PEOPLE")]
pub struct User {
    pub id: Uuid,
    pub emial: String,
    pub hashed_password: String,
    #[auth(update)]
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    pub nickname: String,
    #[auth(read, raed)]
    pub motto: String,
    #[auth(create, length(min = 9, max = 1))]
    pub city: String,
}

async fn hello(axum_users::CurrentUser(user): axum_users::CurrentUser<User>) -> String {
    user.nickname
}

fn main() {
    let _: axum::Router<axum_users::Users<User>> = axum::Router::new().route("/hello", axum::routing::get(hello));
}
