//! Resetting a password.

use std::time::Duration;

use axum_users::{Policy, error::SessionsError, token};
use serde_json::json;

use super::{
    ARTHUR, OTHER, assert_invalid, failing_store::FailingStore, patch_me, reset, reset_token, verify, verify_token,
};
use crate::support::{Failure, PASSWORD, Setup, TestApp};

const BAD_TOKEN: &str = r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#;

#[tokio::test]
async fn dies_when_its_binding_changes() {
    let app = TestApp::changing_emails_at_once().await;
    let session = app.member(ARTHUR).await;
    let dead = async |token: &str| reset(&app, token, "a third long sword").await.is(400, BAD_TOKEN);

    let before_password = reset_token(&app, ARTHUR).await;
    assert_eq!(patch_me(&app, &session, json!({ "password": OTHER })).await.status, 200);
    dead(&before_password).await;

    let before_address = reset_token(&app, ARTHUR).await;
    assert_eq!(patch_me(&app, &session, json!({ "email": "king@camelot.bt" })).await.status, 200);
    dead(&before_address).await;

    // The address of the token now belongs to another account: the token resets neither.
    let for_king = reset_token(&app, "king@camelot.bt").await;
    assert_eq!(patch_me(&app, &session, json!({ "email": ARTHUR })).await.status, 200);
    app.register("king@camelot.bt").await;
    dead(&for_king).await;

    let used = reset_token(&app, ARTHUR).await;
    let twin = reset_token(&app, ARTHUR).await;
    reset(&app, &used, "a third long sword").await.is(200, "null");
    dead(&used).await;
    dead(&twin).await;

    let late = reset_token(&app, ARTHUR).await;
    app.advance(1800);
    dead(&late).await;

    let of_disabled = reset_token(&app, ARTHUR).await;
    let pool = app.sqlite().await;
    sqlx::query("UPDATE user SET is_active = FALSE WHERE email = ?").bind(ARTHUR).execute(&pool).await.unwrap();
    dead(&of_disabled).await;
    app.login("king@camelot.bt", PASSWORD).await;
}

/// The check and the change are one statement: a token that is invalidated after the request read it changes nothing.
#[tokio::test]
async fn a_mailed_token_that_dies_between_check_and_change_changes_nothing() {
    for policy in [Policy::recommended(), Policy::recommended().accept_upstream_tokens(None)] {
        let store = FailingStore::default();
        let kept = store.clone();
        let app = TestApp::with(Setup { policy, builder: Box::new(|builder| builder.store(kept)), ..Setup::default() });
        let app = app.await;
        app.register(ARTHUR).await;
        let id = app.stored(ARTHUR).await.id;

        let token = verify_token(&app, ARTHUR).await;
        store.end_sessions_before_the_next_change(id);
        verify(&app, &token).await.is(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#);
        assert!(!app.stored(ARTHUR).await.is_verified);

        let token = reset_token(&app, ARTHUR).await;
        store.end_sessions_before_the_next_change(id);
        reset(&app, &token, OTHER).await.is(400, BAD_TOKEN);
        app.login(ARTHUR, PASSWORD).await;

        let (token, proof) = (reset_token(&app, ARTHUR).await, verify_token(&app, ARTHUR).await);
        assert_eq!(verify(&app, &proof).await.status, 200);
        reset(&app, &token, OTHER).await.is(200, "null");
    }
}

/// The same holds for a session that asks to end all others: it must not exempt itself from its own end.
#[tokio::test]
async fn a_session_that_ends_during_its_request_ends_no_others() {
    let store = FailingStore::default();
    let kept = store.clone();
    let app = TestApp::with(Setup { builder: Box::new(|builder| builder.store(kept)), ..Setup::default() }).await;
    let session = app.member(ARTHUR).await;
    let user = app.stored(ARTHUR).await;
    store.end_sessions_before_the_next_change(user.id);
    assert_invalid(&app.delete("/auth/sessions").bearer(&session).send().await);
    assert_invalid(&app.me(&session).await);

    // By code, too.
    let spared = token::Session::new(user.id.to_string());
    assert!(matches!(app.users.sessions().end_others(&user, &spared).await, Err(SessionsError::Ended)));
}

#[tokio::test]
async fn does_not_log_in() {
    let app = TestApp::start().await;
    app.register(ARTHUR).await;
    let token = reset_token(&app, ARTHUR).await;
    let response = reset(&app, &token, OTHER).await;
    response.is(200, "null");
    assert!(response.header("set-cookie").is_none() && response.header("authorization").is_none(), "{response:?}");
    for token in [&token, response.text().as_str()] {
        assert_eq!(app.me(token).await.status, 401);
    }
}

#[tokio::test]
async fn hook_cannot_change_reply() {
    for path in ["/auth/forgot-password", "/auth/request-verify-token"] {
        let app = TestApp::start().await;
        app.register(ARTHUR).await;
        let ask = async |email: &str| {
            let response = app.post(path).json(json!({ "email": email })).send();
            let mut response = tokio::time::timeout(Duration::from_secs(5), response)
                .await
                .expect("the response does not wait for the hook");
            response.headers.remove("date");
            response
        };
        let unknown = ask("nobody@camelot.bt").await;
        unknown.is(202, "null");
        for failure in
            [None, Some(Failure::Error), Some(Failure::Panic), Some(Failure::Response(418)), Some(Failure::Hang)]
        {
            for hook in ["on_after_forgot_password", "on_after_request_verify"] {
                app.hooks.set_failure(hook, failure);
            }
            app.hooks.clear();
            assert_eq!(ask(ARTHUR).await, unknown, "{path} {failure:?}");
            let hook = if path.contains("forgot") { "on_after_forgot_password" } else { "on_after_request_verify" };
            app.hooks.wait_for(hook).await;
        }
    }
}

/// With the opt-out a hook's error determines the response, as in fastapi-users.
#[tokio::test]
async fn inline_hooks_can_set_the_response() {
    let app = TestApp::with_policy(Policy::recommended().inline_hooks()).await;
    app.register(ARTHUR).await;
    app.hooks.fail("on_after_forgot_password", Failure::Response(418));
    let response = app.post("/auth/forgot-password").json(json!({ "email": ARTHUR })).send().await;
    response.is(418, r#"{"detail":"set by the hook"}"#);
}
