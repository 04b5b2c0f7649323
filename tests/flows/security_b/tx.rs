//! What belongs together is stored together or not at all (OWASP ASVS 2.3.3). A trigger makes the last step fail.

use serde_json::json;

use crate::support::{PASSWORD, TestApp};

const NEW: &str = "another long sword";
const FAILED: &str = r#"{"detail":"Internal Server Error"}"#;

async fn sql(app: &TestApp, statement: &'static str) {
    sqlx::query(statement).execute(&app.sqlite().await).await.unwrap();
}

#[tokio::test]
async fn reset_all_or_nothing() {
    let app = TestApp::start().await;
    let session = app.member("arthur@camelot.bt").await;
    app.post("/auth/forgot-password").json(json!({ "email": "arthur@camelot.bt" })).send().await.is(202, "null");
    let token = app.hooks.token("on_after_forgot_password").await;
    let body = json!({ "token": token, "password": NEW });
    sql(&app, "CREATE TRIGGER no_end AFTER UPDATE OF auth_epoch ON user BEGIN SELECT RAISE(ABORT, 'no'); END").await;
    app.post("/auth/reset-password").json(body.clone()).send().await.is(500, FAILED);
    assert_eq!(app.me(&session).await.status, 200, "the sessions are as they were");
    assert_eq!(app.try_login("arthur@camelot.bt", NEW).await.status, 400);
    app.login("arthur@camelot.bt", PASSWORD).await;
    assert!(!app.hooks.names().contains(&"on_after_reset_password"));
    sql(&app, "DROP TRIGGER no_end").await;
    app.post("/auth/reset-password").json(body).send().await.is(200, "null");
    assert_eq!(app.me(&session).await.status, 401);
}

/// A change of the password ends the other sessions and spares its own: two statements, one transaction.
#[tokio::test]
async fn password_change_all_or_nothing() {
    let app = TestApp::start().await;
    let session = app.member("arthur@camelot.bt").await;
    let other = app.login("arthur@camelot.bt", PASSWORD).await;
    let change = json!({ "password": NEW, "current_password": PASSWORD });
    sql(&app, "CREATE TRIGGER no_mark BEFORE INSERT ON user_token_state BEGIN SELECT RAISE(ABORT, 'no'); END").await;
    app.patch("/users/me").bearer(&session).json(change.clone()).send().await.is(500, FAILED);
    for token in [&session, &other] {
        assert_eq!(app.me(token).await.status, 200);
    }
    app.login("arthur@camelot.bt", PASSWORD).await;
    sql(&app, "DROP TRIGGER no_mark").await;
    assert_eq!(app.patch("/users/me").bearer(&session).json(change).send().await.status, 200);
    assert_eq!((app.me(&session).await.status.as_u16(), app.me(&other).await.status.as_u16()), (200, 401));
}

#[tokio::test]
async fn delete_all_or_nothing() {
    let app = TestApp::start().await;
    let king = app.superuser("uther@camelot.bt").await;
    let session = app.member("arthur@camelot.bt").await;
    let change = json!({ "password": NEW, "current_password": PASSWORD });
    assert_eq!(app.patch("/users/me").bearer(&session).json(change).send().await.status, 200);
    let path = format!("/users/{}", app.stored("arthur@camelot.bt").await.id);
    let marks = async || -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM user_token_state").fetch_one(&app.sqlite().await).await.unwrap()
    };
    assert_eq!(marks().await, 1, "the user has a row in the other table");
    sql(&app, "CREATE TRIGGER no_end BEFORE DELETE ON user_token_state BEGIN SELECT RAISE(ABORT, 'no'); END").await;
    app.delete(&path).bearer(&king).send().await.is(500, FAILED);
    assert_eq!(app.me(&session).await.status, 200, "the user is there, and so is the session");
    assert!(!app.hooks.names().contains(&"on_after_delete"));
    sql(&app, "DROP TRIGGER no_end").await;
    app.delete(&path).bearer(&king).send().await.is(204, "");
    assert_eq!((app.me(&session).await.status.as_u16(), marks().await), (401, 0));
}
