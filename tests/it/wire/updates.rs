//! The rules of an update (contract.md 4.4).

use axum_users::schema::Status;
use serde_json::{Value, json};

use super::{
    app::{GUINEVERE, Rules, WireApp},
    journal::Called,
};
use crate::support::Response;

const TAKEN: &str = r#"{"detail":"UPDATE_USER_EMAIL_ALREADY_EXISTS"}"#;

/// A service with two users: Arthur is verified, Mordred is a superuser.
struct TwoUsers {
    app: WireApp,
    arthur: String,
    mordred: String,
    path: String,
}

impl TwoUsers {
    async fn start(rules: Rules) -> Self {
        let app = WireApp::start(rules).await;
        let id = app.knight("arthur@camelot.bt", Status { is_verified: true, ..Status::NEW }).await.id;
        let mordred = app.superuser("mordred@camelot.bt").await;
        Self { arthur: app.login("arthur@camelot.bt").await, mordred, path: format!("/users/{id}"), app }
    }

    async fn by_arthur(&self, body: Value) -> Response {
        self.app.patch("/users/me").bearer(&self.arthur).json(body).send().await
    }

    async fn by_mordred(&self, body: Value) -> Response {
        self.app.patch(&self.path).bearer(&self.mordred).json(body).send().await
    }

