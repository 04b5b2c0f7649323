//! Logins with providers of users who have a second factor.

use axum_users::{env::Clock as _, oauth::ReturnTo, testing::AuthenticatorApp};
use serde_json::{Value, json};

use super::{
    provider::Person,
    support::{App, Setup, refused},
};
use crate::support::{Carrier, PASSWORD, Response};

const ARTHUR: &str = "arthur@camelot.bt";

fn arthur() -> Person {
    Person::verified("a", ARTHUR)
}

async fn over(carrier: Carrier) -> App {
    App::with(Setup { mfa: true, carrier, ..Setup::default() }).await
}

/// Enrolls the user of a session, who verifies the address first.
async fn enroll(app: &App, session: &str) -> AuthenticatorApp {
    let body = json!({ "email": ARTHUR });
    app.post("/auth/request-verify-token").json(body).send().await.is(202, "null");
    let token = app.hooks.token("on_after_request_verify", ARTHUR).await;
    assert_eq!(app.post("/auth/verify").json(json!({ "token": token })).send().await.status, 200);
    let begun = app.post("/auth/totp/enroll").token(app.carrier, session).send().await;
    let authenticator = AuthenticatorApp::new(begun.json()["secret"].as_str().unwrap()).unwrap();
    let code = json!({ "code": authenticator.code(app.clock.now()) });
    let confirmed = app.post("/auth/totp/confirm").token(app.carrier, session).json(code).send().await;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    app.advance(30);
    authenticator
}

/// Returns the token of a login that waits for the second factor.
#[track_caller]
fn pending(response: &Response) -> String {
    assert_eq!(response.status, 400, "{response:?}");
    assert!(response.headers.get("set-cookie").is_none_or(|cookie| !cookie.to_str().unwrap().contains("usersauth=e")));
    let detail = response.json()["detail"].clone();
    assert_eq!(detail["code"], "LOGIN_MFA_REQUIRED");
    detail["mfa_token"].as_str().unwrap().to_owned()
}

async fn redeem(app: &App, token: &str, otp: &str) -> Response {
    app.post("/auth/it/second-factor").json(json!({ "mfa_token": token, "otp": otp })).send().await
}

#[tokio::test]
async fn a_provider_is_one_factor() {
    for carrier in Carrier::BOTH {
        let app = over(carrier).await;
        let session = app.log_in("/auth/acme", arthur()).await.access_token();
        let authenticator = enroll(&app, &session).await;
        let token = pending(&app.log_in("/auth/acme", arthur()).await);
        assert_eq!(app.me(&token).await.status, 401, "it is no access token");
        for otp in ["000000", "x", ""] {
            refused(&redeem(&app, &token, otp).await, "LOGIN_MFA_BAD_CODE");
        }
        let session = redeem(&app, &token, &authenticator.code(app.clock.now())).await.access_token();
        assert_eq!(app.seen(&session).await["email"], ARTHUR);
        // Used up, even with a valid code.
        app.advance(30);
        let code = authenticator.code(app.clock.now());
        refused(&redeem(&app, &token, &code).await, "LOGIN_MFA_BAD_TOKEN");
        for body in [json!({}), json!({ "mfa_token": token }), json!({ "mfa_token": 1, "otp": "1" })] {
            assert_eq!(app.post("/auth/it/second-factor").json(body).send().await.status, 422);
        }
    }
}

