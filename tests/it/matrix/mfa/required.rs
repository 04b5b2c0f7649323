//! Where a second factor is required.

use axum_users::{Mfa, env::Clock as _};
use serde_json::json;

use super::{app_of, enroll, enrolled, login_with, post, verified};
use crate::{
    matrix::{Plan, app::Service, everywhere_as},
    support::{PASSWORD, User},
};

const ENROLL: &str = r#"{"detail":"MFA_ENROLLMENT_REQUIRED"}"#;
const PROVE: &str = r#"{"detail":"MFA_REQUIRED"}"#;

fn required() -> Plan {
    Plan { mfa: Some(Mfa::required()), ..Plan::default() }
}

/// Asserts that a user who must enroll cannot use other routes.
async fn assert_blocked(app: &Service, session: &str, body: &str) {
    app.patch_me(session, json!({ "first_name": "A" })).await.is(403, body);
    app.see("/auth/sessions", session).await.is(403, body);
    app.with(app.delete("/auth/sessions"), session).send().await.is(403, body);
    post(app, "/auth/totp/disable", session, json!({ "code": "123456" })).await.is(403, body);
    post(app, "/auth/recovery-codes", session, json!({ "code": "123456" })).await.is(403, body);
}

#[tokio::test]
async fn required_blocks_until_enrolled() {
    everywhere_as(required(), |app| async move {
        verified(&app, "arthur").await;
        let session = app.login("arthur", PASSWORD).await;
        assert_blocked(&app, &session, ENROLL).await;
        // The permitted routes: the own account, re-authentication, enrollment, and logout.
        app.assert_valid(&session).await;
        post(&app, "/auth/it/reauthenticate", &session, json!({ "password": PASSWORD })).await.is(204, "");
        let authenticator = app_of(&enroll(&app, &session).await);
        assert_blocked(&app, &session, ENROLL).await;
        let code = json!({ "code": authenticator.code(app.clock.now()) });
        assert_eq!(post(&app, "/auth/totp/confirm", &session, code).await.status, 200);
        assert_eq!(app.patch_me(&session, json!({ "first_name": "A" })).await.status, 200);
        app.advance(30);
        let otp = authenticator.code(app.clock.now());
        let session = login_with(&app, "arthur", PASSWORD, &otp).await.access_token();
        assert_eq!(app.patch_me(&session, json!({ "first_name": "B" })).await.status, 200);
        app.logout(&session).await.is(204, "");
        verified(&app, "kay").await;
        app.logout(&app.login("kay", PASSWORD).await).await.is(204, "");
    })
    .await;
}

#[tokio::test]
async fn a_session_without_credentials_must_be_proved() {
    everywhere_as(required(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        let stored = app.stored_user(user.name).await;
        let signed_in = app.users.sign_in(&stored, "it").await.unwrap();
        let session = signed_in.token.secret();
        assert_blocked(&app, session, PROVE).await;
        // The password is only one factor.
        post(&app, "/auth/it/reauthenticate", session, json!({ "password": PASSWORD })).await.is(204, "");
        assert_blocked(&app, session, PROVE).await;
        let otp = user.next_code(&app);
        post(&app, "/auth/it/reauthenticate", session, json!({ "otp": otp })).await.is(204, "");
        assert_eq!(app.patch_me(session, json!({ "first_name": "A" })).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn disabling_ends_every_session_where_it_is_required() {
    everywhere_as(required(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        let code = json!({ "code": user.next_code(&app) });
        post(&app, "/auth/totp/disable", &user.session, code).await.is(204, "");
        app.assert_invalid(&user.session).await;
        assert_blocked(&app, &app.login(user.name, PASSWORD).await, ENROLL).await;
    })
    .await;
}

#[tokio::test]
async fn the_rule_of_the_application_decides_who_must_enroll() {
    let rule = |user: &User| user.is_superuser;
    let plan = Plan { mfa: Some(Mfa::optional().required_for(rule)), ..Plan::default() };
    everywhere_as(plan, |app| async move {
        let admin = app.superuser("merlin").await;
        app.see(&format!("/users/{}", uuid::Uuid::nil()), &admin).await.is(403, ENROLL);
        app.assert_valid(&admin).await;
        let session = app.member("kay").await;
        assert_eq!(app.patch_me(&session, json!({ "first_name": "A" })).await.status, 200);
        // The rule is evaluated in every request.
        let users = app.database().quoted("user");
        let raised = format!("UPDATE {users} SET is_superuser = TRUE WHERE email = '{}'", app.mail("kay"));
        app.database().run(&raised).await;
        app.patch_me(&session, json!({ "first_name": "B" })).await.is(403, ENROLL);
    })
    .await;
}
