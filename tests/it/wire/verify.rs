//! `POST /auth/request-verify-token` and `POST /auth/verify` (contract.md 6.3).

use axum_users::{SecretKey, schema::Status};
use serde_json::json;

use super::{
    app::{GUINEVERE, Rules, WireApp, WireSetup},
    recorded::{Step, call, expected, post},
};
use crate::support::Response;

pub const RECORDED: &[Step] = &[
    call(
        "R29",
        post("/auth/request-verify-token").json(r#"{"email":"KING.ARTHUR@camelot.bt"}"#),
        expected(202, "null").hooks(&["on_after_request_verify"]).token("VERIFY"),
    )
    .step(),
    call(
        "R30",
        post("/auth/request-verify-token").json(r#"{"email":"nobody@camelot.bt"}"#),
        expected(202, "null"),
    )
    .step(),
    call(
        "R31",
        post("/auth/request-verify-token").json(r#"{"email":"bad"}"#),
        expected(
            422,
            r#"{"detail":[{"type":"value_error","loc":["body","email"],"msg":"value is not a valid email address: An email address must have an @-sign.","input":"bad","ctx":{"reason":"An email address must have an @-sign."}}]}"#,
        ),
    )
    .step(),
    call(
        "R32",
        post("/auth/request-verify-token").json("{}"),
        expected(422, r#"{"detail":[{"type":"missing","loc":["body","email"],"msg":"Field required","input":null}]}"#),
    )
    .step(),
    call(
        "R33",
        post("/auth/verify").json(r#"{"token":"<VERIFY>"}"#),
        expected(
            200,
            r#"{"id":"<ARTHUR>","email":"King.Arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":true}"#,
        )
        .hooks(&["on_after_verify"]),
    )
    .step(),
    call(
        "R34",
        post("/auth/verify").json(r#"{"token":"<VERIFY>"}"#),
        expected(400, r#"{"detail":"VERIFY_USER_ALREADY_VERIFIED"}"#),
    )
    .step(),
    call(
        "R35",
        post("/auth/verify").json(r#"{"token":"foo"}"#),
        expected(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#),
    )
    .step(),
];

const BAD_TOKEN: &str = r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#;

impl WireApp {
    /// Requests a verification mail and returns its token.
    pub async fn verify_token(&self, email: &str) -> String {
        self.journal.take();
        self.post("/auth/request-verify-token").json(json!({ "email": email })).send().await.is(202, "null");
        self.journal.wait_for("on_after_request_verify").await.token.unwrap()
    }

    pub async fn verify(&self, token: &str) -> Response {
        self.post("/auth/verify").json(json!({ "token": token })).send().await
    }
}

#[tokio::test]
async fn only_active_unverified_users_get_a_verification_mail_and_the_response_is_uniform() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        app.knight("verified@camelot.bt", Status { is_verified: true, ..Status::NEW }).await;
        app.knight("inactive@camelot.bt", Status { is_active: false, ..Status::NEW }).await;
        app.knight("arthur@camelot.bt", Status::NEW).await;
        for email in ["nobody@camelot.bt", "verified@camelot.bt", "inactive@camelot.bt"] {
            app.post("/auth/request-verify-token").json(json!({ "email": email })).send().await.is(202, "null");
        }
        app.verify_token("Arthur@camelot.bt").await;
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
        let good = app.verify_token("arthur@camelot.bt").await;
        let reset = app.reset_token("arthur@camelot.bt").await;
        let setup =
            WireSetup { secret: SecretKey::new("another secret of 32 bytes or more").unwrap(), ..WireSetup::of(rules) };
        let foreign = setup.start().await;
        foreign.knight("arthur@camelot.bt", Status::NEW).await;
        let of_another_key = foreign.verify_token("arthur@camelot.bt").await;
        let (head, signature) = good.rsplit_once('.').unwrap();
        for token in [
            "",
            "foo",
            "a.b.c",
            &access,
            &reset,
            &of_another_key,
            head,
            &format!("{head}.{}", signature.to_uppercase()),
        ] {
            app.verify(token).await.is(400, BAD_TOKEN);
        }
        assert!(!app.stored("arthur@camelot.bt").await.is_verified);
        assert_eq!(app.verify(&good).await.status, 200);
    }
}

#[tokio::test]
async fn a_verification_token_expires_after_an_hour() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        app.knight("arthur@camelot.bt", Status::NEW).await;
        let token = app.verify_token("arthur@camelot.bt").await;
        app.advance(3600);
        app.verify(&token).await.is(400, BAD_TOKEN);
        let token = app.verify_token("arthur@camelot.bt").await;
        app.advance(3599);
        assert_eq!(app.verify(&token).await.status, 200);
    }
}

#[tokio::test]
async fn an_address_change_and_a_deletion_invalidate_a_verification_token() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let session = app.member("arthur@camelot.bt").await;
        let token = app.verify_token("arthur@camelot.bt").await;
        app.patch("/users/me").bearer(&session).json(json!({ "email": "pendragon@camelot.bt" })).send().await;
        app.verify(&token).await.is(400, BAD_TOKEN);
        // Nor does the token verify another user who takes the old address.
        app.knight("arthur@camelot.bt", Status::NEW).await;
        app.verify(&token).await.is(400, BAD_TOKEN);

        let token = app.verify_token("pendragon@camelot.bt").await;
        app.users.delete(&app.stored("pendragon@camelot.bt").await).await.unwrap();
        app.verify(&token).await.is(400, BAD_TOKEN);
    }
}

#[tokio::test]
async fn an_inactive_user_can_verify_and_a_token_works_again_once_the_flag_is_reset() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        app.knight("arthur@camelot.bt", Status::NEW).await;
        let token = app.verify_token("arthur@camelot.bt").await;
        app.sql("UPDATE user SET is_active = 0").await;
        app.journal.take();
        let response = app.verify(&token).await;
        assert_eq!(
            (response.json()["is_active"].clone(), response.json()["is_verified"].clone()),
            (json!(false), json!(true))
        );
        let hooks: Vec<_> = app.journal.take().into_iter().map(|called| called.hook).collect();
        assert_eq!(hooks, ["on_after_verify"]);
        app.verify(&token).await.is(400, r#"{"detail":"VERIFY_USER_ALREADY_VERIFIED"}"#);
        app.sql("UPDATE user SET is_verified = 0, is_active = 1").await;
        assert_eq!(app.verify(&token).await.status, 200);
        assert_eq!(app.try_login("arthur@camelot.bt", GUINEVERE).await.status, 200);
    }
}
