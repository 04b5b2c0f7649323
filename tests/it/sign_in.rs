//! Sessions that application code starts, and requests that a test sends as a user.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use axum_users::{
    Backend, Jwt, RequestContext, error::SignInError, extract::Requirements, schema::Status, testing::request_as,
};

use crate::support::{COOKIE, Setup, TestApp, User, UserCreate};

const ARTHUR: &str = "arthur@camelot.bt";

async fn app() -> TestApp {
    let backend = vec![Backend::bearer("jwt", Jwt::new()), Backend::cookie("web", axum_users::DatabaseSessions::new())];
    TestApp::with(Setup { backend, ..Setup::default() }).await
}

async fn created(app: &TestApp, is_active: bool) -> User {
    let input = UserCreate { email: ARTHUR.into(), password: crate::support::PASSWORD.into(), first_name: None };
    app.users.create(input, Status { is_active, is_superuser: false, is_verified: false }).await.unwrap()
}

#[tokio::test]
async fn a_session_from_code_is_one_of_a_login() {
    let app = app().await;
    let arthur = created(&app, true).await;
    let signed_in = app.users.sign_in(&arthur, "jwt").await.unwrap();
    assert_eq!(app.me(signed_in.token.secret()).await.json()["email"], ARTHUR);
    assert_eq!(app.hooks.names().last(), Some(&"on_after_login"));

    let login = app.try_login(ARTHUR, crate::support::PASSWORD).await;
    let response = axum::response::IntoResponse::into_response(signed_in);
    assert_eq!(response.status(), login.status);
    assert_eq!(response.headers().get(header::CONTENT_TYPE), login.headers.get(header::CONTENT_TYPE));

    // It can be ended like any other session.
    let token = app.users.sign_in(&arthur, "jwt").await.unwrap().token;
    app.users.sessions().end_all(arthur.id).await.unwrap();
    assert_eq!(app.me(token.secret()).await.status, 401);
}

#[tokio::test]
async fn a_session_from_code_replaces_that_of_the_browser() {
    let app = app().await;
    let arthur = created(&app, true).await;
    let held = app.users.sign_in(&arthur, "web").await.unwrap().token;
    let request = Request::post("/invitation").header("cookie", format!("{COOKIE}={}", held.secret()));
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let cx = RequestContext::of(&parts, &parts.uri, None);
    let new = app.users.sign_in_with(&arthur, "web", &cx).await.unwrap().token;
    let me = async |token: &str| app.get("/users/me").cookie(COOKIE, token).send().await.status;
    assert_eq!(me(held.secret()).await, 401);
    assert_eq!(me(new.secret()).await, 200);
}

#[tokio::test]
async fn a_session_from_code_passes_the_gates() {
    let app = app().await;
    let inactive = created(&app, false).await;
    for backend in ["jwt", "web"] {
        let refused = app.users.sign_in(&inactive, backend).await.unwrap_err();
        assert!(matches!(refused, SignInError::Refused("LOGIN_BAD_CREDENTIALS")), "{refused:?}");
    }
    assert!(matches!(app.users.sign_in(&inactive, "other").await, Err(SignInError::UnknownBackend)));
    app.users.delete(&inactive).await.unwrap();
    assert!(matches!(app.users.sign_in(&inactive, "jwt").await, Err(SignInError::NotFound)));
    assert!(app.users.sessions().list(inactive.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_test_sends_requests_as_a_user_of_either_transport() {
    let app = app().await;
    let arthur = created(&app, true).await;
    for backend in ["jwt", "web"] {
        let request = request_as(&app.users, &arthur, backend).await.unwrap();
        let request = request.method("PATCH").uri("/users/me").header(header::CONTENT_TYPE, "application/json");
        let body = Body::from(serde_json::json!({ "first_name": backend }).to_string());
        let response = app.send(request.body(body).unwrap()).await;
        assert_eq!(response.status, StatusCode::OK, "{response:?}");
        assert_eq!(response.json()["first_name"], backend);
    }
}

#[test]
fn requirements_are_built_by_name() {
    assert_eq!(Requirements::ACTIVE.verified(), Requirements::VERIFIED);
    assert_eq!(Requirements::ACTIVE.superuser(), Requirements::SUPERUSER);
}
