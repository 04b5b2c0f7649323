//! Enrolling, confirming and disabling.

use axum_users::{env::Clock as _, testing::AuthenticatorApp};
use serde_json::{Value, json};

use super::{REQUIRED, app_of, codes_in, enroll, enrolled, limited, login_with, optional, post, verified};
use crate::{
    matrix::{Plan, app::Service, everywhere_as},
    support::PASSWORD,
};

const STALE: &str = r#"{"detail":"REAUTHENTICATION_REQUIRED"}"#;
const TOTP_BAD_CODE: &str = r#"{"detail":"TOTP_BAD_CODE"}"#;

async fn status(app: &Service, session: &str) -> Value {
    app.see("/auth/totp", session).await.json()
}

#[tokio::test]
async fn nothing_is_in_force_before_it_is_confirmed() {
    everywhere_as(optional(), |app| async move {
        verified(&app, "arthur").await;
        let session = app.login("arthur", PASSWORD).await;
        let other = app.login("arthur", PASSWORD).await;
        let none = json!({ "enrolled": false, "required": false, "recovery_codes_left": 0 });
        assert_eq!(status(&app, &session).await, none);
        let first = enroll(&app, &session).await;
        let begun = enroll(&app, &session).await;
        let (secret, url) = (begun.json()["secret"].clone(), begun.json()["url"].as_str().unwrap().to_owned());
        assert!(url.starts_with("otpauth://totp/axum-users:"), "{url}");
        assert!(url.contains(&format!("secret={}", secret.as_str().unwrap())), "{url}");
        assert!(begun.json()["qr_svg"].as_str().unwrap().starts_with("<svg "));
        assert_eq!(status(&app, &session).await, none);
        app.assert_valid(&app.login("arthur", PASSWORD).await).await;

        let authenticator = app_of(&begun);
        let code = |authenticator: &AuthenticatorApp| json!({ "code": authenticator.code(app.clock.now()) });
        for wrong in [code(&app_of(&first)), json!({ "code": "x" }), json!({ "code": "" })] {
            post(&app, "/auth/totp/confirm", &session, wrong).await.is(400, TOTP_BAD_CODE);
        }
        assert_eq!(status(&app, &session).await, none);
        app.hooks.clear();
        let confirmed = post(&app, "/auth/totp/confirm", &session, code(&authenticator)).await;
        assert_eq!(codes_in(&confirmed).len(), 10);
        assert_eq!(app.hooks.wait_for("on_after_second_factor_enrolled").await.email, Some(app.mail("arthur")));
        assert_eq!(
            status(&app, &session).await,
            json!({ "enrolled": true, "required": false, "recovery_codes_left": 10 })
        );
        app.assert_valid(&session).await;
        app.assert_invalid(&other).await;
        app.try_login("arthur", PASSWORD).await.is(400, REQUIRED);
        let again = post(&app, "/auth/totp/confirm", &session, code(&authenticator)).await;
        again.is(400, r#"{"detail":"TOTP_ALREADY_ENROLLED"}"#);
        enroll(&app, &session).await.is(400, r#"{"detail":"TOTP_ALREADY_ENROLLED"}"#);
    })
    .await;
}

#[tokio::test]
async fn enrolling_needs_a_fresh_login_and_a_verified_address() {
    everywhere_as(optional(), |app| async move {
        let unverified = app.member("kay").await;
        enroll(&app, &unverified).await.is(400, r#"{"detail":"TOTP_USER_NOT_VERIFIED"}"#);
        verified(&app, "arthur").await;
        let session = app.login("arthur", PASSWORD).await;
        app.advance(301);
        enroll(&app, &session).await.is(401, STALE);
        post(&app, "/auth/it/reauthenticate", &session, json!({ "password": PASSWORD })).await.is(204, "");
        assert_eq!(enroll(&app, &session).await.status, 200);
        app.post("/auth/totp/enroll").send().await.is(401, r#"{"detail":"Unauthorized"}"#);
    })
    .await;
}

#[tokio::test]
async fn a_pending_seed_expires() {
    everywhere_as(Plan { alone: true, ..optional() }, |app| async move {
        verified(&app, "arthur").await;
        let session = app.login("arthur", PASSWORD).await;
        let not_pending = r#"{"detail":"TOTP_NOT_PENDING"}"#;
        post(&app, "/auth/totp/confirm", &session, json!({ "code": "123456" })).await.is(400, not_pending);
        let authenticator = app_of(&enroll(&app, &session).await);
        app.advance(600);
        let code = json!({ "code": authenticator.code(app.clock.now()) });
        post(&app, "/auth/totp/confirm", &session, code).await.is(400, not_pending);
        app.purge_expired().await;
        app.assert_valid(&app.login("arthur", PASSWORD).await).await;
    })
    .await;
}

#[tokio::test]
async fn disabling_needs_a_code_and_a_fresh_login() {
    everywhere_as(optional(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        let disable =
            async |session: &str, code: &str| post(&app, "/auth/totp/disable", session, json!({ "code": code })).await;
        disable(&user.session, &user.wrong_code(&app)).await.is(400, TOTP_BAD_CODE);
        disable(&user.session, &user.code(&app)).await.is(400, TOTP_BAD_CODE);
        app.advance(301);
        disable(&user.session, &user.code(&app)).await.is(401, STALE);
        let session = login_with(&app, user.name, PASSWORD, &user.code(&app)).await.access_token();
        let other = login_with(&app, user.name, PASSWORD, &user.next_code(&app)).await.access_token();
        app.hooks.clear();
        disable(&session, &user.next_code(&app)).await.is(204, "");
        app.hooks.wait_for("on_after_second_factor_removed").await;
        app.assert_valid(&session).await;
        app.assert_invalid(&other).await;
        app.assert_valid(&app.login(user.name, PASSWORD).await).await;
        disable(&session, &user.recovery_codes[0]).await.is(400, r#"{"detail":"TOTP_NOT_ENROLLED"}"#);
        // Another seed can follow; the old one and its codes are invalid.
        let begun = app_of(&enroll(&app, &session).await);
        let code = json!({ "code": begun.code(app.clock.now()) });
        assert_eq!(codes_in(&post(&app, "/auth/totp/confirm", &session, code).await).len(), 10);
        let old = login_with(&app, user.name, PASSWORD, &user.next_code(&app)).await;
        old.is(400, r#"{"detail":"LOGIN_MFA_BAD_CODE"}"#);
        let old = login_with(&app, user.name, PASSWORD, &user.recovery_codes[1]).await;
        old.is(400, r#"{"detail":"LOGIN_MFA_BAD_CODE"}"#);
    })
    .await;
}

#[tokio::test]
async fn bad_bodies_are_refused_and_change_nothing() {
    everywhere_as(limited(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        for path in ["/auth/totp/confirm", "/auth/totp/disable", "/auth/recovery-codes"] {
            for body in
                [json!({}), json!([]), json!({ "code": 123_456 }), json!({ "code": null }), json!({ "code": ["1"] })]
            {
                assert_eq!(post(&app, path, &user.session, body).await.status, 422, "{path}");
            }
            let anonymous = app.post(path).json(json!({ "code": "123456" })).send().await;
            anonymous.is(401, r#"{"detail":"Unauthorized"}"#);
        }
        for body in [json!({}), json!({ "otp": 1 }), json!({ "password": null, "otp": null })] {
            assert_eq!(post(&app, "/auth/it/reauthenticate", &user.session, body).await.status, 422);
        }
        assert_eq!(status(&app, &user.session).await["enrolled"], true);
    })
    .await;
}

#[tokio::test]
async fn revoked_factor_stops() {
    everywhere_as(optional(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        let admin = app.superuser("merlin").await;
        let id = app.stored_user(user.name).await.id;
        let path = format!("/users/{id}/second-factor");
        app.with(app.delete(&path), &user.session).send().await.is(403, r#"{"detail":"Forbidden"}"#);
        app.delete(&path).send().await.is(401, r#"{"detail":"Unauthorized"}"#);
        app.hooks.clear();
        app.with(app.delete(&path), &admin).send().await.is(204, "");
        app.hooks.wait_for("on_after_second_factor_removed").await;
        app.assert_invalid(&user.session).await;
        app.assert_valid(&app.login(user.name, PASSWORD).await).await;
        app.with(app.delete(&path), &admin).send().await.is(204, "");
        let unknown = format!("/users/{}/second-factor", uuid::Uuid::nil());
        app.with(app.delete(&unknown), &admin).send().await.is(404, r#"{"detail":"Not Found"}"#);
        assert!(app.users.revoke_factor(id).await.is_err());
        app.delete_user(&admin, &id.to_string()).await.is(204, "");
    })
    .await;
}

#[tokio::test]
async fn a_deleted_user_leaves_nothing() {
    everywhere_as(Plan { alone: true, ..optional() }, |app| async move {
        let user = enrolled(&app, "arthur").await;
        let admin = app.superuser("merlin").await;
        let id = app.stored_user(user.name).await.id.to_string();
        app.delete_user(&admin, &id).await.is(204, "");
        for table in ["user_second_factor", "user_recovery_code", "user_remembered_device"] {
            assert_eq!(app.database().count(table, "1 = 1").await, 0, "{table}");
        }
    })
    .await;
}

#[tokio::test]
async fn without_second_factors_there_are_no_routes() {
    everywhere_as(Plan::default(), |app| async move {
        let session = app.member("arthur").await;
        let not_found = r#"{"detail":"Not Found"}"#;
        enroll(&app, &session).await.is(404, not_found);
        post(&app, "/auth/it/second-factor", &session, json!({})).await.is(404, not_found);
        let admin = app.superuser("merlin").await;
        let id = app.stored_user("arthur").await.id;
        app.with(app.delete(&format!("/users/{id}/second-factor")), &admin).send().await.is(404, not_found);
    })
    .await;
}
