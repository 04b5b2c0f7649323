//! Tracing spans: every operation has one, and none contains a secret or an address.

use serde_json::json;

use super::{ARTHUR, OTHER, logs::Recording, reset, reset_token, verify, verify_token};
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn operations_are_spans_without_secrets() {
    let recording = Recording::start();
    let app = TestApp::start().await;
    let uther = app.superuser("uther@camelot.bt").await;
    let session = app.member(ARTHUR).await;
    let arthur = app.stored(ARTHUR).await;
    let to_verify = verify_token(&app, ARTHUR).await;
    assert_eq!(verify(&app, &to_verify).await.status, 200);
    let body = json!({ "password": OTHER, "current_password": PASSWORD });
    assert_eq!(app.patch("/users/me").bearer(&session).json(body).send().await.status, 200);
    assert_eq!(app.get("/auth/sessions").bearer(&session).send().await.status, 200);
    let to_reset = reset_token(&app, ARTHUR).await;
    reset(&app, &to_reset, PASSWORD).await.is(200, "null");
    let from_code = app.users.sign_in(&arthur, "jwt").await.unwrap().token;
    assert_eq!(app.post("/auth/jwt/logout").bearer(from_code.secret()).send().await.status, 204);
    assert_eq!(app.delete(&format!("/users/{}", arthur.id)).bearer(&uther).send().await.status, 204);

    let spans: Vec<_> = recording
        .lines()
        .into_iter()
        .filter(|line| line.target == "axum_users" && line.field("span").is_some())
        .collect();
    let names: Vec<&str> = spans.iter().filter_map(|span| span.field("span")).collect();
    for name in [
        "migrate",
        "create_user",
        "register",
        "login",
        "authenticate",
        "request_verify",
        "verify",
        "update_user",
        "list_sessions",
        "forgot_password",
        "reset_password",
        "sign_in",
        "logout",
        "delete_user",
    ] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    let id = arthur.id.to_string();
    assert!(spans.iter().any(|span| span.field("user.id") == Some(&id)), "spans name the user by id");
    let secrets = [PASSWORD, OTHER, ARTHUR, &session, &to_verify, &to_reset, from_code.secret(), &uther];
    for (span, secret) in spans.iter().flat_map(|span| secrets.iter().map(move |secret| (span, secret))) {
        assert!(!span.fields.values().any(|value| value.contains(*secret)), "{span:?} contains {secret}");
    }
}
