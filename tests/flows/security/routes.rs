//! What routes read.

use axum_users::Route;
use serde_json::{Value, json};

use super::{ARTHUR, OTHER, reset, reset_token, verify, verify_token};
use crate::support::{PASSWORD, TestApp, User};

#[tokio::test]
async fn no_secret_in_query() {
    let app = TestApp::start().await;
    app.superuser(ARTHUR).await;
    app.register("kay@camelot.bt").await;
    let session = app.login(ARTHUR, PASSWORD).await;
    let (to_reset, to_verify) = (reset_token(&app, ARTHUR).await, verify_token(&app, "kay@camelot.bt").await);
    let id = app.stored(ARTHUR).await.id.to_string();
    let before = app.stored(ARTHUR).await.hashed_password;

    // Every secret of every route, in the URL and nowhere else, by the names that the bodies use.
    for (token, password) in [(&to_reset, OTHER), (&to_verify, OTHER), (&session, PASSWORD)] {
        let query = format!(
            "?token={token}&access_token={token}&username={ARTHUR}&email={ARTHUR}&password={}&current_password={}",
            password.replace(' ', "+"),
            PASSWORD.replace(' ', "+")
        );
        for route in Route::ALL {
            let path = route.group().usual_prefix().replace("{backend}", "jwt") + &route.path().replace("{id}", &id);
            for content_type in ["application/json", "application/x-www-form-urlencoded", ""] {
                let call = app.request(route.method(), &format!("{path}{query}"));
                let answer = match content_type {
                    "application/json" => call.json(json!({})).send().await,
                    other => call.raw(other, "").send().await,
                };
                assert!(matches!(answer.status.as_u16(), 401 | 422), "{route:?} {content_type} {answer:?}");
            }
        }
    }
    assert!(app.stored(ARTHUR).await.hashed_password == before);
    reset(&app, &to_reset, OTHER).await.is(200, "null");
    assert_eq!(verify(&app, &to_verify).await.status, 200, "the tokens were good, where they belong");

    let document = serde_json::to_value(axum_users::openapi::<User>(&app.users)).unwrap();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let parameters: Vec<&Value> =
        operations.filter_map(|operation| operation["parameters"].as_array()).flatten().collect();
    assert!(!parameters.is_empty(), "the ids of paths were found");
    assert!(parameters.iter().all(|parameter| parameter["in"] == "path"), "{parameters:?}");
}
