//! Verifying an address.

use serde_json::json;

use super::{ARTHUR, OTHER, patch_me, verify, verify_token};
use crate::support::TestApp;

const BAD_TOKEN: &str = r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#;

#[tokio::test]
async fn dies_when_its_binding_changes() {
    let app = TestApp::changing_emails_at_once().await;
    let session = app.member(ARTHUR).await;
    let dead = async |token: &str| {
        verify(&app, token).await.is(400, BAD_TOKEN);
        for user in ["king@camelot.bt", ARTHUR] {
            let stored = app.users.get_by_email(user).await.unwrap();
            assert!(stored.is_none_or(|stored| !stored.is_verified), "{user}");
        }
    };

    let before_address = verify_token(&app, ARTHUR).await;
    assert_eq!(patch_me(&app, &session, json!({ "email": "king@camelot.bt" })).await.status, 200);
    dead(&before_address).await;

    // The address of the token now belongs to another account: the token verifies neither.
    app.register(ARTHUR).await;
    dead(&before_address).await;

    let before_password = verify_token(&app, "king@camelot.bt").await;
    assert_eq!(patch_me(&app, &session, json!({ "password": OTHER })).await.status, 200);
    dead(&before_password).await;

    let late = verify_token(&app, "king@camelot.bt").await;
    app.advance(3600);
    dead(&late).await;

    let good = verify_token(&app, "king@camelot.bt").await;
    assert_eq!(verify(&app, &good).await.json()["is_verified"], true);
    verify(&app, &good).await.is(400, r#"{"detail":"VERIFY_USER_ALREADY_VERIFIED"}"#);
}
