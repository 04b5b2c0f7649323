//! A unique column that the application added.

use serde_json::json;

use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn a_taken_value_of_a_unique_column_is_400_and_changes_nothing() {
    let app = TestApp::start().await;
    sqlx::query("CREATE UNIQUE INDEX one_name ON user (first_name)").execute(&app.sqlite().await).await.unwrap();
    let body = |email: &str| json!({ "email": email, "password": PASSWORD, "first_name": "Arthur" });
    assert_eq!(app.post("/auth/register").json(body("arthur@camelot.bt")).send().await.status, 201);
    app.post("/auth/register").json(body("impostor@camelot.bt")).send().await.is(400, r#"{"detail":"CONFLICT"}"#);
    assert!(app.users.get_by_email("impostor@camelot.bt").await.unwrap().is_none());

    let token = app.member("kay@camelot.bt").await;
    let change = json!({ "first_name": "Arthur", "email": "sir.kay@camelot.bt" });
    app.patch("/users/me").bearer(&token).json(change).send().await.is(400, r#"{"detail":"CONFLICT"}"#);
    assert_eq!(app.stored("kay@camelot.bt").await.first_name, None);
    // A taken address still has its own code.
    let change = json!({ "email": "arthur@camelot.bt" });
    let response = app.patch("/users/me").bearer(&token).json(change).send().await;
    response.is(400, r#"{"detail":"UPDATE_USER_EMAIL_ALREADY_EXISTS"}"#);
}
