//! The rules of an update, row by row (contract.md 4.4).

use axum_users::Status;
use serde_json::{Value, json};

use super::{
    app::{GUINEVERE, Rules, WireApp},
    journal::Called,
};
use crate::support::Answer;

const TAKEN: &str = r#"{"detail":"UPDATE_USER_EMAIL_ALREADY_EXISTS"}"#;

/// A service with Arthur, who is verified, and Mordred, who is a superuser.
struct Court {
    app: WireApp,
    arthur: String,
    mordred: String,
    path: String,
}

impl Court {
    async fn sits(rules: Rules) -> Self {
        let app = WireApp::start(rules).await;
        let id = app.knight("arthur@camelot.bt", Status { is_verified: true, ..Status::NEW }).await.id;
        let mordred = app.superuser("mordred@camelot.bt").await;
        Self { arthur: app.login("arthur@camelot.bt").await, mordred, path: format!("/users/{id}"), app }
    }

    async fn by_arthur(&self, body: Value) -> Answer {
        self.app.patch("/users/me").bearer(&self.arthur).json(body).send().await
    }

    async fn by_mordred(&self, body: Value) -> Answer {
        self.app.patch(&self.path).bearer(&self.mordred).json(body).send().await
    }

    /// The only hook that ran since the last look.
    fn only_hook(&self) -> Called {
        let mut calls = self.app.journal.take();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one() {
    for rules in Rules::BOTH {
        let court = Court::sits(rules).await;
        for (by_owner, password) in [(true, "excalibur"), (false, "caliburn")] {
            let body = json!({ "password": password });
            let answer = if by_owner { court.by_arthur(body).await } else { court.by_mordred(body).await };
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(court.app.try_login("arthur@camelot.bt", password).await.status, 200);
            assert_eq!(court.app.try_login("arthur@camelot.bt", GUINEVERE).await.status, 400);
        }
        // Upstream keeps all sessions (C2); ours kept the owner's own, and ended it with the superuser's change.
        let status = if rules == Rules::FastapiUsers { 200 } else { 401 };
        assert_eq!(court.app.me(&court.arthur).await.status, status);
    }
}

#[tokio::test]
async fn a_password_that_is_null_is_ignored_but_told_to_the_hook() {
    for rules in Rules::BOTH {
        let court = Court::sits(rules).await;
        let before = court.app.stored("arthur@camelot.bt").await.hashed_password;
        assert_eq!(court.by_arthur(json!({ "password": null })).await.status, 200);
        assert_eq!(court.only_hook().said, "password");
        assert_eq!(court.by_mordred(json!({ "password": null })).await.status, 200);
        assert_eq!(court.app.stored("arthur@camelot.bt").await.hashed_password, before);
    }
}

#[tokio::test]
async fn the_same_address_changes_nothing() {
    for rules in Rules::BOTH {
        let court = Court::sits(rules).await;
        for same in ["arthur@camelot.bt", "arthur@CAMELOT.bt", " arthur@camelot.bt "] {
            let answer = court.by_arthur(json!({ "email": same })).await;
            assert_eq!(
                (&answer.json()["email"], &answer.json()["is_verified"]),
                (&json!("arthur@camelot.bt"), &json!(true))
            );
            assert_eq!(court.only_hook().said, "email", "{same}");
        }
    }
}

#[tokio::test]
async fn another_address_is_stored_and_no_longer_verified() {
    for rules in Rules::BOTH {
        let court = Court::sits(rules).await;
        let answer = court.by_arthur(json!({ "email": "Pendragon@Camelot.BT" })).await;
        assert_eq!(answer.json()["email"], "Pendragon@camelot.bt");
        assert_eq!(answer.json()["is_verified"], false);
        let called = court.only_hook();
        assert_eq!((called.hook, called.user.unwrap().is_verified, &*called.said), ("on_after_update", false, "email"));
        assert_eq!(court.app.try_login("arthur@camelot.bt", GUINEVERE).await.status, 400);
        assert_eq!(court.app.try_login("pendragon@camelot.bt", GUINEVERE).await.status, 200);
        assert_eq!(court.app.me(&court.arthur).await.status, 200, "the session stays");

        court.app.sql("UPDATE user SET is_verified = 1 WHERE email = 'Pendragon@camelot.bt'").await;
        let answer = court.by_mordred(json!({ "email": "arthur@camelot.bt" })).await;
        assert_eq!(answer.json()["is_verified"], false);
    }
}

#[tokio::test]
async fn an_address_that_somebody_has_is_refused_and_nothing_is_stored() {
    for rules in Rules::BOTH {
        let court = Court::sits(rules).await;
        let before = court.app.stored("arthur@camelot.bt").await;
        for taken in ["mordred@camelot.bt", "MORDRED@camelot.bt", "Arthur@camelot.bt", "ARTHUR@CAMELOT.BT"] {
            let body = json!({ "email": taken, "password": "excalibur", "is_verified": false });
            court.by_arthur(body.clone()).await.is(400, TAKEN);
            court.by_mordred(body).await.is(400, TAKEN);
        }
        let after = court.app.stored("arthur@camelot.bt").await;
        assert_eq!(
            (after.email, after.hashed_password, after.is_verified),
            (before.email, before.hashed_password, true)
        );
        assert!(court.app.journal.take().iter().all(|called| called.hook == "validate_password"));
    }
}

#[tokio::test]
async fn an_explicit_flag_comes_after_the_address_whatever_the_order_of_the_keys() {
    for rules in Rules::BOTH {
        let court = Court::sits(rules).await;
        for (body, verified) in [
            (r#"{"is_verified":true,"email":"a1@camelot.bt"}"#, true),
            (r#"{"email":"a2@camelot.bt","is_verified":true}"#, true),
            (r#"{"email":"a3@camelot.bt","is_verified":false}"#, false),
            (r#"{"is_verified":true}"#, true),
            (r#"{"email":"a4@camelot.bt"}"#, false),
        ] {
            let call = court.app.patch(&court.path).bearer(&court.mordred).raw("application/json", body);
            assert_eq!(call.send().await.json()["is_verified"], verified, "{body}");
        }
        // A safe call drops the flag, so the address alone decides.
        court.by_mordred(json!({ "is_verified": true })).await;
        let answer = court.by_arthur(json!({ "is_verified": true, "email": "a5@camelot.bt" })).await;
        assert_eq!(answer.json()["is_verified"], false);
    }
}

#[tokio::test]
async fn null_for_the_address_is_422_and_not_500() {
    for rules in Rules::BOTH {
        let court = Court::sits(rules).await;
        let wanted = json!({ "detail": [{
            "type": "string_type", "loc": ["body", "email"], "msg": "Input should be a valid string", "input": null,
        }] });
        for answer in
            [court.by_arthur(json!({ "email": null })).await, court.by_mordred(json!({ "email": null })).await]
        {
            assert_eq!((answer.status.as_u16(), answer.json()), (422, wanted.clone()));
        }
    }
}

#[tokio::test]
async fn an_empty_update_changes_nothing_and_is_told_to_the_hook() {
    for rules in Rules::BOTH {
        let court = Court::sits(rules).await;
        let me = court.app.me(&court.arthur).await.text();
        court.by_arthur(json!({})).await.is(200, &me);
        let called = court.only_hook();
        assert_eq!((called.hook, &*called.said), ("on_after_update", ""));
        court.by_mordred(json!({})).await.is(200, &me);
    }
}

#[tokio::test]
async fn a_bad_password_is_told_before_a_taken_address() {
    for rules in Rules::BOTH {
        let court = Court::sits(rules).await;
        let body = json!({ "email": "mordred@camelot.bt", "password": "g" });
        for answer in [court.by_arthur(body.clone()).await, court.by_mordred(body).await] {
            answer.is(
                400,
                r#"{"detail":{"code":"UPDATE_USER_INVALID_PASSWORD","reason":"Password should be at least 3 characters"}}"#,
            );
        }
    }
}

#[tokio::test]
async fn an_old_session_proves_itself_before_password_and_address_change() {
    const ASKED: &str = "The current password is required: send it as current_password, or log in again";
    for rules in Rules::BOTH {
        let court = Court::sits(rules).await;
        court.app.advance(301);
        for body in [json!({ "password": "excalibur" }), json!({ "email": "pendragon@camelot.bt" })] {
            let answer = court.by_arthur(body.clone()).await;
            let status = if rules == Rules::FastapiUsers { 200 } else { 400 }; // C3
            assert_eq!(answer.status.as_u16(), status, "{answer:?}");
            if rules == Rules::Recommended {
                let detail = json!({ "code": "UPDATE_USER_INVALID_PASSWORD", "reason": ASKED });
                assert_eq!(answer.json(), json!({ "detail": detail }));
                let mut proved = body;
                proved["current_password"] = json!("wrong");
                assert_eq!(court.by_arthur(proved.clone()).await.status, 400);
                let now = if proved.get("email").is_some() { "excalibur" } else { GUINEVERE };
                proved["current_password"] = json!(now);
                assert_eq!(court.by_arthur(proved).await.status, 200);
            }
        }
        assert_eq!(court.by_arthur(json!({ "is_active": true })).await.status, 200, "other changes need no proof");
    }
}
