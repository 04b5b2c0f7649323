//! Recovery codes.

use serde_json::json;

use super::{BAD_CODE, codes_in, enrolled, login_with, optional, post};
use crate::{matrix::everywhere_as, support::PASSWORD};

#[tokio::test]
async fn a_recovery_code_replaces_the_app_and_its_owner_is_told() {
    everywhere_as(optional(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        for (number, code) in user.recovery_codes.iter().enumerate() {
            let typed = if number % 2 == 0 { code.to_uppercase().replace('-', " ") } else { code.clone() };
            app.hooks.clear();
            app.assert_valid(&login_with(&app, user.name, PASSWORD, &typed).await.access_token()).await;
            let told = app.hooks.wait_for("on_after_recovery_code_use").await;
            assert_eq!(told.detail, Some((9 - number).to_string()));
        }
        login_with(&app, user.name, PASSWORD, &user.recovery_codes[9]).await.is(400, BAD_CODE);
    })
    .await;
}

#[tokio::test]
async fn new_recovery_codes_replace_the_old_ones() {
    everywhere_as(optional(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        let renew = async |code: &str| post(&app, "/auth/recovery-codes", &user.session, json!({ "code": code })).await;
        renew(&user.wrong_code(&app)).await.is(400, r#"{"detail":"TOTP_BAD_CODE"}"#);
        let first = codes_in(&renew(&user.next_code(&app)).await);
        assert!(first.len() == 10 && first.iter().all(|code| !user.recovery_codes.contains(code)));
        login_with(&app, user.name, PASSWORD, &user.recovery_codes[0]).await.is(400, BAD_CODE);
        renew(&user.recovery_codes[1]).await.is(400, r#"{"detail":"TOTP_BAD_CODE"}"#);
        // A recovery code is enough: the app may be lost.
        let second = codes_in(&renew(&first[0]).await);
        login_with(&app, user.name, PASSWORD, &first[1]).await.is(400, BAD_CODE);
        app.assert_valid(&login_with(&app, user.name, PASSWORD, &second[0]).await.access_token()).await;
    })
    .await;
}
