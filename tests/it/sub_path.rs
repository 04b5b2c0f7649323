//! Everything under a path: nested by the application, behind a proxy that removes the path, and behind one that keeps it.

use std::sync::Arc;

use axum::Router;
use axum_users::{
    Backend, Cookie, Error, Jwt, Mailer, Policy, Users, UsersBuilder,
    mail::MemoryMails,
    openapi::{openapi, openapi_at, openapi_routes},
    routes::{Prefixes, RouteGroup},
};
use serde_json::{Value, json};

use crate::support::{PASSWORD, SECRET, Setup, TestApp, User};

const ARTHUR: &str = "arthur@camelot.bt";
const SECURE: &str = "__Secure-fastapiusersauth";

/// A service whose routes are nested under `/api/v1`, with the document and a bearer and a cookie backend.
async fn nested(policy: Policy, builder: impl FnOnce(UsersBuilder<User>) -> UsersBuilder<User> + 'static) -> TestApp {
    let routes = |router: Router<Users<User>>| Router::new().nest("/api/v1", router);
    let backend = vec![Backend::bearer("jwt", Jwt::new()), Backend::cookie("web", Jwt::new().audience(["web"]))];
    TestApp::with(Setup { policy, routes, backend, builder: Box::new(builder), ..Setup::default() }).await
}

fn document(users: &Users<User>) -> Value {
    serde_json::to_value(openapi(users)).unwrap()
}

#[tokio::test]
async fn the_document_follows_the_base_path_and_its_routes_respond_there() {
    let app = nested(Policy::recommended(), |builder| builder.base_path("/api/v1/")).await;
    let document = document(&app.users);
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().cloned().collect();
    assert!(paths.iter().all(|path| path.starts_with("/api/v1/")), "{paths:?}");
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase().parse().unwrap();
            let response = app.request(method, &path.replace("{id}", "1")).json(json!({})).send().await;
            let status = response.status.as_str().to_owned();
            assert_ne!(status, "404", "{path}");
            assert!(operation["responses"].get(&status).is_some(), "{path}: {response:?}");
        }
    }
    // FastAPI makes the operation id from the whole path.
    let login = &document["paths"]["/api/v1/auth/jwt/login"]["post"]["operationId"];
    assert_eq!(login, "auth_jwt_login_api_v1_auth_jwt_login_post");
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["OAuth2PasswordBearer"]["flows"]["password"]["tokenUrl"], "/api/v1/auth/jwt/login");
    assert_eq!(schemes["APIKeyCookie"]["name"], SECURE);
    let elsewhere = openapi_at(&app.users, &Prefixes::usual().at(RouteGroup::Users, "/accounts"));
    assert!(elsewhere.paths.paths.contains_key("/api/v1/accounts/me"));
}

#[tokio::test]
async fn the_cookie_has_the_base_path_and_works_under_it() {
    let app = nested(Policy::recommended(), |builder| builder.base_path("/api/v1")).await;
    let body = json!({ "email": ARTHUR, "password": PASSWORD });
    assert_eq!(app.post("/api/v1/auth/register").json(body).send().await.status, 201);
    let form = [("username", ARTHUR), ("password", PASSWORD)];
    let login = app.post("/api/v1/auth/web/login").form(&form).send().await;
    let token = login.access_token();
    let expected = format!("{SECURE}={token}; HttpOnly; Path=/api/v1; SameSite=lax; Secure");
    assert_eq!(login.header("set-cookie"), Some(&*expected));
    assert_eq!(app.get("/api/v1/users/me").cookie(SECURE, &token).send().await.json()["email"], ARTHUR);
    let logout = app.post("/api/v1/auth/web/logout").cookie(SECURE, &token).send().await;
    assert!(logout.header("set-cookie").unwrap().contains("; Path=/api/v1;"), "{logout:?}");
}

#[tokio::test]
async fn a_cookie_with_a_path_of_its_own_keeps_it() {
    let backend = || Backend::new("web", Cookie::new().path("/"), Jwt::new());
    let setup = Setup {
        backend: vec![backend()],
        builder: Box::new(|builder: UsersBuilder<User>| builder.base_path("/api/v1")),
        ..Setup::default()
    };
    let app = TestApp::with(setup).await;
    app.register(ARTHUR).await;
    let login = app.post("/auth/web/login").form(&[("username", ARTHUR), ("password", PASSWORD)]).send().await;
    let cookie = login.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-fastapiusersauth=") && cookie.contains("; Path=/;"), "{cookie}");
}

/// The proxy removes the path before the service sees it, or the application nests its routes.
#[tokio::test]
async fn a_redirect_of_a_trailing_slash_stays_under_the_base_path() {
    let removed = |builder: UsersBuilder<User>| builder.base_path("/api/v1");
    let behind_a_proxy = TestApp::with(Setup {
        policy: Policy::recommended().slash_redirect(),
        builder: Box::new(removed),
        ..Setup::default()
    })
    .await;
    let kept = nested(Policy::recommended().slash_redirect(), removed).await;
    for response in [behind_a_proxy.get("/users/me/?a=b").send().await, kept.get("/api/v1/users/me/?a=b").send().await]
    {
        assert_eq!(response.status, 307);
        assert_eq!(response.header("location"), Some("/api/v1/users/me?a=b"));
    }
}

/// The page and the document refer to each other relative to where they are.
#[tokio::test]
async fn the_documentation_page_works_under_a_path() {
    let app = nested(Policy::recommended(), |builder| builder.base_path("/api/v1")).await;
    let served = Router::new().nest("/api/v1", openapi_routes(&app.users)).with_state(app.users.clone());
    let http = crate::http::Http::serve(served).await;
    let page = http.get("/api/v1/docs").send().await.text();
    for link in
        page.split(['"']).filter(|part| part.ends_with(".js") || part.ends_with(".css") || part.ends_with(".json"))
    {
        assert!(!link.starts_with('/'), "{link}");
        assert_eq!(http.get(&format!("/api/v1/{link}")).send().await.status, 200, "{link}");
    }
    let document = http.get("/api/v1/openapi.json").send().await.json();
    assert!(document["paths"].get("/api/v1/users/me").is_some());
}

#[tokio::test]
async fn links_in_mails_start_with_the_path_of_the_public_url() {
    let mails = MemoryMails::new();
    let mailer = Mailer::new(Arc::new(mails.clone()), "https://camelot.bt/castle/").unwrap();
    let app = nested(Policy::recommended(), |builder| builder.base_path("/castle/api").mailer(mailer)).await;
    let body = json!({ "email": ARTHUR, "password": PASSWORD });
    assert_eq!(app.post("/api/v1/auth/register").json(body).send().await.status, 201);
    let mail = mails.wait_for(1).await.remove(0);
    assert!(mail.text.contains("https://camelot.bt/castle/verify#token="), "{}", mail.text);
}

#[tokio::test]
async fn a_base_path_that_is_no_path_is_refused_at_build() {
    for path in ["api", "/api//v1", "/{id}", "/a b", "/..", "https://camelot.bt/api"] {
        let builder = Users::<User>::builder(axum_users::SecretKey::new(SECRET).unwrap());
        let builder = builder.database("sqlite::memory:").backend(Backend::bearer("jwt", Jwt::new()));
        let built = builder.base_path(path).build().await;
        assert!(matches!(built, Err(Error::Config(_))), "{path}");
    }
}
