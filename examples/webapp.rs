//! A web application with accounts and ready pages: `cargo run --example webapp --features pages`, then open
//! <http://localhost:8000/account/profile>.

use axum::{Router, response::Html, routing::get};
use axum_users::pages::{Pages, page_routes};
use axum_users::{AuthUser, Backend, Cookie, CurrentUser, DatabaseSessions, Mailer, PasswordHash, SecretKey, Users};

#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: uuid::Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    /// Name
    #[auth(read, create, update, length(max = 80))]
    pub full_name: Option<String>,
}

#[tokio::main]
async fn main() -> axum_users::Result<()> {
    let cookie = Cookie::new().insecure_for_localhost(); // remove it in production, where there is TLS
    let users = Users::<User>::builder(SecretKey::generate()?)
        .database("sqlite://webapp.db?mode=rwc")
        .public_url("http://localhost:8000")
        .backend(Backend::new("cookie", cookie, DatabaseSessions::new()))
        .mailer(Mailer::terminal("http://localhost:8000")?.link_to_pages("/account")?)
        .build()
        .await?;
    users.migrate().await?;
    let app = Router::new()
        .route("/", get(async |_: CurrentUser<User>| Html("<p>Welcome! <a href=/account/profile>Your account</a></p>")))
        .nest("/account", page_routes(&users, Pages::new("cookie").site_name("Camelot")));
    users.serve(app.with_state(users.clone()), "127.0.0.1:8000").await
}
