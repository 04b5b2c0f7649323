//! Notices to account owners, which do not delay responses.

use std::time::Duration;

use serde_json::json;

use super::{ARTHUR, OTHER, patch_me, reset, reset_token};
use crate::support::{Failure, PASSWORD, Setup, TestApp};

const NOTICE: &str = "on_after_credentials_change";

#[tokio::test]
async fn email_change_tells_old_address() {
    let app = TestApp::changing_emails_at_once().await;
    let session = app.member(ARTHUR).await;
    assert_eq!(patch_me(&app, &session, json!({ "email": "king@camelot.bt" })).await.status, 200);
    let notice = app.hooks.wait_for(NOTICE).await;
    assert_eq!((notice.email.as_deref(), notice.detail.as_deref()), (Some("king@camelot.bt"), Some(ARTHUR)));
    let update = app.hooks.wait_for("on_after_update").await;
    assert_eq!(update.detail.unwrap(), format!("email was {ARTHUR}"));

    // Where the new address must be confirmed, the old one is notified before anything changes, with a link to undo the change.
    let app = TestApp::start().await;
    let session = app.member(ARTHUR).await;
    assert_eq!(patch_me(&app, &session, json!({ "email": "king@camelot.bt" })).await.status, 200);
    let told = app.hooks.wait_for("on_after_request_email_change").await;
    assert_eq!(told.email.as_deref(), Some(ARTHUR));
    let detail = told.detail.unwrap();
    let (new_email, undo) = detail.split_once(' ').unwrap();
    assert_eq!(new_email, "king@camelot.bt");
    let (token, _) = app.hooks.email_change().await;
    assert_eq!(app.post("/auth/confirm-email").json(json!({ "token": token })).send().await.status, 200);
    let undone = app.post("/auth/undo-email").json(json!({ "token": undo })).send().await;
    assert_eq!((undone.status.as_u16(), &undone.json()["email"]), (200, &json!(ARTHUR)));
    app.users.drain(Duration::from_secs(5)).await;
    assert!(!app.hooks.names().contains(&NOTICE), "no further mail");
}

#[tokio::test]
async fn new_passwords_are_told_and_nothing_else_is() {
    let app = TestApp::start().await;
    let king = app.superuser("uther@camelot.bt").await;
    let session = app.member(ARTHUR).await;
    let path = format!("/users/{}", app.stored(ARTHUR).await.id);
    for change in [json!({}), json!({ "first_name": "Arthur" }), json!({ "email": ARTHUR })] {
        assert_eq!(patch_me(&app, &session, change).await.status, 200);
    }
    let raise = json!({ "quota": 3, "is_verified": true });
    assert_eq!(app.patch(&path).bearer(&king).json(raise).send().await.status, 200);
    assert!(!app.hooks.names().contains(&NOTICE), "{:?}", app.hooks.names());

    assert_eq!(patch_me(&app, &session, json!({ "password": OTHER })).await.status, 200);
    app.hooks.wait_for(NOTICE).await;
    app.hooks.clear();
    assert_eq!(
        app.patch(&path).bearer(&king).json(json!({ "password": "a third long sword" })).send().await.status,
        200
    );
    app.hooks.wait_for(NOTICE).await;
    let token = reset_token(&app, ARTHUR).await;
    app.hooks.clear();
    reset(&app, &token, OTHER).await.is(200, "null");
    app.hooks.wait_for(NOTICE).await;
}

/// An account can have an address that its owner does not own, and change its password as often as it likes.
#[tokio::test]
async fn notices_are_as_rare_as_other_mails() {
    let limits = axum_users::Limits::default();
    let app = TestApp::with(Setup { builder: Box::new(|builder| builder.limits(limits)), ..Setup::default() }).await;
    let session = app.member(ARTHUR).await;
    for number in 0..6 {
        let change = json!({ "password": format!("the {number}th long sword") });
        assert_eq!(patch_me(&app, &session, change).await.status, 200);
    }
    app.users.drain(Duration::from_secs(10)).await;
    assert_eq!(app.hooks.names().iter().filter(|hook| **hook == NOTICE).count(), 3);
}

/// An attacker who fills the queue of mails must not be able to hide the change of an account from its owner.
#[tokio::test]
async fn a_change_that_cannot_be_told_is_refused() {
    let app = TestApp::with(Setup { builder: Box::new(|builder| builder.mail_queue(1)), ..Setup::default() }).await;
    app.register("kay@camelot.bt").await;
    let session = app.member(ARTHUR).await;
    app.hooks.fail("on_after_forgot_password", Failure::Hang);
    // Eight jobs run, one waits, and the others do not fit.
    for _ in 0..20 {
        app.post("/auth/forgot-password").json(json!({ "email": "kay@camelot.bt" })).send().await;
    }
    for change in [json!({ "password": OTHER }), json!({ "email": "king@camelot.bt" })] {
        patch_me(&app, &session, change).await.is(503, r#"{"detail":"SERVICE_UNAVAILABLE"}"#);
    }
    app.login(ARTHUR, PASSWORD).await;
    assert_eq!(patch_me(&app, &session, json!({ "first_name": "Arthur" })).await.status, 200);
}

/// A notice is sent after the response, so a hanging or failing mail server changes neither its time nor its body.
#[tokio::test]
async fn notices_hold_no_answer() {
    for failure in [Failure::Hang, Failure::Error, Failure::Panic, Failure::Response(418)] {
        let app = TestApp::changing_emails_at_once().await;
        let session = app.member(ARTHUR).await;
        app.hooks.fail(NOTICE, failure);
        let change = patch_me(&app, &session, json!({ "email": "king@camelot.bt", "password": OTHER }));
        let response = tokio::time::timeout(Duration::from_secs(5), change)
            .await
            .expect("the response does not wait for the notice");
        assert_eq!(response.status, 200, "{failure:?} {response:?}");
        app.hooks.wait_for(NOTICE).await;
        let token = reset_token(&app, "king@camelot.bt").await;
        let response = tokio::time::timeout(Duration::from_secs(5), reset(&app, &token, "a third long sword")).await;
        response.expect("the response does not wait for the notice").is(200, "null");
    }
}
