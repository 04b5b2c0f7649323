//! Recovery codes.

use serde_json::json;

use super::{BAD_CODE, codes_in, enrolled, login_with, optional, post};
use crate::{
    matrix::{combination::Combination, everywhere_as, run_matrix},
    security::crowd::together,
    support::{Carrier, PASSWORD},
};

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
        // A recovery code is sufficient: the app may be lost.
        let second = codes_in(&renew(&first[0]).await);
        login_with(&app, user.name, PASSWORD, &first[1]).await.is(400, BAD_CODE);
        app.assert_valid(&login_with(&app, user.name, PASSWORD, &second[0]).await.access_token()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_ten_replacements_at_once_the_codes_of_one_remain() {
    let bearer = |combination: &Combination| combination.transport == Carrier::Bearer;
    run_matrix(bearer, optional(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        let responses = together(10, |number| {
            let (client, session) = (app.another_client(), user.session.clone());
            let code = json!({ "code": user.recovery_codes[number] });
            async move { client.post("/auth/recovery-codes").bearer(&session).json(code).send().await }
        })
        .await;
        let left = app.see("/auth/totp", &user.session).await.json()["recovery_codes_left"].clone();
        assert_eq!(left, 10, "{responses:?}");
        let mut is_valid = Vec::new();
        for response in responses {
            // One whose code was replaced first is refused.
            if response.status == 400 {
                response.is(400, r#"{"detail":"TOTP_BAD_CODE"}"#);
                continue;
            }
            let codes = codes_in(&response);
            let login = login_with(&app, user.name, PASSWORD, &codes[0]).await;
            is_valid.push(login.status == 200);
            let last = login_with(&app, user.name, PASSWORD, &codes[9]).await;
            assert_eq!(last.status, login.status);
        }
        assert_eq!(is_valid.iter().filter(|valid| **valid).count(), 1, "{is_valid:?}");
    })
    .await;
}
