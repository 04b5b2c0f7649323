//! Suspended accounts and passwords that must be changed, over every combination.

use axum_users::{Policy, store::Suspension};
use serde_json::{Value, json};

use super::{Plan, Service, everywhere, everywhere_as};
use crate::support::{PASSWORD, Response};

const OTHER: &str = "another long sword";
const BAD: &str = r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#;
const MUST_CHANGE: &str = r#"{"detail":"LOGIN_PASSWORD_CHANGE_REQUIRED"}"#;

impl Service {
    async fn suspend(&self, king: &str, id: &str, body: Value) -> Response {
        self.with(self.put(&format!("/users/{id}/suspension")), king).json(body).send().await
    }

    async fn lift(&self, king: &str, id: &str) {
        self.with(self.delete(&format!("/users/{id}/suspension")), king).send().await.is(204, "");
    }
}

#[tokio::test]
async fn a_suspended_user_has_no_session_and_gets_none() {
    everywhere(|app| async move {
        let king = app.superuser("uther").await;
        let sessions = [app.member("mordred").await, app.login("mordred", PASSWORD).await];
        let kay = app.member("kay").await;
        let id = app.stored_user("mordred").await.id.to_string();
        let (to_reset, to_verify) = (app.reset_token("mordred").await, app.verify_token("mordred").await);
        let node = app.another().await;

        let response = app.suspend(&king, &id, json!({ "until": null, "reason": "treason" })).await;
        let standing = json!({ "suspended": true, "until": null, "reason": "treason", "must_change_password": false });
        assert_eq!((response.status.as_u16(), response.json()), (200, standing.clone()));
        for session in &sessions {
            app.assert_invalid(session).await;
            node.assert_invalid(session).await;
            assert_eq!(app.logout(session).await.status, 401);
        }
        app.try_login("mordred", PASSWORD).await.is(400, BAD);
        app.try_login("mordred", OTHER).await.is(400, BAD);
        assert!(app.users.sign_in(&app.stored_user("mordred").await, "it").await.is_err());
        app.reset(&to_reset, OTHER).await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
        app.verify(&to_verify).await.is(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#);
        app.hooks.clear();
        for path in ["/auth/forgot-password", "/auth/request-verify-token"] {
            app.post(path).json(json!({ "email": app.mail("mordred") })).send().await.is(202, "null");
        }
        app.users.drain(std::time::Duration::from_secs(10)).await;
        assert_eq!(app.hooks.names(), Vec::<&str>::new());
        app.assert_valid(&kay).await;
        assert_eq!(app.see(&format!("/users/{id}/suspension"), &king).await.json(), standing);

        app.lift(&king, &id).await;
        app.lift(&king, &id).await;
        for session in &sessions {
            app.assert_invalid(session).await;
        }
        app.assert_valid(&app.login("mordred", PASSWORD).await).await;
    })
    .await;
}

#[tokio::test]
async fn a_suspension_ends_by_itself_at_its_end() {
    everywhere(|app| async move {
        let (king, session) = (app.superuser("uther").await, app.member("mordred").await);
        let id = app.stored_user("mordred").await.id;
        let path = id.to_string();
        // 12:00 is the time of the clock.
        assert_eq!(app.suspend(&king, &path, json!({ "until": "2026-11-23T14:30:00+02:00" })).await.status, 200);
        app.advance(1799);
        app.assert_invalid(&session).await;
        app.try_login("mordred", PASSWORD).await.is(400, BAD);
        app.advance(1);
        app.assert_invalid(&session).await;
        app.assert_valid(&app.login("mordred", PASSWORD).await).await;
        let standing = app.users.standing(id).await.unwrap().unwrap();
        let end = "2026-11-23T12:30:00Z".parse().unwrap();
        assert_eq!(standing.suspension, Some(Suspension::new(Some(end), None)));
        let seen = app.see(&format!("/users/{path}/suspension"), &app.login("uther", PASSWORD).await).await.json();
        assert_eq!((&seen["suspended"], &seen["until"]), (&json!(false), &json!("2026-11-23T12:30:00Z")));
    })
    .await;
}

#[tokio::test]
async fn a_suspended_user_is_told_only_after_the_right_password_and_only_if_the_policy_says_so() {
    let plan = Plan { policy: Policy::recommended().tell_suspended_users(), ..Plan::default() };
    everywhere_as(plan, |app| async move {
        let king = app.superuser("uther").await;
        let id = app.register("mordred").await;
        let told = |until: Value, reason: Value| {
            json!({ "detail": { "code": "LOGIN_USER_SUSPENDED", "until": until, "reason": reason } })
        };
        app.suspend(&king, &id, json!({ "until": "2026-12-24T18:00:00Z", "reason": "treason" })).await;
        let response = app.try_login("mordred", PASSWORD).await;
        assert_eq!((response.status.as_u16(), response.json()), (400, told("2026-12-24T18:00:00Z".into(), "treason".into())));
        app.try_login("mordred", OTHER).await.is(400, BAD);
        app.suspend(&king, &id, json!({ "until": null, "reason": null })).await;
        assert_eq!(app.try_login("mordred", PASSWORD).await.json(), told(Value::Null, Value::Null));
        // An inactive account does not learn of its suspension.
        assert_eq!(app.patch_user(&king, &id, json!({ "is_active": false })).await.status, 200);
        app.try_login("mordred", PASSWORD).await.is(400, BAD);
    })
    .await;
}

#[tokio::test]
async fn a_compromised_password_logs_nobody_in_until_it_is_reset() {
    everywhere(|app| async move {
        let (king, session) = (app.superuser("uther").await, app.member("arthur").await);
        let id = app.stored_user("arthur").await.id;
        let require = app.post(&format!("/users/{id}/require-password-change"));
        app.with(require, &king).send().await.is(204, "");
        app.assert_invalid(&session).await;
        app.try_login("arthur", PASSWORD).await.is(400, MUST_CHANGE);
        app.try_login("arthur", OTHER).await.is(400, BAD);
        // Other changes do not remove the mark.
        assert_eq!(app.patch_user(&king, &id.to_string(), json!({ "first_name": "Arthur" })).await.status, 200);
        app.try_login("arthur", PASSWORD).await.is(400, MUST_CHANGE);

        let token = app.reset_token("arthur").await;
        app.reset(&token, OTHER).await.is(200, "null");
        app.assert_valid(&app.login("arthur", OTHER).await).await;

        // A password that a superuser sets removes it as well.
        app.users.require_password_change(id).await.unwrap();
        app.try_login("arthur", OTHER).await.is(400, MUST_CHANGE);
        assert_eq!(app.patch_user(&king, &id.to_string(), json!({ "password": PASSWORD })).await.status, 200);
        app.assert_valid(&app.login("arthur", PASSWORD).await).await;
    })
    .await;
}

#[tokio::test]
async fn requests_about_the_standing_are_checked_and_change_nothing_if_refused() {
    everywhere(|app| async move {
        let (king, session) = (app.superuser("uther").await, app.member("arthur").await);
        let (id, own) = (app.stored_user("arthur").await.id.to_string(), app.stored_user("uther").await.id.to_string());
        for body in [
            json!({}),
            json!({ "untill": null }),
            json!({ "until": "tomorrow" }),
            json!({ "until": 5 }),
            json!({ "until": "2026-11-23T12:00:00Z" }),
            json!({ "until": "1999-01-01T00:00:00Z" }),
            json!({ "until": null, "reason": 5 }),
            json!({ "until": null, "reason": "x".repeat(256) }),
            json!({ "until": null, "reason": "bell\u{7}" }),
            json!([]),
        ] {
            let response = app.suspend(&king, &id, body.clone()).await;
            assert_eq!(response.status, 422, "{body} {response:?}");
        }
        app.suspend(&king, &own, json!({ "until": null })).await.is(400, r#"{"detail":"SUSPEND_OWN_ACCOUNT"}"#);
        let unknown = "00000000-0000-0000-0000-000000000000";
        for id in [unknown, "me", "x"] {
            assert_eq!(app.suspend(&king, id, json!({ "until": null })).await.status, 404);
            assert_eq!(app.see(&format!("/users/{id}/suspension"), &king).await.status, 404);
            let calls = [
                app.delete(&format!("/users/{id}/suspension")),
                app.post(&format!("/users/{id}/require-password-change")),
            ];
            for call in calls {
                assert_eq!(app.with(call, &king).send().await.status, 404);
            }
        }
        assert_eq!(app.suspend(&session, &own, json!({ "until": null })).await.status, 403);
        app.assert_valid(&session).await;
        app.assert_valid(&king).await;

        let reason = "🗝 'x'; --\n".repeat(25);
        assert_eq!(app.suspend(&king, &id, json!({ "until": null, "reason": reason })).await.json()["reason"], reason);
        assert_eq!(app.see(&format!("/users/{id}/suspension"), &king).await.json()["reason"], reason);
    })
    .await;
}