#[tokio::test]
async fn the_token_of_a_pending_login_is_bound_and_ends() {
    let app = over(Carrier::Cookie).await;
    let session = app.log_in("/auth/acme", arthur()).await.access_token();
    let authenticator = enroll(&app, &session).await;
    let token = pending(&app.log_in("/auth/acme", arthur()).await);
    // At another backend.
    let body = json!({ "mfa_token": token, "otp": authenticator.code(app.clock.now()) });
    refused(&app.post("/auth/api/second-factor").json(body).send().await, "LOGIN_MFA_BAD_TOKEN");
    // Changed anywhere.
    for at in (0..token.len()).step_by(7) {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        refused(&redeem(&app, &changed, &authenticator.code(app.clock.now())).await, "LOGIN_MFA_BAD_TOKEN");
    }
    for garbage in ["", "x", "a.b.c", &"A".repeat(5000)] {
        let response = redeem(&app, garbage, "123456").await;
        assert!([400, 422].contains(&response.status.as_u16()), "{response:?}");
    }
    // After five minutes.
    app.advance(300);
    refused(&redeem(&app, &token, &authenticator.code(app.clock.now())).await, "LOGIN_MFA_BAD_TOKEN");
    // After all sessions of the user were ended.
    let token = pending(&app.log_in("/auth/acme", arthur()).await);
    let user = app.users.get_by_email(ARTHUR).await.unwrap().unwrap();
    app.users.sessions().end_all(user.id).await.unwrap();
    refused(&redeem(&app, &token, &authenticator.code(app.clock.now())).await, "LOGIN_MFA_BAD_TOKEN");
    // Sent by a page of another site.
    let body = json!({ "mfa_token": token, "otp": "123456" });
    let foreign = app.post("/auth/it/second-factor").json(body).header("origin", "https://evil.example").send().await;
    foreign.is(403, r#"{"detail":"CSRF_ORIGIN_REFUSED"}"#);
}

#[tokio::test]
async fn a_front_end_gets_the_token_in_the_fragment() {
    let provider = |provider: axum_users::oauth::OAuthProvider| {
        provider
            .return_to(ReturnTo::pages("https://app.example.org/welcome", "https://app.example.org/log-in").unwrap())
    };
    let app = App::with(Setup { mfa: true, provider, ..Setup::default() }).await;
    let flow = app.log_in("/auth/acme", arthur()).await;
    let location = flow.header("location").unwrap();
    let session = location.split_once("access_token=").unwrap().1.split('&').next().unwrap().to_owned();
    let authenticator = enroll(&app, &session).await;
    let refused = app.log_in("/auth/acme", arthur()).await;
    assert_eq!(refused.status, 303);
    let location = refused.header("location").unwrap().to_owned();
    let (page, token) = location.split_once("#mfa_token=").unwrap();
    assert!(page.starts_with("https://app.example.org/log-in?") && page.ends_with("LOGIN_MFA_REQUIRED"), "{page}");
    let session = redeem(&app, token, &authenticator.code(app.clock.now())).await.access_token();
    assert_eq!(app.seen(&session).await["email"], ARTHUR);
}

/// T27: the second factor is skipped through a reset, a provider, or another backend.
#[tokio::test]
async fn t27_mfa_side_door() {
    let app = over(Carrier::Cookie).await;
    let session = app.log_in("/auth/acme", arthur()).await.access_token();
    enroll(&app, &session).await;
    app.reset(ARTHUR, PASSWORD).await;
    let no_session = |response: &Response| {
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        assert!(!response.status.is_success() && body["access_token"].is_null(), "{response:?}");
    };
    // The attacker knows the password, and has the mailbox and the account at the provider.
    no_session(&app.try_password(ARTHUR, PASSWORD).await);
    let other = app.post("/auth/api/login").form(&[("username", ARTHUR), ("password", PASSWORD)]).send().await;
    other.is(400, r#"{"detail":"LOGIN_MFA_REQUIRED"}"#);
    app.reset(ARTHUR, "another long sword").await;
    no_session(&app.try_password(ARTHUR, "another long sword").await);
    let token = pending(&app.log_in("/auth/acme", arthur()).await);
    for way in [&token, "", "null"] {
        no_session(&redeem(&app, way, "").await);
        no_session(&redeem(&app, way, way).await);
        assert_eq!(app.me(way).await.status, 401);
        assert_eq!(app.get("/users/me").bearer(way).send().await.status, 401);
    }
    assert_eq!(app.me(&session).await.status, 401, "the reset has ended the owner's session, and began none");
}
