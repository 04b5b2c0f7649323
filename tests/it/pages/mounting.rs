//! Where pages are mounted, and settings that cannot work.

use axum::Router;
use axum_users::{
    AuthUser, Backend, Jwt, Mailer, PasswordHash, Policy, SecretKey, Users,
    pages::{Pages, page_routes},
    store::MemoryStore,
};
use uuid::Uuid;

use super::app::{ARTHUR, App, location};
use crate::support::{Http, PASSWORD, SECRET};

#[derive(AuthUser, Debug, Clone)]
pub struct Listed {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    #[auth(read, create, json)]
    pub horses: Vec<String>,
}

async fn users(backend: Backend) -> Users<Listed> {
    let builder = Users::<Listed>::builder(SecretKey::new(SECRET).unwrap()).store(MemoryStore::new());
    builder.public_url("https://camelot.bt").backend(backend).build().await.unwrap()
}

/// Returns the message of the panic when the routes are made.
fn refusal(users: &Users<Listed>, pages: Pages) -> String {
    let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| page_routes::<_, Users<Listed>>(users, pages)));
    *made.err().and_then(|panic| panic.downcast::<String>().ok()).expect("the routes are refused")
}

#[tokio::test]
async fn pages_that_cannot_work_stop_the_start() {
    let cookie = users(Backend::cookie("cookie", Jwt::new())).await;
    assert!(refusal(&cookie, Pages::new("session")).contains("the backend `session`"));
    assert!(refusal(&cookie, Pages::new("cookie")).contains("horses"));
    let bearer = users(Backend::bearer("jwt", Jwt::new())).await;
    assert!(refusal(&bearer, Pages::new("jwt").without_sign_up()).contains("a backend with a cookie"));
    drop(page_routes::<_, Users<Listed>>(&cookie, Pages::new("cookie").without_sign_up()));
    for path in ["//evil.example", "https://evil.example", "orders", ""] {
        assert!(Pages::new("cookie").after_log_in(path).is_err(), "{path}");
    }
}

#[tokio::test]
async fn pages_work_under_any_prefix_and_without_a_page_to_sign_up() {
    let app =
        App::with(Pages::new("cookie").without_sign_up().after_log_in("/orders").unwrap(), |builder| builder).await;
    let mut visitor = app.visitor();
    assert_eq!(visitor.get("/account/sign-up").await.status, 404);
    assert!(!visitor.get("/account/log-in").await.text().contains("sign-up"));
    app.create(ARTHUR).await;
    let form = [("username", ARTHUR), ("password", PASSWORD)];
    assert_eq!(location(&visitor.submit("/account/log-in", &form).await), "/orders");

    let deep = Router::new()
        .nest("/a/b", Router::new().nest("/c", page_routes(&app.users, Pages::new("cookie"))))
        .with_state(app.users.clone());
    let http = Http::serve(deep).await;
    assert_eq!(http.get("/a/b/c").send().await.header("location"), Some("./c/profile"));
    assert_eq!(
        http.get("/a/b/c/profile").send().await.header("location"),
        Some("log-in?notice=log-in-first&next=profile")
    );
    let page = http.get("/a/b/c/log-in").send().await.text();
    for link in ["href=\"pages.css\"", "action=\"log-in\"", "href=\"forgot-password\""] {
        assert!(page.contains(link), "{link}");
    }
}

#[tokio::test]
async fn without_verification_mails_a_new_account_can_log_in_at_once() {
    let app = App::with(Pages::new("cookie"), |builder| {
        builder.verification_on_register(false).policy(Policy::recommended())
    })
    .await;
    let form = [("email", ARTHUR), ("password", PASSWORD), ("full_name", "Arthur"), ("rank", "squire")];
    let mut visitor = app.visitor();
    assert_eq!(location(&visitor.submit("/account/sign-up", &form).await), "/account/log-in?notice=registered");
    visitor.log_in(ARTHUR, PASSWORD).await;
}

#[test]
fn the_prefix_of_links_is_a_path() {
    let mailer = || Mailer::terminal("https://camelot.bt").unwrap();
    for prefix in ["/account", "account/", "", "/a/b"] {
        assert!(mailer().link_to_pages(prefix).is_ok(), "{prefix}");
    }
    for prefix in ["//evil.example", "https://evil.example", "/a b", "/{token}", "/a?b"] {
        assert!(mailer().link_to_pages(prefix).is_err(), "{prefix}");
    }
}

#[test]
fn the_example_with_pages_is_short() {
    let lines = crate::repository::read("examples/webapp.rs").lines().count();
    assert!(lines < 40, "{lines}");
}
