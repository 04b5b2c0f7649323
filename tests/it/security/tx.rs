//! Atomic operations (OWASP ASVS 2.3.3). A trigger makes the second half fail.

use serde_json::json;

use super::{ARTHUR, OTHER, assert_invalid, patch_me, reset, reset_token};
use crate::support::{Failure, PASSWORD, TestApp};

/// A refusal by a trigger is treated as data that the database does not accept.
const REFUSED: u16 = 422;

async fn execute(app: &TestApp, sql: &'static str) {
    sqlx::query(sql).execute(&app.sqlite().await).await.unwrap();
}

async fn kept_tokens(app: &TestApp) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM user_token_state").fetch_one(&app.sqlite().await).await.unwrap()
}

#[tokio::test]
async fn reset_all_or_nothing() {
    let app = TestApp::start().await;
    let session = app.member(ARTHUR).await;
    let token = reset_token(&app, ARTHUR).await;
    let no_end = "CREATE TRIGGER stop BEFORE UPDATE OF auth_epoch ON user WHEN NEW.auth_epoch <> OLD.auth_epoch
                  BEGIN SELECT RAISE(ABORT, 'sessions cannot be ended'); END";
    execute(&app, no_end).await;
    assert_eq!(reset(&app, &token, OTHER).await.status, REFUSED);
    assert!(!app.hooks.names().contains(&"on_after_reset_password"));
    assert_eq!(
        app.try_login(ARTHUR, OTHER).await.status,
        400,
        "the password is unchanged if sessions could not be ended"
    );
    assert_eq!(app.me(&session).await.status, 200);
    app.login(ARTHUR, PASSWORD).await;

    execute(&app, "DROP TRIGGER stop").await;
    reset(&app, &token, OTHER).await.is(200, "null");
    assert_invalid(&app.me(&session).await);
}

#[tokio::test]
async fn password_change_all_or_nothing() {
    let app = TestApp::start().await;
    let session = app.member(ARTHUR).await;
    let other = app.login(ARTHUR, PASSWORD).await;
    let no_mark = "CREATE TRIGGER stop BEFORE INSERT ON user_token_state
                   BEGIN SELECT RAISE(ABORT, 'no token can be kept'); END";
    execute(&app, no_mark).await;
    assert_eq!(patch_me(&app, &session, json!({ "password": OTHER })).await.status, REFUSED);
    for token in [&session, &other] {
        assert_eq!(app.me(token).await.status, 200);
    }
    app.login(ARTHUR, PASSWORD).await;

    execute(&app, "DROP TRIGGER stop").await;
    assert_eq!(patch_me(&app, &session, json!({ "password": OTHER })).await.status, 200);
    assert_invalid(&app.me(&other).await);
}

#[tokio::test]
async fn delete_all_or_nothing() {
    let app = TestApp::start().await;
    let king = app.superuser("uther@camelot.bt").await;
    let session = app.member(ARTHUR).await;
    assert_eq!(patch_me(&app, &session, json!({ "password": OTHER })).await.status, 200);
    assert_eq!(kept_tokens(&app).await, 1, "the session that the change spared");
    let path = format!("/users/{}", app.stored(ARTHUR).await.id);
    let delete = async || app.delete(&path).bearer(&king).send().await;

    let no_tokens = "CREATE TRIGGER stop BEFORE DELETE ON user_token_state
                     BEGIN SELECT RAISE(ABORT, 'tokens cannot be deleted'); END";
    execute(&app, no_tokens).await;
    assert_eq!(delete().await.status, REFUSED);
    assert!(!app.hooks.names().contains(&"on_after_delete"));
    assert_eq!((app.me(&session).await.status.as_u16(), kept_tokens(&app).await), (200, 1));
    app.login(ARTHUR, OTHER).await;
    execute(&app, "DROP TRIGGER stop").await;

    app.hooks.set_failure("on_before_delete", Some(Failure::Response(409)));
    assert_eq!(delete().await.status, 409, "the hook prevents the deletion");
    assert_eq!((app.me(&session).await.status.as_u16(), kept_tokens(&app).await), (200, 1));
    app.hooks.set_failure("on_before_delete", None);

    assert_eq!(delete().await.status, 204);
    assert_eq!(kept_tokens(&app).await, 0);
    assert_invalid(&app.me(&session).await);
    assert_eq!(delete().await.status, 404);
}
