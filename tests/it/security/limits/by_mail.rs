//! Limits of logins with a mailed link or code.

use axum_users::{
    Limits, UsersBuilder,
    limits::Limit,
    token::{EmailCode, MagicLink},
};
use serde_json::json;

use super::{
    super::{ARTHUR, verify, verify_token},
    login, member, reached, without,
};
use crate::support::{PASSWORD, Response, Setup, TestApp, User};

const BAD_CODE: &str = r#"{"detail":"EMAIL_CODE_BAD_CODE"}"#;

async fn app(limits: Limits) -> TestApp {
    let builder = Box::new(move |builder: UsersBuilder<User>| {
        builder.limits(limits).magic_link(MagicLink::new()).email_code(EmailCode::new())
    });
    TestApp::with(Setup { builder, ..Setup::default() }).await
}

/// Requests a code from an address.
async fn ask(app: &TestApp, from: &str, email: &str) -> Response {
    app.post("/auth/jwt/email-code").from(from).json(json!({ "email": email })).send().await
}

async fn request(app: &TestApp, from: &str, email: &str) -> String {
    ask(app, from, email).await.json()["request_id"].as_str().unwrap().to_owned()
}

async fn send(app: &TestApp, from: &str, request: &str, code: &str) -> Response {
    let body = json!({ "request_id": request, "code": code });
    app.post("/auth/jwt/email-code/redeem").from(from).json(body).send().await
}

/// Guesses codes of one account, each request and each guess from addresses of their own, until the limit refuses. Returns the
/// number of guesses.
async fn guesses(app: &TestApp, net: &str, email: &str) -> usize {
    for guess in 0.. {
        let request = request(app, &format!("{net}.{}", guess / 5), email).await;
        // No code has seven digits.
        let response = send(app, &format!("{net}.{guess}"), &request, "0000000").await;
        if response.status == 429 {
            assert_eq!(reached(&response).0, "email-code");
            return guess;
        }
        response.is(400, BAD_CODE);
    }
    unreachable!()
}

#[tokio::test]
async fn many_requests_for_codes_do_not_multiply_the_guesses() {
    let app = app(without(&[Limit::Mails])).await;
    member(&app, ARTHUR).await;
    // Otherwise the first code would replace the password.
    let token = verify_token(&app, ARTHUR).await;
    assert_eq!(verify(&app, &token).await.status, 200);
    assert_eq!(login(&app, "192.0.2.1", ARTHUR, PASSWORD).await.status, 200);
    for email in [ARTHUR, "nobody@camelot.bt"] {
        assert_eq!(guesses(&app, "198.51.100", email).await, 24, "{email}");
    }
    // The owner at a known address has a counter of its own, and a right code is not counted.
    for _ in 0..30 {
        app.hooks.clear();
        let request = request(&app, "203.0.113.7", "Arthur@camelot.bt").await;
        let code = app.hooks.token("on_after_request_email_code").await;
        assert_eq!(send(&app, "192.0.2.1", &request, &code).await.status, 200);
        app.advance(180);
    }
    // An hour and a half later there is one guess more.
    assert_eq!(guesses(&app, "198.51.101", "nobody@camelot.bt").await, 1);
    // Other login methods remain available to everyone.
    assert_eq!(login(&app, "198.51.102.1", ARTHUR, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn requests_and_wrong_secrets_are_limited_by_address() {
    let app = app(Limits::default()).await;
    member(&app, ARTHUR).await;
    for number in 0..20 {
        let email = format!("knight{number}@camelot.bt");
        match number % 2 {
            0 => assert_eq!(ask(&app, "192.0.2.1", &email).await.status, 202),
            _ => {
                let call = app.post("/auth/jwt/magic-link").from("192.0.2.1").json(json!({ "email": email }));
                call.send().await.is(202, "null");
            }
        }
    }
    assert_eq!(reached(&ask(&app, "192.0.2.1", ARTHUR).await).0, "mailed-login");
    assert_eq!(ask(&app, "192.0.2.2", ARTHUR).await.status, 202, "another address");
    let redeem = |token: &str| {
        let call = app.post("/auth/jwt/magic-link/redeem").from("192.0.2.3").json(json!({ "token": token }));
        call.send()
    };
    for number in 0..20 {
        match number % 2 {
            0 => redeem("x").await.is(400, r#"{"detail":"MAGIC_LINK_BAD_TOKEN"}"#),
            _ => send(&app, "192.0.2.3", "x", "000000").await.is(400, BAD_CODE),
        }
    }
    assert_eq!(reached(&redeem("x").await).0, "verify");
}

#[tokio::test]
async fn an_account_gets_three_mails_of_each_kind_in_an_hour() {
    let app = app(without(&[Limit::MailedLogin])).await;
    member(&app, ARTHUR).await;
    app.hooks.clear();
    for _ in 0..5 {
        assert_eq!(ask(&app, "192.0.2.1", ARTHUR).await.status, 202);
        app.post("/auth/jwt/magic-link").json(json!({ "email": "Arthur@CAMELOT.bt" })).send().await.is(202, "null");
    }
    app.users.drain(std::time::Duration::from_secs(10)).await;
    for hook in ["on_after_request_email_code", "on_after_request_magic_link"] {
        assert_eq!(app.hooks.names().iter().filter(|name| **name == hook).count(), 3, "{hook}");
    }
}
