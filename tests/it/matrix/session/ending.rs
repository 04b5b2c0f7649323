//! Operations that end sessions, and operations that do not.

use axum_users::Policy;
use serde_json::json;

use super::{
    super::{Plan, combination::Strategy, everywhere, everywhere_as},
    OTHER,
};
use crate::support::PASSWORD;

#[tokio::test]
async fn logout_kills_token() {
    everywhere_as(Plan { alone: true, ..Plan::default() }, |app| async move {
        let (session, other) = (app.member("arthur").await, app.login("arthur", PASSWORD).await);
        let node = app.another().await;
        node.assert_valid(&session).await;
        assert_eq!(app.logout(&session).await.status, 204);
        app.assert_invalid(&session).await;
        node.assert_invalid(&session).await;
        app.logout(&session).await.is(401, r#"{"detail":"Unauthorized"}"#);
        app.assert_valid(&other).await;
        // It stays revoked through a purge, until it would have expired.
        app.advance(3599);
        app.purge_expired().await;
        app.assert_invalid(&session).await;
    })
    .await;
}

#[tokio::test]
async fn logout_fails_loud() {
    everywhere_as(Plan { alone: true, ..Plan::default() }, |app| async move {
        let session = app.member("arthur").await;
        let ending = app.forbid_ending().await;
        let response = app.logout(&session).await;
        response.is(503, r#"{"detail":"SERVICE_UNAVAILABLE"}"#);
        assert!(response.header("retry-after").is_some(), "{response:?}");
        assert!(!app.hooks.names().contains(&"on_after_logout"), "a failed logout calls no hook");
        app.assert_valid(&session).await;
        ending.allow().await;
        assert_eq!(app.logout(&session).await.status, 204);
        app.assert_invalid(&session).await;
    })
    .await;
}

#[tokio::test]
async fn password_change_ends_others() {
    everywhere(|app| async move {
        let own = app.member("arthur").await;
        let others = [app.login("arthur", PASSWORD).await, app.login("arthur", PASSWORD).await];
        let kay = app.member("kay").await;
        for password in [OTHER, PASSWORD] {
            assert_eq!(app.patch_me(&own, json!({ "password": password })).await.status, 200);
            app.assert_valid(&own).await;
            app.assert_valid(&kay).await;
            for other in &others {
                app.assert_invalid(other).await;
            }
        }
        app.assert_valid(&app.login("arthur", PASSWORD).await).await;

        // A change by a superuser ends all sessions.
        let king = app.superuser("uther").await;
        let id = app.stored_user("arthur").await.id.to_string();
        assert_eq!(app.patch_user(&king, &id, json!({ "password": OTHER })).await.status, 200);
        app.assert_invalid(&own).await;
    })
    .await;
}

#[tokio::test]
async fn a_policy_can_keep_sessions_through_a_password_change() {
    let plan = Plan { policy: Policy::recommended().keep_sessions(), ..Plan::default() };
    everywhere_as(plan, |app| async move {
        let (own, other) = (app.member("arthur").await, app.login("arthur", PASSWORD).await);
        assert_eq!(app.patch_me(&own, json!({ "password": OTHER })).await.status, 200);
        app.assert_valid(&own).await;
        app.assert_valid(&other).await;
    })
    .await;
}

/// A session spared by a password change can still be ended: by logout, by a reset, and by expiry.
#[tokio::test]
async fn a_spared_session_can_still_be_ended() {
    everywhere(|app| async move {
        app.register("arthur").await;
        let change = async |password: &str, next: &str| {
            let session = app.login("arthur", password).await;
            assert_eq!(app.patch_me(&session, json!({ "password": next })).await.status, 200);
            app.assert_valid(&session).await;
            session
        };
        let session = change(PASSWORD, OTHER).await;
        assert_eq!(app.logout(&session).await.status, 204);
        app.assert_invalid(&session).await;
        let session = change(OTHER, PASSWORD).await;
        let token = app.reset_token("arthur").await;
        app.reset(&token, OTHER).await.is(200, "null");
        app.assert_invalid(&session).await;
        let session = change(OTHER, PASSWORD).await;
        app.advance(3600);
        app.assert_invalid(&session).await;
    })
    .await;
}

#[tokio::test]
async fn reset_ends_all() {
    everywhere(|app| async move {
        let sessions = [app.member("arthur").await, app.login("arthur", PASSWORD).await];
        let kay = app.member("kay").await;
        let token = app.reset_token("arthur").await;
        for session in &sessions {
            app.assert_valid(session).await;
        }
        app.reset(&token, OTHER).await.is(200, "null");
        let node = app.another().await;
        for session in &sessions {
            app.assert_invalid(session).await;
            node.assert_invalid(session).await;
        }
        app.assert_valid(&kay).await;
    })
    .await;
}

/// The clock stands still, so both logins and the reset happen in the same second.
#[tokio::test]
async fn login_right_after_reset_works() {
    everywhere(|app| async move {
        let before = app.member("arthur").await;
        let token = app.reset_token("arthur").await;
        app.reset(&token, OTHER).await.is(200, "null");
        let after = app.login("arthur", OTHER).await;
        app.assert_valid(&after).await;
        app.assert_invalid(&before).await;
    })
    .await;
}

#[tokio::test]
async fn disabled_user_next_request() {
    everywhere(|app| async move {
        let (king, session) = (app.superuser("uther").await, app.member("arthur").await);
        let id = app.stored_user("arthur").await.id.to_string();
        app.assert_valid(&session).await;
        assert_eq!(app.patch_user(&king, &id, json!({ "is_active": false })).await.status, 200);
        app.assert_invalid(&session).await;
        assert_eq!(app.patch_me(&session, json!({ "first_name": "Arthur" })).await.status, 401);
        assert_eq!(app.logout(&session).await.status, 401);
        app.try_login("arthur", PASSWORD).await.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
    })
    .await;
}

#[tokio::test]
async fn reenabled_user_old_tokens_dead() {
    everywhere(|app| async move {
        let (king, session) = (app.superuser("uther").await, app.member("arthur").await);
        let id = app.stored_user("arthur").await.id.to_string();
        for active in [false, true] {
            assert_eq!(app.patch_user(&king, &id, json!({ "is_active": active })).await.status, 200);
        }
        app.assert_invalid(&session).await;
        app.assert_valid(&app.login("arthur", PASSWORD).await).await;
    })
    .await;
}

#[tokio::test]
async fn deleted_user_tokens_gone() {
    everywhere(|app| async move {
        let (king, session) = (app.superuser("uther").await, app.member("arthur").await);
        let (to_reset, to_verify) = (app.reset_token("arthur").await, app.verify_token("arthur").await);
        let id = app.stored_user("arthur").await.id.to_string();
        assert_eq!(app.delete_user(&king, &id).await.status, 204);
        // A new account with the same address does not revive the tokens.
        for registered_again in [false, true] {
            if registered_again {
                app.register("arthur").await;
            }
            app.assert_invalid(&session).await;
            app.reset(&to_reset, OTHER).await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
            app.verify(&to_verify).await.is(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#);
        }
        assert_eq!(app.database().orphans().await, 0);
    })
    .await;
}

/// Needs its own database, since ending all sessions affects every user.
#[tokio::test]
async fn admin_ends_one_and_all() {
    everywhere_as(Plan { alone: true, ..Plan::default() }, |app| async move {
        let (arthur, kay) = (app.member("arthur").await, app.member("kay").await);
        let node = app.another().await;
        app.users.sessions().end_all(app.stored_user("arthur").await.id).await.unwrap();
        app.assert_invalid(&arthur).await;
        node.assert_invalid(&arthur).await;
        app.assert_valid(&kay).await;
        let arthur = app.login("arthur", PASSWORD).await;
        app.users.sessions().end_everyone().await.unwrap();
        for session in [&arthur, &kay] {
            app.assert_invalid(session).await;
            node.assert_invalid(session).await;
        }
        app.assert_valid(&app.login("arthur", PASSWORD).await).await;
    })
    .await;
}

#[tokio::test]
async fn the_programmatic_api_ends_all_sessions_but_one_and_lists_the_rest() {
    everywhere(|app| async move {
        let mut tokens = vec![app.member("arthur").await];
        for _ in 0..2 {
            app.advance(1);
            tokens.push(app.login("arthur", PASSWORD).await);
        }
        let (arthur, sessions) = (app.stored_user("arthur").await, app.users.sessions());
        let listed = sessions.list(arthur.id).await.unwrap();
        if app.combination.strategy == Strategy::Jwt {
            assert_eq!(listed, [], "JWTs are not listed");
            return;
        }
        assert_eq!(listed.len(), 3);
        sessions.end_others(&arthur, &listed[1].session).await.unwrap();
        app.assert_invalid(&tokens[0]).await;
        app.assert_valid(&tokens[1]).await;
        app.assert_invalid(&tokens[2]).await;
        let left = sessions.list(arthur.id).await.unwrap();
        assert_eq!(left.len(), 1, "sessions of an earlier epoch are not listed");
        assert_eq!(left[0].session.token_id, listed[1].session.token_id);
        assert!(sessions.end(arthur.id, left[0].session.token_id.as_ref().unwrap()).await.unwrap());
        app.assert_invalid(&tokens[1]).await;
    })
    .await;
}
