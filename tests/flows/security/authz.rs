//! What superusers may not do.

use axum_users::Policy;
use serde_json::json;

use super::{ARTHUR, OTHER, refused_password, reset};
use crate::support::{PASSWORD, TestApp, UserAdminUpdate};

#[tokio::test]
async fn admin_password_denied() {
    let app = TestApp::with_policy(Policy::recommended().deny_admin_password()).await;
    let king = app.superuser("uther@camelot.bt").await;
    app.register(ARTHUR).await;
    let user = app.stored(ARTHUR).await;
    let path = format!("/users/{}", user.id);
    let patch = async |change| app.patch(&path).bearer(&king).json(change).send().await;

    let answer = patch(json!({ "password": OTHER, "first_name": "Arthur" })).await;
    refused_password(&answer, "UPDATE_USER_INVALID_PASSWORD", "start a reset");
    assert_eq!(app.stored(ARTHUR).await.first_name, None, "nothing is changed by half");
    app.login(ARTHUR, PASSWORD).await;
    assert_eq!(patch(json!({ "first_name": "Arthur" })).await.status, 200);

    // What takes its place, and what the application's own code may do.
    app.users.start_reset(&user).await.unwrap();
    let token = app.hooks.token("on_after_forgot_password").await;
    reset(&app, &token, OTHER).await.is(200, "null");
    let update = UserAdminUpdate { password: Some(PASSWORD.into()), ..UserAdminUpdate::default() };
    app.users.update(app.stored(ARTHUR).await, update).await.unwrap();
    app.login(ARTHUR, PASSWORD).await;
}
