//! What ends a session, and what does not.

use axum_users::Policy;
use serde_json::json;

use super::{
    super::{Plan, combination::Strategy, everywhere, everywhere_as},
    OTHER,
};
use crate::support::PASSWORD;

#[tokio::test]
async fn logout_kills_token() {
    everywhere(|app| async move {
        let (session, other) = (app.member("arthur").await, app.login("arthur", PASSWORD).await);
        let node = app.another().await;
        node.lives(&session).await;
        assert_eq!(app.logout(&session).await.status, 204);
        app.is_dead(&session).await;
        node.is_dead(&session).await;
        app.logout(&session).await.is(401, r#"{"detail":"Unauthorized"}"#);
        app.lives(&other).await;
        // It stays dead through a purge, for as long as it would have lived.
        app.advance(3599);
        app.users.purge_expired().await.unwrap();
        app.is_dead(&session).await;
    })
    .await;
}

#[tokio::test]
async fn logout_fails_loud() {
    everywhere_as(Plan { alone: true, ..Plan::default() }, |app| async move {
        let session = app.member("arthur").await;
        let ending = app.forbid_ending().await;
        let answer = app.logout(&session).await;
        answer.is(503, r#"{"detail":"SERVICE_UNAVAILABLE"}"#);
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
        assert!(!app.hooks.names().contains(&"on_after_logout"), "nobody is told of a logout that was none");
        app.lives(&session).await;
        ending.allow().await;
        assert_eq!(app.logout(&session).await.status, 204);
        app.is_dead(&session).await;
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
            app.lives(&own).await;
            app.lives(&kay).await;
            for other in &others {
                app.is_dead(other).await;
            }
        }
        app.lives(&app.login("arthur", PASSWORD).await).await;

        // A superuser's change ends all.
        let king = app.superuser("uther").await;
        let id = app.stored_user("arthur").await.id.to_string();
        assert_eq!(app.patch_user(&king, &id, json!({ "password": OTHER })).await.status, 200);
        app.is_dead(&own).await;
    })
    .await;
}

#[tokio::test]
async fn a_policy_may_keep_sessions_through_a_password_change() {
    let plan = Plan { policy: Policy::recommended().keep_sessions(), ..Plan::default() };
    everywhere_as(plan, |app| async move {
        let (own, other) = (app.member("arthur").await, app.login("arthur", PASSWORD).await);
        assert_eq!(app.patch_me(&own, json!({ "password": OTHER })).await.status, 200);
        app.lives(&own).await;
        app.lives(&other).await;
    })
    .await;
}

/// What a change spared can still be ended: by logout, by a reset, and by time.
#[tokio::test]
async fn a_spared_session_still_ends() {
    everywhere(|app| async move {
        app.register("arthur").await;
        let change = async |password: &str, next: &str| {
            let session = app.login("arthur", password).await;
            assert_eq!(app.patch_me(&session, json!({ "password": next })).await.status, 200);
            app.lives(&session).await;
            session
        };
        let session = change(PASSWORD, OTHER).await;
        assert_eq!(app.logout(&session).await.status, 204);
        app.is_dead(&session).await;
        let session = change(OTHER, PASSWORD).await;
        let token = app.reset_token("arthur").await;
        app.reset(&token, OTHER).await.is(200, "null");
        app.is_dead(&session).await;
        let session = change(OTHER, PASSWORD).await;
        app.advance(3600);
        app.is_dead(&session).await;
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
            app.lives(session).await;
        }
        app.reset(&token, OTHER).await.is(200, "null");
        let node = app.another().await;
        for session in &sessions {
            app.is_dead(session).await;
            node.is_dead(session).await;
        }
        app.lives(&kay).await;
    })
    .await;
}

/// The clock stands still, so login, reset and login fall into one second.
#[tokio::test]
async fn login_right_after_reset_works() {
    everywhere(|app| async move {
        let before = app.member("arthur").await;
        let token = app.reset_token("arthur").await;
        app.reset(&token, OTHER).await.is(200, "null");
        let after = app.login("arthur", OTHER).await;
        app.lives(&after).await;
        app.is_dead(&before).await;
    })
    .await;
}

#[tokio::test]
async fn disabled_user_next_request() {
    everywhere(|app| async move {
        let (king, session) = (app.superuser("uther").await, app.member("arthur").await);
        let id = app.stored_user("arthur").await.id.to_string();
        app.lives(&session).await;
        assert_eq!(app.patch_user(&king, &id, json!({ "is_active": false })).await.status, 200);
        app.is_dead(&session).await;
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
        app.is_dead(&session).await;
        app.lives(&app.login("arthur", PASSWORD).await).await;
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
        // Nothing comes back with a new account of the same address either.
        for registered_again in [false, true] {
            if registered_again {
                app.register("arthur").await;
            }
            app.is_dead(&session).await;
            app.reset(&to_reset, OTHER).await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
            app.verify(&to_verify).await.is(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#);
        }
        assert_eq!(app.database().orphans().await, 0);
    })
    .await;
}

/// A database of its own, since everyone is everyone.
#[tokio::test]
async fn admin_ends_one_and_all() {
    everywhere_as(Plan { alone: true, ..Plan::default() }, |app| async move {
        let (arthur, kay) = (app.member("arthur").await, app.member("kay").await);
        let node = app.another().await;
        app.users.sessions().end_all(app.stored_user("arthur").await.id).await.unwrap();
        app.is_dead(&arthur).await;
        node.is_dead(&arthur).await;
        app.lives(&kay).await;
        let arthur = app.login("arthur", PASSWORD).await;
        app.users.sessions().end_everyone().await.unwrap();
        for session in [&arthur, &kay] {
            app.is_dead(session).await;
            node.is_dead(session).await;
        }
        app.lives(&app.login("arthur", PASSWORD).await).await;
    })
    .await;
}

#[tokio::test]
async fn code_ends_all_but_one_and_lists_what_is_left() {
    everywhere(|app| async move {
        let mut tokens = vec![app.member("arthur").await];
        for _ in 0..2 {
            app.advance(1);
            tokens.push(app.login("arthur", PASSWORD).await);
        }
        let (arthur, sessions) = (app.stored_user("arthur").await, app.users.sessions());
        let listed = sessions.list(arthur.id).await.unwrap();
        if app.combination.strategy == Strategy::Jwt {
            assert_eq!(listed, [], "they stand for themselves");
            return;
        }
        assert_eq!(listed.len(), 3);
        sessions.end_others(&arthur, &listed[1].session).await.unwrap();
        app.is_dead(&tokens[0]).await;
        app.lives(&tokens[1]).await;
        app.is_dead(&tokens[2]).await;
        let left = sessions.list(arthur.id).await.unwrap();
        assert_eq!(left.len(), 1, "what a raised epoch left behind is not listed");
        assert_eq!(left[0].session.token_id, listed[1].session.token_id);
        assert!(sessions.end(arthur.id, left[0].session.token_id.as_ref().unwrap()).await.unwrap());
        app.is_dead(&tokens[1]).await;
    })
    .await;
}
