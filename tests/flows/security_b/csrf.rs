//! What a form on a foreign page can send (OWASP ASVS 3.5.2).

use serde_json::json;

use crate::support::{PASSWORD, TestApp};

/// The three types that need no preflight, and what browsers send beside a form: none of them carries JSON here.
#[tokio::test]
async fn json_under_simple_content_type_refused() {
    let app = TestApp::start().await;
    let token = app.member("arthur@camelot.bt").await;
    app.post("/auth/forgot-password").json(json!({ "email": "arthur@camelot.bt" })).send().await.is(202, "null");
    app.hooks.token("on_after_forgot_password").await;
    app.hooks.clear();
    for media in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "text/json"]
    {
        let json = |path: &str, body: serde_json::Value| app.post(path).raw(media, body.to_string());
        for call in [
            json("/auth/register", json!({ "email": "new@camelot.bt", "password": PASSWORD })),
            json("/auth/forgot-password", json!({ "email": "arthur@camelot.bt" })),
            json("/auth/request-verify-token", json!({ "email": "arthur@camelot.bt" })),
            json("/auth/verify", json!({ "token": "x" })),
            json("/auth/reset-password", json!({ "token": "x", "password": PASSWORD })),
            app.patch("/users/me").bearer(&token).raw(media, json!({ "first_name": "x" }).to_string()),
        ] {
            let answer = call.header("origin", "https://evil.example").send().await;
            assert_eq!(answer.status, 422, "{media:?}: {answer:?}");
        }
    }
    assert!(app.users.get_by_email("new@camelot.bt").await.unwrap().is_none());
    assert_eq!(app.stored("arthur@camelot.bt").await.first_name, None);
    assert!(app.hooks.names().is_empty(), "{:?}", app.hooks.names());
}
