//! Registering.

use axum_users::Policy;
use serde_json::{Value, json};

use super::{ARTHUR, OTHER, refused_password, verify, verify_token};
use crate::support::{PASSWORD, Response, TestApp};

/// Returns the parts of a response that an observer can compare: all but the date and the values that differ in every response.
fn shape(response: Response) -> (u16, Vec<(String, String)>, Value, usize) {
    let headers = response.headers.iter().filter(|(name, _)| *name != "date");
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let mut body = response.json();
    let id = body["id"].take();
    let id: uuid::Uuid = id.as_str().unwrap().parse().unwrap();
    (response.status.as_u16(), headers, body, id.get_version_num())
}

#[tokio::test]
async fn private_mode_indistinguishable() {
    let app = TestApp::with_policy(Policy::recommended().require_verification(true).private_registration()).await;
    let register = async |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password, "first_name": "Anna" });
        app.post("/auth/register").json(body).send().await
    };
    assert_eq!(register(ARTHUR, PASSWORD).await.status, 201);
    let token = verify_token(&app, ARTHUR).await;
    assert_eq!(verify(&app, &token).await.status, 200);
    let owner = app.stored(ARTHUR).await;

    // The taken address is as long as the free one, so that whole responses can be compared.
    let free = register("andrew@camelot.bt", OTHER).await;
    let mut ids = vec![owner.id.to_string()];
    for typed in [ARTHUR, "ARTHUR@camelot.bt", ARTHUR] {
        let taken = register(typed, OTHER).await;
        ids.push(taken.json()["id"].as_str().unwrap().to_owned());
        let (mut taken, mut expected) = (shape(taken), shape(free.clone()));
        assert_eq!((taken.2["email"].take(), expected.2["email"].take()), (json!(typed), json!("andrew@camelot.bt")));
        assert_eq!(taken, expected, "{typed}");
        let notice = app.hooks.wait_for("on_after_duplicate_register").await;
        assert_eq!((notice.user_id, notice.email.as_deref()), (Some(owner.id), Some(ARTHUR)));
        app.hooks.clear();
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4, "each response has a different id, and none is the owner's");
    assert!(app.stored(ARTHUR).await.hashed_password == owner.hashed_password, "the owner's account is unchanged");

    // Later steps do not reveal the account either.
    for email in [ARTHUR, "andrew@camelot.bt", "nobody@camelot.bt"] {
        app.try_login(email, OTHER).await.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
    }
    for email in [ARTHUR, "agrava@camelot.bt"] {
        refused_password(&register(email, "short").await, "REGISTER_INVALID_PASSWORD", "at least 8");
    }
    app.login(ARTHUR, PASSWORD).await;
}

/// Without private registration the response is that of the wire.
#[tokio::test]
async fn a_taken_address_is_reported_without_private_registration() {
    let app = TestApp::start().await;
    app.register(ARTHUR).await;
    let body = json!({ "email": "ARTHUR@camelot.bt", "password": OTHER });
    let response = app.post("/auth/register").json(body).send().await;
    response.is(400, r#"{"detail":"REGISTER_USER_ALREADY_EXISTS"}"#);
}
