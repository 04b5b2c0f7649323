//! Every spelling of an address is one account, and mail goes to the stored address.

use axum_users::Policy;
use serde_json::json;

use super::{ARTHUR, patch_me};
use crate::support::TestApp;

#[tokio::test]
async fn header_injection_refused() {
    for policy in [Policy::recommended(), Policy::fastapi_users()] {
        let app = TestApp::with_policy(policy).await;
        let session = app.member(ARTHUR).await;
        app.hooks.clear();
        for address in [
            "kay@camelot.bt\r\nBcc: attacker@cornwall.bt",
            "kay@camelot.bt\nBcc: attacker@cornwall.bt",
            "kay\r\n@camelot.bt",
            "kay\u{0}@camelot.bt",
            "kay@camelot.bt\u{0}",
            "kay@camelot.bt\u{2028}Bcc: attacker@cornwall.bt",
            "kay@camelot.bt,attacker@cornwall.bt",
            "kay@camelot.bt;attacker@cornwall.bt",
            "kay@camelot.bt attacker@cornwall.bt",
            "<kay@camelot.bt>,<attacker@cornwall.bt>",
            "kay@camelot.bt%0d%0aBcc:attacker@cornwall.bt",
            "kay@camelot.bt?bcc=attacker@cornwall.bt",
        ] {
            let body = json!({ "email": address, "password": "another long sword" });
            for path in ["/auth/register", "/auth/forgot-password", "/auth/request-verify-token"] {
                let response = app.post(path).json(body.clone()).send().await;
                assert_eq!(response.status, 422, "{path} {address:?} {response:?}");
            }
            let response = patch_me(&app, &session, json!({ "email": address })).await;
            assert_eq!(response.status, 422, "{address:?} {response:?}");
            assert_eq!(app.try_login(address, "another long sword").await.status, 400, "{address:?}");
        }
        app.users.drain(std::time::Duration::from_secs(5)).await;
        let called = app.hooks.names();
        assert!(called.iter().all(|hook| *hook == "on_after_failed_login"), "{called:?}");
    }
}

#[tokio::test]
async fn mail_goes_to_stored_address() {
    let app = TestApp::start().await;
    app.register("King.Arthur@camelot.bt").await;
    for (path, hook) in [
        ("/auth/forgot-password", "on_after_forgot_password"),
        ("/auth/request-verify-token", "on_after_request_verify"),
    ] {
        app.post(path).json(json!({ "email": "kING.aRTHUR@CAMELOT.bt" })).send().await.is(202, "null");
        let called = app.hooks.wait_for(hook).await;
        assert_eq!(called.email.as_deref(), Some("King.Arthur@camelot.bt"), "{hook}");
    }
}
