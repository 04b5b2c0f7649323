//! Limits per address on the other routes.

use std::time::Duration;

use axum_users::{
    Backend, Jwt, Limits, Policy,
    limits::{Limit, Quota},
    token::Refresh,
};
use serde_json::{Value, json};

use super::{
    super::{ARTHUR, OTHER, patch_me, reset_token, verify_token},
    app, app_with, member, reached, without,
};
use crate::support::{PASSWORD, Response, Setup, TestApp};

async fn post(app: &TestApp, path: &str, from: &str, body: Value) -> Response {
    app.post(path).from(from).json(body).send().await
}

#[tokio::test]
async fn register_capped() {
    let app = app(Limits::default()).await;
    let body =
        |number: u32, password: &str| json!({ "email": format!("knight{number}@camelot.bt"), "password": password });
    for number in 0..10 {
        // A person who looks for a password that is accepted is not counted.
        assert_eq!(post(&app, "/auth/register", "192.0.2.1", body(number, "short")).await.status, 400);
        assert_eq!(post(&app, "/auth/register", "192.0.2.1", json!({ "email": "x" })).await.status, 422);
        // A client that tries taken addresses is counted.
        let number = if number % 2 == 0 { number } else { number - 1 };
        let status = post(&app, "/auth/register", "192.0.2.1", body(number, PASSWORD)).await.status;
        assert!(status == 201 || status == 400);
    }
    let refused = post(&app, "/auth/register", "192.0.2.1", body(10, PASSWORD)).await;
    assert_eq!(reached(&refused), ("register".to_owned(), 360));
    assert!(app.users.get_by_email("knight10@camelot.bt").await.unwrap().is_none());
    assert_eq!(post(&app, "/auth/register", "192.0.2.2", body(10, PASSWORD)).await.status, 201);
    app.advance(360);
    assert_eq!(post(&app, "/auth/register", "192.0.2.1", body(11, PASSWORD)).await.status, 201);
}

/// A source of breached passwords, or a hook of the application, may query another server.
#[tokio::test]
async fn a_registration_that_asks_beyond_the_policy_is_counted() {
    let app = app(Limits::default()).await;
    app.hooks.refuse_password(PASSWORD);
    let body = json!({ "email": ARTHUR, "password": PASSWORD });
    for _ in 0..10 {
        assert_eq!(post(&app, "/auth/register", "192.0.2.1", body.clone()).await.status, 400);
    }
    assert_eq!(reached(&post(&app, "/auth/register", "192.0.2.1", body).await).0, "register");
}

#[tokio::test]
async fn requests_for_mails_are_limited_by_address() {
    let app = app(Limits::default()).await;
    for (path, name) in [("/auth/forgot-password", "forgot-password"), ("/auth/request-verify-token", "request-verify")]
    {
        for number in 0..20 {
            let body = json!({ "email": format!("knight{number}@camelot.bt") });
            post(&app, path, "192.0.2.1", body).await.is(202, "null");
        }
        let body = json!({ "email": ARTHUR });
        assert_eq!(reached(&post(&app, path, "192.0.2.1", body.clone()).await), (name.to_owned(), 180));
        post(&app, path, "192.0.2.2", body).await.is(202, "null");
    }
}

#[tokio::test]
async fn token_guessing_capped() {
    let app = app(without(&[Limit::Mails])).await;
    member(&app, ARTHUR).await;
    for (path, name) in [("/auth/reset-password", "reset-password"), ("/auth/verify", "verify")] {
        let wrong = json!({ "token": "wrong", "password": OTHER });
        for number in 0..20 {
            // A right token is not counted, whatever the outcome.
            let right = match (name, number) {
                ("verify", 0) => Some(json!({ "token": verify_token(&app, ARTHUR).await })),
                ("reset-password", 0..10) => {
                    Some(json!({ "token": reset_token(&app, ARTHUR).await, "password": "short" }))
                }
                _ => None,
            };
            if let Some(right) = right {
                let response = post(&app, path, "192.0.2.1", right).await;
                assert!(response.status == 200 || response.text().contains("INVALID_PASSWORD"), "{response:?}");
            }
            assert_eq!(post(&app, path, "192.0.2.1", wrong.clone()).await.status, 400);
        }
        assert_eq!(reached(&post(&app, path, "192.0.2.1", wrong.clone()).await), (name.to_owned(), 180));
        let token = reset_token(&app, ARTHUR).await;
        let right = json!({ "token": token, "password": OTHER });
        assert_eq!(reached(&post(&app, path, "192.0.2.1", right).await), (name.to_owned(), 180));
        assert_eq!(post(&app, path, "192.0.2.2", wrong).await.status, 400);
    }
}

