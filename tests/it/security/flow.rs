//! Flows cannot skip steps, and sensitive changes require re-authentication.

use axum_users::{Policy, env::Relaxation};
use serde_json::json;

use super::{ARTHUR, OTHER, assert_invalid, patch_me, refused_password, reset, reset_token, verify, verify_token};
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn steps_cannot_be_skipped() {
    let app = TestApp::with_policy(Policy::recommended().require_verification(true).change_email_at_once()).await;
    app.register(ARTHUR).await;

    // There is no session before the verification.
    app.try_login(ARTHUR, PASSWORD).await.is(400, r#"{"detail":"LOGIN_USER_NOT_VERIFIED"}"#);
    // A reset needs its own token; tokens of other steps are rejected.
    let (to_verify, to_reset) = (verify_token(&app, ARTHUR).await, reset_token(&app, ARTHUR).await);
    for token in ["", "null", ARTHUR, &to_verify] {
        reset(&app, token, OTHER).await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
    }
    for token in ["", "null", ARTHUR, &to_reset] {
        verify(&app, token).await.is(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#);
    }
    for token in [&to_verify, &to_reset] {
        assert_invalid(&app.me(token).await);
    }
    // A reset does not verify the address.
    reset(&app, &to_reset, OTHER).await.is(200, "null");
    app.try_login(ARTHUR, OTHER).await.is(400, r#"{"detail":"LOGIN_USER_NOT_VERIFIED"}"#);

    let to_verify = verify_token(&app, ARTHUR).await;
    assert_eq!(verify(&app, &to_verify).await.status, 200);
    let session = app.login(ARTHUR, OTHER).await;
    assert_eq!(app.me(&session).await.status, 200);
    // A new address must be verified, and until then the session is rejected.
    assert_eq!(patch_me(&app, &session, json!({ "email": "king@camelot.bt" })).await.status, 200);
    app.me(&session).await.is(403, r#"{"detail":"Forbidden"}"#);
    assert_eq!(patch_me(&app, &session, json!({ "first_name": "Arthur" })).await.status, 403);
    app.try_login("king@camelot.bt", OTHER).await.is(400, r#"{"detail":"LOGIN_USER_NOT_VERIFIED"}"#);
}

#[tokio::test]
async fn email_change_needs_fresh_login() {
    for policy in [Policy::recommended(), Policy::recommended().change_email_at_once()] {
        let app = TestApp::with_policy(policy).await;
        let session = app.member(ARTHUR).await;
        app.advance(301);
        let change = json!({ "email": "king@camelot.bt" });
        refused_password(
            &patch_me(&app, &session, change.clone()).await,
            "UPDATE_USER_INVALID_PASSWORD",
            "current_password",
        );
        let wrong = json!({ "email": "king@camelot.bt", "current_password": OTHER });
        refused_password(&patch_me(&app, &session, wrong).await, "UPDATE_USER_INVALID_PASSWORD", "wrong");
        assert_eq!(app.me(&session).await.json()["email"], ARTHUR);
        // Sending the same address is not a change.
        assert_eq!(patch_me(&app, &session, json!({ "email": ARTHUR })).await.status, 200);

        let right = json!({ "email": "king@camelot.bt", "current_password": PASSWORD });
        assert_eq!(patch_me(&app, &session, right).await.status, 200);
        if !app.users.policy().allows(Relaxation::EmailChangeAtOnce) {
            assert_eq!(app.me(&session).await.json()["email"], ARTHUR, "it is pending");
            let (token, _) = app.hooks.email_change().await;
            let confirmed = app.post("/auth/confirm-email").json(json!({ "token": token })).send().await;
            assert_eq!(confirmed.json()["email"], "king@camelot.bt");
            continue;
        }
        let fresh = app.login("king@camelot.bt", PASSWORD).await;
        assert_eq!(patch_me(&app, &fresh, json!({ "email": ARTHUR })).await.json()["email"], ARTHUR);
    }

    let change = json!({ "email": "king@camelot.bt" });
    let open = TestApp::with_policy(Policy::recommended().allow_password_change_without_current()).await;
    let session = open.member(ARTHUR).await;
    open.advance(301);
    assert_eq!(patch_me(&open, &session, change).await.status, 200, "the opt-out");
}