    /// Takes the recorded calls, which must be exactly one.
    fn only_hook(&self) -> Called {
        let mut calls = self.app.journal.take();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one() {
    for rules in Rules::BOTH {
        let users = TwoUsers::start(rules).await;
        for (by_owner, password) in [(true, "excalibur"), (false, "caliburn")] {
            let body = json!({ "password": password });
            let response = if by_owner { users.by_arthur(body).await } else { users.by_mordred(body).await };
            assert_eq!(response.status, 200, "{response:?}");
            assert_eq!(users.app.try_login("arthur@camelot.bt", password).await.status, 200);
            assert_eq!(users.app.try_login("arthur@camelot.bt", GUINEVERE).await.status, 400);
        }
        // Upstream keeps all sessions (C2). Here the owner's change spared their own session, and the superuser's change ended it.
        let status = if rules == Rules::FastapiUsers { 200 } else { 401 };
        assert_eq!(users.app.me(&users.arthur).await.status, status);
    }
}

#[tokio::test]
async fn a_null_password_is_ignored_and_passed_to_the_hook() {
    for rules in Rules::BOTH {
        let users = TwoUsers::start(rules).await;
        let before = users.app.stored("arthur@camelot.bt").await.hashed_password;
        assert_eq!(users.by_arthur(json!({ "password": null })).await.status, 200);
        assert_eq!(users.only_hook().detail, "password");
        assert_eq!(users.by_mordred(json!({ "password": null })).await.status, 200);
        assert_eq!(users.app.stored("arthur@camelot.bt").await.hashed_password, before);
    }
}

#[tokio::test]
async fn an_update_with_the_same_address_changes_nothing() {
    for rules in Rules::BOTH {
        let users = TwoUsers::start(rules).await;
        for same in ["arthur@camelot.bt", "arthur@CAMELOT.bt", " arthur@camelot.bt "] {
            let response = users.by_arthur(json!({ "email": same })).await;
            assert_eq!(
                (&response.json()["email"], &response.json()["is_verified"]),
                (&json!("arthur@camelot.bt"), &json!(true))
            );
            assert_eq!(users.only_hook().detail, "email", "{same}");
        }
    }
}

#[tokio::test]
async fn a_new_address_is_stored_as_unverified() {
    for rules in Rules::BOTH {
        let users = TwoUsers::start(rules).await;
        let response = users.by_arthur(json!({ "email": "Pendragon@Camelot.BT" })).await;
        assert_eq!(response.json()["email"], "Pendragon@camelot.bt");
        assert_eq!(response.json()["is_verified"], false);
        let called = users.only_hook();
        assert_eq!(
            (called.hook, called.user.unwrap().is_verified, &*called.detail),
            ("on_after_update", false, "email")
        );
        assert_eq!(users.app.try_login("arthur@camelot.bt", GUINEVERE).await.status, 400);
        assert_eq!(users.app.try_login("pendragon@camelot.bt", GUINEVERE).await.status, 200);
        assert_eq!(users.app.me(&users.arthur).await.status, 200, "the session is kept");

        users.app.sql("UPDATE user SET is_verified = 1 WHERE email = 'Pendragon@camelot.bt'").await;
        let response = users.by_mordred(json!({ "email": "arthur@camelot.bt" })).await;
        assert_eq!(response.json()["is_verified"], false);
    }
}

#[tokio::test]
async fn a_taken_address_is_rejected_and_nothing_is_stored() {
    for rules in Rules::BOTH {
        let users = TwoUsers::start(rules).await;
        let before = users.app.stored("arthur@camelot.bt").await;
        for taken in ["mordred@camelot.bt", "MORDRED@camelot.bt", "Arthur@camelot.bt", "ARTHUR@CAMELOT.BT"] {
            let body = json!({ "email": taken, "password": "excalibur", "is_verified": false });
            users.by_arthur(body.clone()).await.is(400, TAKEN);
            users.by_mordred(body).await.is(400, TAKEN);
        }
        let after = users.app.stored("arthur@camelot.bt").await;
        assert_eq!(
            (after.email, after.hashed_password, after.is_verified),
            (before.email, before.hashed_password, true)
        );
        assert!(users.app.journal.take().iter().all(|called| called.hook == "validate_password"));
    }
}

#[tokio::test]
async fn an_explicit_verified_flag_overrides_the_reset_by_an_address_change() {
    for rules in Rules::BOTH {
        let users = TwoUsers::start(rules).await;
        for (body, verified) in [
            (r#"{"is_verified":true,"email":"a1@camelot.bt"}"#, true),
            (r#"{"email":"a2@camelot.bt","is_verified":true}"#, true),
            (r#"{"email":"a3@camelot.bt","is_verified":false}"#, false),
            (r#"{"is_verified":true}"#, true),
            (r#"{"email":"a4@camelot.bt"}"#, false),
        ] {
            let call = users.app.patch(&users.path).bearer(&users.mordred).raw("application/json", body);
            assert_eq!(call.send().await.json()["is_verified"], verified, "{body}");
        }
        // A safe update ignores the flag, so the address change alone decides.
        users.by_mordred(json!({ "is_verified": true })).await;
        let response = users.by_arthur(json!({ "is_verified": true, "email": "a5@camelot.bt" })).await;
        assert_eq!(response.json()["is_verified"], false);
    }
}

#[tokio::test]
async fn a_null_address_is_422_and_not_500() {
    for rules in Rules::BOTH {
        let users = TwoUsers::start(rules).await;
        let wanted = json!({ "detail": [{
            "type": "string_type", "loc": ["body", "email"], "msg": "Input should be a valid string", "input": null,
        }] });
        for response in
            [users.by_arthur(json!({ "email": null })).await, users.by_mordred(json!({ "email": null })).await]
        {
            assert_eq!((response.status.as_u16(), response.json()), (422, wanted.clone()));
        }
    }
}

#[tokio::test]
async fn an_empty_update_changes_nothing_and_calls_the_hook() {
    for rules in Rules::BOTH {
        let users = TwoUsers::start(rules).await;
        let me = users.app.me(&users.arthur).await.text();
        users.by_arthur(json!({})).await.is(200, &me);
        let called = users.only_hook();
        assert_eq!((called.hook, &*called.detail), ("on_after_update", ""));
        users.by_mordred(json!({})).await.is(200, &me);
    }
}

#[tokio::test]
async fn an_update_reports_a_rejected_password_before_a_taken_address() {
    for rules in Rules::BOTH {
        let users = TwoUsers::start(rules).await;
        let body = json!({ "email": "mordred@camelot.bt", "password": "g" });
        for response in [users.by_arthur(body.clone()).await, users.by_mordred(body).await] {
            response.is(
                400,
                r#"{"detail":{"code":"UPDATE_USER_INVALID_PASSWORD","reason":"Password should be at least 3 characters"}}"#,
            );
        }
    }
}

#[tokio::test]
async fn a_stale_session_must_reauthenticate_for_a_password_or_address_change() {
    const REQUIRED: &str = "The current password is required: send it as current_password, or log in again";
    for rules in Rules::BOTH {
        let users = TwoUsers::start(rules).await;
        users.app.advance(301);
        for body in [json!({ "password": "excalibur" }), json!({ "email": "pendragon@camelot.bt" })] {
            let response = users.by_arthur(body.clone()).await;
            let status = if rules == Rules::FastapiUsers { 200 } else { 400 }; // C3
            assert_eq!(response.status.as_u16(), status, "{response:?}");
            if rules == Rules::Recommended {
                let detail = json!({ "code": "UPDATE_USER_INVALID_PASSWORD", "reason": REQUIRED });
                assert_eq!(response.json(), json!({ "detail": detail }));
                let mut proved = body;
                proved["current_password"] = json!("wrong");
                assert_eq!(users.by_arthur(proved.clone()).await.status, 400);
                let now = if proved.get("email").is_some() { "excalibur" } else { GUINEVERE };
                proved["current_password"] = json!(now);
                assert_eq!(users.by_arthur(proved).await.status, 200);
            }
        }
        assert_eq!(
            users.by_arthur(json!({ "is_active": true })).await.status,
            200,
            "other changes need no re-authentication"
        );
    }
}
