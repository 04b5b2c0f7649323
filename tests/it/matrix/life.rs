//! The account lifecycle of a user, and administration by a superuser.

use serde_json::json;

use super::everywhere;
use crate::support::PASSWORD;

const OTHER: &str = "another long sword";

#[tokio::test]
async fn an_account_passes_through_its_whole_lifecycle() {
    everywhere(|app| async move {
        let registered = app.register("arthur").await;
        let token = app.verify_token("arthur").await;
        let verified = app.verify(&token).await;
        assert_eq!((verified.status.as_u16(), verified.json()["is_verified"].as_bool()), (200, Some(true)));

        let first = app.login("arthur", PASSWORD).await;
        assert_eq!(app.me(&first).await.json()["id"], registered.as_str());
        let changed = app.patch_me(&first, json!({ "first_name": "Arthur", "quota": 9, "is_superuser": true })).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        let me = app.me(&first).await.json();
        assert_eq!(
            me,
            json!({ "id": registered, "email": app.mail("arthur"), "is_active": true, "is_superuser": false,
                "is_verified": true, "first_name": "Arthur", "quota": 0 })
        );

        let token = app.reset_token("arthur").await;
        app.reset(&token, OTHER).await.is(200, "null");
        app.assert_invalid(&first).await;
        app.try_login("arthur", PASSWORD).await.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
        let second = app.login("arthur", OTHER).await;
        app.assert_valid(&second).await;
        app.logout(&second).await.is(204, "");
        app.assert_invalid(&second).await;
        assert_eq!(app.patch_me(&second, json!({ "first_name": "Mordred" })).await.status, 401);
        assert_eq!(app.stored_user("arthur").await.first_name.as_deref(), Some("Arthur"));
    })
    .await;
}

#[tokio::test]
async fn every_failed_login_gets_the_same_response_and_no_token() {
    everywhere(|app| async move {
        let king = app.superuser("uther").await;
        app.register("arthur").await;
        let mordred = app.register("mordred").await;
        assert_eq!(app.patch_user(&king, &mordred, json!({ "is_active": false })).await.status, 200);
        for (name, password) in [("arthur", OTHER), ("nobody", PASSWORD), ("mordred", PASSWORD), ("mordred", OTHER)] {
            let response = app.try_login(name, password).await;
            response.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
            assert_eq!(response.header("set-cookie"), None);
        }
        // An unverified user can still log in by default.
        app.assert_valid(&app.login("arthur", PASSWORD).await).await;
    })
    .await;
}

#[tokio::test]
async fn unverified_users_get_no_token_if_verification_is_required() {
    use super::{Plan, everywhere_as};
    let plan = Plan { policy: axum_users::Policy::recommended().require_verification(true), ..Plan::default() };
    everywhere_as(plan, |app| async move {
        app.register("arthur").await;
        app.try_login("arthur", PASSWORD).await.is(400, r#"{"detail":"LOGIN_USER_NOT_VERIFIED"}"#);
        app.try_login("arthur", OTHER).await.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
        let token = app.verify_token("arthur").await;
        assert_eq!(app.verify(&token).await.status, 200);
        let session = app.login("arthur", PASSWORD).await;
        app.assert_valid(&session).await;
    })
    .await;
}

#[tokio::test]
async fn an_address_is_one_account_ignoring_case() {
    everywhere(|app| async move {
        app.register("arthur").await;
        for name in ["arthur", "ARTHUR", "Arthur"] {
            let body = json!({ "email": app.mail(name), "password": PASSWORD });
            let response = app.post("/auth/register").json(body).send().await;
            response.is(400, r#"{"detail":"REGISTER_USER_ALREADY_EXISTS"}"#);
            app.assert_valid(&app.login(name, PASSWORD).await).await;
        }
        let kay = app.member("kay").await;
        let change = json!({ "email": app.mail("ARTHUR"), "current_password": PASSWORD });
        app.patch_me(&kay, change).await.is(400, r#"{"detail":"UPDATE_USER_EMAIL_ALREADY_EXISTS"}"#);
    })
    .await;
}

#[tokio::test]
async fn a_superuser_reads_updates_and_deletes_by_id() {
    everywhere(|app| async move {
        let king = app.superuser("uther").await;
        let arthur = app.member("arthur").await;
        let id = app.stored_user("arthur").await.id.to_string();
        let path = format!("/users/{id}");
        assert_eq!(app.see(&path, &king).await.json()["email"], app.mail("arthur"));
        app.see(&path, &arthur).await.is(403, r#"{"detail":"Forbidden"}"#);
        app.get(&path).send().await.is(401, r#"{"detail":"Unauthorized"}"#);
        app.see("/users/00000000-0000-4000-8000-000000000000", &king).await.is(404, r#"{"detail":"Not Found"}"#);
        let changed = app.patch_user(&king, &id, json!({ "quota": 7, "first_name": "Wart" })).await;
        assert_eq!((changed.json()["quota"].as_i64(), changed.status.as_u16()), (Some(7), 200));
        assert_eq!(app.me(&arthur).await.json()["first_name"], "Wart");
        app.patch_user(&arthur, &id, json!({ "quota": 8 })).await.is(403, r#"{"detail":"Forbidden"}"#);
        app.delete_user(&arthur, &id).await.is(403, r#"{"detail":"Forbidden"}"#);
        app.delete_user(&king, &id).await.is(204, "");
        app.see(&path, &king).await.is(404, r#"{"detail":"Not Found"}"#);
        app.assert_invalid(&arthur).await;
    })
    .await;
}

#[tokio::test]
async fn a_demotion_takes_effect_at_the_next_request() {
    everywhere(|app| async move {
        let king = app.superuser("uther").await;
        let duke = app.superuser("gorlois").await;
        let path = format!("/users/{}", app.stored_user("gorlois").await.id);
        assert_eq!(app.see(&path, &duke).await.status, 200);
        let id = app.stored_user("gorlois").await.id.to_string();
        assert_eq!(app.patch_user(&king, &id, json!({ "is_superuser": false })).await.status, 200);
        app.see(&path, &duke).await.is(403, r#"{"detail":"Forbidden"}"#);
        app.assert_valid(&duke).await;
        // A promotion also takes effect with the same token.
        assert_eq!(app.patch_user(&king, &id, json!({ "is_superuser": true })).await.status, 200);
        assert_eq!(app.see(&path, &duke).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn every_hook_is_called_once() {
    everywhere(|app| async move {
        app.register("arthur").await;
        let session = app.login("arthur", PASSWORD).await;
        app.try_login("arthur", OTHER).await;
        app.patch_me(&session, json!({ "first_name": "Arthur" })).await;
        app.logout(&session).await;
        app.logout(&session).await;
        app.users.drain(std::time::Duration::from_secs(10)).await;
        assert_eq!(
            app.hooks.names(),
            ["on_after_register", "on_after_login", "on_after_failed_login", "on_after_update", "on_after_logout"]
        );
        for call in app.hooks.calls() {
            assert_eq!(call.email.as_deref(), Some(app.mail("arthur").as_str()), "{}", call.hook);
        }
    })
    .await;
}
