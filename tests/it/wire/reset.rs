//! `POST /auth/forgot-password` and `POST /auth/reset-password` (contract.md 6.4).

use axum_users::{SecretKey, schema::Status};
use serde_json::json;

use super::{
    app::{GUINEVERE, Rules, WireApp, WireSetup},
    recorded::{Step, call, expected, get, post, recommended},
};
use crate::support::Response;

pub const RECORDED: &[Step] = &[
    call(
        "R36",
        post("/auth/forgot-password").json(r#"{"email":"king.arthur@camelot.bt"}"#),
        expected(202, "null").hooks(&["on_after_forgot_password"]).token("RESET"),
    )
    .step(),
    call("R37", post("/auth/forgot-password").json(r#"{"email":"nobody@camelot.bt"}"#), expected(202, "null")).step(),
    call(
        "a session from before the reset",
        post("/auth/jwt/login").form("username=king.arthur%40camelot.bt&password=guinevere"),
        expected(200, r#"{"access_token":"<OLDJWT>","token_type":"bearer"}"#).hooks(&["on_after_login"]),
    )
    .step(),
    call(
        "R38",
        post("/auth/reset-password").json(r#"{"token":"<RESET>","password":"g"}"#),
        expected(
            400,
            r#"{"detail":{"code":"RESET_PASSWORD_INVALID_PASSWORD","reason":"Password should be at least 3 characters"}}"#,
        )
        .hooks(&["validate_password"]),
    )
    .step(),
    call(
        "R39",
        post("/auth/reset-password").json(r#"{"token":"<RESET>","password":"guinevere2"}"#),
        expected(200, "null").hooks(&["validate_password", "on_after_reset_password"]),
    )
    .step(),
    call(
        "R40",
        post("/auth/reset-password").json(r#"{"token":"<RESET>","password":"guinevere3"}"#),
        expected(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#),
    )
    .step(),
    call(
        "R41",
        post("/auth/reset-password").json("{}"),
        expected(
            422,
            r#"{"detail":[{"type":"missing","loc":["body","token"],"msg":"Field required","input":null},{"type":"missing","loc":["body","password"],"msg":"Field required","input":null}]}"#,
        ),
    )
    .step(),
    call(
        "the session from before the reset",
        get("/users/me").bearer("<OLDJWT>"),
        expected(
            200,
            r#"{"id":"<ARTHUR>","email":"King.Arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":true}"#,
        ),
    )
    .differs(&[recommended("C2", expected(401, r#"{"detail":"Unauthorized"}"#))]),
    call(
        "the old password",
        post("/auth/jwt/login").form("username=king.arthur%40camelot.bt&password=guinevere"),
        expected(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#),
    )
    .step(),
    call(
        "the new password",
        post("/auth/jwt/login").form("username=king.arthur%40camelot.bt&password=guinevere2"),
        expected(200, r#"{"access_token":"<NEWJWT>","token_type":"bearer"}"#).hooks(&["on_after_login"]),
    )
    .step(),
];

const BAD_TOKEN: &str = r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#;

impl WireApp {
    /// Requests a reset mail and returns its token.
    pub async fn reset_token(&self, email: &str) -> String {
        self.journal.take();
        self.post("/auth/forgot-password").json(json!({ "email": email })).send().await.is(202, "null");
        self.journal.wait_for("on_after_forgot_password").await.token.unwrap()
    }

    pub async fn reset(&self, token: &str, password: &str) -> Response {
        self.post("/auth/reset-password").json(json!({ "token": token, "password": password })).send().await
    }
}

#[tokio::test]
async fn only_active_users_get_a_reset_mail_and_the_response_is_uniform() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        app.knight("inactive@camelot.bt", Status { is_active: false, ..Status::NEW }).await;
        app.knight("arthur@camelot.bt", Status::NEW).await;
        for email in ["nobody@camelot.bt", "inactive@camelot.bt"] {
            app.post("/auth/forgot-password").json(json!({ "email": email })).send().await.is(202, "null");
        }
        app.reset_token("ARTHUR@camelot.bt").await;
        app.users.drain(std::time::Duration::from_secs(10)).await;
        let mailed: Vec<_> = app.journal.take().into_iter().map(|called| called.user.unwrap().email).collect();
        assert_eq!(mailed, ["arthur@camelot.bt"], "only the stored address");
    }
}

#[tokio::test]
async fn tokens_of_other_purposes_or_secrets_are_bad() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let access = app.member("arthur@camelot.bt").await;
        let good = app.reset_token("arthur@camelot.bt").await;
        let verify = app.verify_token("arthur@camelot.bt").await;
        let setup =
            WireSetup { secret: SecretKey::new("another secret of 32 bytes or more").unwrap(), ..WireSetup::of(rules) };
        let foreign = setup.start().await;
        foreign.knight("arthur@camelot.bt", Status::NEW).await;
        let of_another_key = foreign.reset_token("arthur@camelot.bt").await;
        for token in ["", "foo", "a.b.c", &access, &verify, &of_another_key, good.rsplit_once('.').unwrap().0] {
            app.reset(token, "excalibur").await.is(400, BAD_TOKEN);
        }
        assert_eq!(app.try_login("arthur@camelot.bt", GUINEVERE).await.status, 200);
        app.reset(&good, "excalibur").await.is(200, "null");
    }
}

#[tokio::test]
async fn a_reset_token_expires() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        app.knight("arthur@camelot.bt", Status::NEW).await;
        let lifetime = if rules == Rules::FastapiUsers { 3600 } else { 1800 };
        let token = app.reset_token("arthur@camelot.bt").await;
        app.advance(lifetime);
        app.reset(&token, "excalibur").await.is(400, BAD_TOKEN);
        let token = app.reset_token("arthur@camelot.bt").await;
        app.advance(lifetime - 1);
        app.reset(&token, "excalibur").await.is(200, "null");
    }
}

#[tokio::test]
async fn every_password_change_invalidates_older_reset_tokens() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let session = app.member("arthur@camelot.bt").await;
        let (first, second) = (app.reset_token("arthur@camelot.bt").await, app.reset_token("arthur@camelot.bt").await);
        app.patch("/users/me").bearer(&session).json(json!({ "password": GUINEVERE })).send().await;
        app.reset(&first, "excalibur").await.is(400, BAD_TOKEN);
        let third = app.reset_token("arthur@camelot.bt").await;
        app.reset(&third, "excalibur").await.is(200, "null");
        for used in [&second, &third] {
            app.reset(used, "caliburn").await.is(400, BAD_TOKEN);
        }
        assert_eq!(app.try_login("arthur@camelot.bt", "excalibur").await.status, 200);
    }
}

#[tokio::test]
async fn an_email_change_invalidates_older_reset_tokens() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let session = app.member("arthur@camelot.bt").await;
        let token = app.reset_token("arthur@camelot.bt").await;
        app.patch("/users/me").bearer(&session).json(json!({ "email": "pendragon@camelot.bt" })).send().await;
        app.reset(&token, "excalibur").await.is(400, BAD_TOKEN); // C17
    }
}

#[tokio::test]
async fn a_token_of_an_inactive_or_deleted_user_is_bad_before_the_password_is_checked() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        app.knight("arthur@camelot.bt", Status::NEW).await;
        let token = app.reset_token("arthur@camelot.bt").await;
        app.sql("UPDATE user SET is_active = 0").await;
        app.reset(&token, "g").await.is(400, BAD_TOKEN);
        app.reset(&token, "excalibur").await.is(400, BAD_TOKEN);
        app.sql("UPDATE user SET is_active = 1").await;
        assert_eq!(app.reset(&token, "g").await.json()["detail"]["code"], "RESET_PASSWORD_INVALID_PASSWORD");
        app.users.delete(&app.stored("arthur@camelot.bt").await).await.unwrap();
        app.reset(&token, "excalibur").await.is(400, BAD_TOKEN);
    }
}

#[tokio::test]
async fn a_reset_neither_verifies_nor_logs_in_nor_calls_the_update_hook() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let session = app.member("arthur@camelot.bt").await;
        let token = app.reset_token("arthur@camelot.bt").await;
        app.journal.take();
        let response = app.reset(&token, "excalibur").await;
        response.is(200, "null");
        assert_eq!((response.header("set-cookie"), response.header("authorization")), (None, None));
        let hooks: Vec<_> = app.journal.take().into_iter().map(|called| called.hook).collect();
        assert_eq!(hooks, ["validate_password", "on_after_reset_password"]);
        assert!(!app.stored("arthur@camelot.bt").await.is_verified);
        let status = if rules == Rules::FastapiUsers { 200 } else { 401 }; // C2
        assert_eq!(app.me(&session).await.status, status);
    }
}