/// `UPDATE_USER_EMAIL_ALREADY_EXISTS` reveals to a signed-in user who has an account.
#[tokio::test]
async fn changes_of_the_address_are_limited_by_user() {
    let app = app_with(Policy::recommended().change_email_at_once(), without(&[Limit::Register])).await;
    let sessions = [app.member(ARTHUR).await, app.member("kay@camelot.bt").await];
    for number in 0..30 {
        // Changes that succeed are not counted.
        let own = json!({ "email": format!("arthur{number}@camelot.bt") });
        if number % 3 == 0 {
            assert_eq!(patch_me(&app, &sessions[0], own).await.status, 200);
        }
    }
    let taken = json!({ "email": "kay@camelot.bt" });
    for _ in 0..10 {
        assert_eq!(patch_me(&app, &sessions[0], taken.clone()).await.status, 400);
    }
    assert_eq!(reached(&patch_me(&app, &sessions[0], taken).await), ("email-change".to_owned(), 360));
    let name = json!({ "first_name": "Arthur" });
    assert_eq!(patch_me(&app, &sessions[0], name).await.status, 200, "other changes");
    assert_eq!(patch_me(&app, &sessions[1], json!({ "email": "keu@camelot.bt" })).await.status, 200);
}

/// Every request for a change sends mails, so it counts whether or not the address is free; and a mailbox gets at most three,
/// from all users together.
#[tokio::test]
async fn requests_for_a_change_of_the_address_are_limited_by_user_and_by_mailbox() {
    let app = app_with(Policy::recommended(), without(&[Limit::Register])).await;
    let sessions = [app.member(ARTHUR).await, app.member("kay@camelot.bt").await];
    for number in 0..5 {
        let session = &sessions[number % 2];
        let victim = json!({ "email": if number % 2 == 0 { "mordred@cornwall.bt" } else { "MORDRED@cornwall.bt" } });
        assert_eq!(patch_me(&app, session, victim).await.status, 200);
    }
    for number in 0..7 {
        let other = json!({ "email": format!("king{number}@camelot.bt") });
        assert_eq!(patch_me(&app, &sessions[0], other).await.status, 200);
    }
    let one_more = json!({ "email": "king@camelot.bt" });
    assert_eq!(reached(&patch_me(&app, &sessions[0], one_more).await).0, "email-change");
    assert_eq!(app.me(&sessions[0]).await.json()["email"], ARTHUR);
    app.users.drain(Duration::from_secs(5)).await;
    let to = |prefix: &str| {
        let calls = app.hooks.calls().into_iter().filter(|called| called.hook == "on_after_request_email_change");
        calls.filter(|called| called.detail.as_ref().unwrap().to_lowercase().starts_with(prefix)).count()
    };
    assert_eq!((to("mordred@"), to("king")), (3, 7));
}

/// Wrong tokens of a change of the address count with those of verification.
#[tokio::test]
async fn wrong_tokens_of_a_change_of_the_address_are_limited() {
    let app = app(Limits::default()).await;
    for path in ["/auth/confirm-email", "/auth/undo-email"] {
        for _ in 0..10 {
            assert_eq!(post(&app, path, "192.0.2.1", json!({ "token": "wrong" })).await.status, 400);
        }
    }
    for path in ["/auth/confirm-email", "/auth/undo-email", "/auth/verify"] {
        assert_eq!(reached(&post(&app, path, "192.0.2.1", json!({ "token": "wrong" })).await).0, "verify");
        assert_eq!(post(&app, path, "192.0.2.2", json!({ "token": "wrong" })).await.status, 400);
    }
}

#[tokio::test]
async fn an_application_changes_and_removes_single_limits() {
    let hour = Duration::from_secs(3600);
    let limits = without(&[Limit::ForgotPassword]).set(Limit::Verify, Quota::new(2, hour));
    let app = app(limits).await;
    for number in 0..30 {
        post(&app, "/auth/forgot-password", "192.0.2.1", json!({ "email": ARTHUR })).await.is(202, "null");
        let response = post(&app, "/auth/verify", "192.0.2.1", json!({ "token": "wrong" })).await;
        assert_eq!(response.status, if number < 2 { 400 } else { 429 });
    }
}

/// Every refresh is a write, and the holder of a genuine token can repeat it.
#[tokio::test]
async fn refreshes_of_a_user_are_limited_and_a_refusal_uses_no_token_up() {
    let app = TestApp::with(Setup {
        backend: vec![Backend::bearer("jwt", Jwt::new().lifetime(Duration::from_secs(300))).refresh(Refresh::new())],
        builder: Box::new(|builder| {
            builder.limits(Limits::default().set(Limit::Refresh, Quota::new(2, Duration::from_secs(3600))))
        }),
        ..Setup::default()
    })
    .await;
    app.register(ARTHUR).await;
    let mut token = app.try_login(ARTHUR, PASSWORD).await.refresh_token();
    let refresh =
        async |from: &str, token: &str| post(&app, "/auth/jwt/refresh", from, json!({ "refresh_token": token })).await;
    for _ in 0..2 {
        token = refresh("192.0.2.1", &token).await.refresh_token();
    }
    assert_eq!(reached(&refresh("192.0.2.2", &token).await), ("refresh".to_owned(), 1800));
    // Other users have their own limit, and malformed tokens are not counted.
    app.register("kay@camelot.bt").await;
    let kay = app.try_login("kay@camelot.bt", PASSWORD).await.refresh_token();
    assert_eq!(refresh("192.0.2.1", &kay).await.status, 200);
    assert_eq!(refresh("192.0.2.1", "garbage").await.status, 401);
    app.advance(1800);
    assert_eq!(refresh("192.0.2.1", &token).await.status, 200);
}
