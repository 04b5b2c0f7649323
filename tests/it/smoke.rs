//! One person's whole way through the service.

use serde_json::json;

use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn a_person_registers_verifies_logs_in_changes_resets_and_logs_out() {
    let app = TestApp::start().await;
    let user = app.register("King.Arthur@Camelot.BT").await;
    assert_eq!(user["email"], "King.Arthur@camelot.bt");

    app.post("/auth/request-verify-token")
        .json(json!({ "email": "king.arthur@camelot.bt" }))
        .send()
        .await
        .is(202, "null");
    let token = app.hooks.token("on_after_request_verify").await;
    let verified = app.post("/auth/verify").json(json!({ "token": token })).send().await;
    assert_eq!(verified.json()["is_verified"], true, "{verified:?}");

    let session = app.login("king.arthur@camelot.bt", PASSWORD).await;
    assert_eq!(app.me(&session).await.json()["id"], user["id"]);
    let changed = app.patch("/users/me").bearer(&session).json(json!({ "first_name": "Arthur" })).send().await;
    assert_eq!(changed.json()["first_name"], "Arthur", "{changed:?}");

    app.post("/auth/forgot-password").json(json!({ "email": "king.arthur@camelot.bt" })).send().await.is(202, "null");
    let token = app.hooks.token("on_after_forgot_password").await;
    let reset = json!({ "token": token, "password": "another long sword" });
    app.post("/auth/reset-password").json(reset).send().await.is(200, "null");
    app.me(&session).await.is(401, r#"{"detail":"Unauthorized"}"#);

    let session = app.login("king.arthur@camelot.bt", "another long sword").await;
    app.post("/auth/jwt/logout").bearer(&session).send().await.is(204, "");
    app.me(&session).await.is(401, r#"{"detail":"Unauthorized"}"#);
}
