//! Second factors at logins without a password.

use serde_json::{Value, json};

use super::{BAD_CODE, Plan, REQUIRED, enrolled, optional};
use crate::{
    matrix::{email_code, everywhere_as, magic_link},
    support::{Http, Response},
};

const BAD_LINK: &str = r#"{"detail":"MAGIC_LINK_BAD_TOKEN"}"#;
const BAD_MAILED_CODE: &str = r#"{"detail":"EMAIL_CODE_BAD_CODE"}"#;

fn by_mail() -> Plan {
    Plan { by_mail: true, ..optional() }
}

async fn redeem(http: &Http, token: &str, otp: &Value) -> Response {
    http.post("/auth/it/magic-link/redeem").json(json!({ "token": token, "otp": otp })).send().await
}

#[tokio::test]
async fn a_mailed_link_needs_the_second_factor_and_is_used_up_with_it() {
    everywhere_as(by_mail(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        let link = magic_link::link(&app, "arthur").await;
        magic_link::redeem(&app, &link).await.is(400, REQUIRED);
        redeem(&app, &link, &Value::Null).await.is(400, REQUIRED);
        redeem(&app, &link, &json!(user.wrong_code(&app))).await.is(400, BAD_CODE);
        // A code reveals nothing without a link.
        let otp = json!(user.next_code(&app));
        redeem(&app, &format!("{link}x"), &otp).await.is(400, BAD_LINK);
        let session = redeem(&app, &link, &otp).await.access_token();
        app.assert_valid(&session).await;
        if app.combination.strategy.keeps_sessions() {
            let listed = app.see("/auth/sessions", &session).await.json();
            let current = listed.as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
            assert_eq!(current["amr"], json!(["otp", "email"]));
        }
        redeem(&app, &link, &json!(user.next_code(&app))).await.is(400, BAD_LINK);
    })
    .await;
}

#[tokio::test]
async fn a_mailed_code_needs_the_second_factor_and_is_used_up_with_it() {
    everywhere_as(by_mail(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        let (asked, code) = email_code::code(&app, "arthur").await;
        asked.send_with(&app, json!({ "code": code })).await.is(400, REQUIRED);
        asked.send_with(&app, json!({ "code": code, "otp": user.wrong_code(&app) })).await.is(400, BAD_CODE);
        let right = json!({ "code": code, "otp": user.next_code(&app) });
        app.assert_valid(&asked.send_with(&app, right).await.access_token()).await;
        let again = json!({ "code": code, "otp": user.next_code(&app) });
        asked.send_with(&app, again).await.is(400, BAD_MAILED_CODE);
    })
    .await;
}

#[cfg(feature = "passkeys")]
#[tokio::test]
async fn a_passkey_is_two_factors_by_itself_and_is_added_with_the_second_factor_only() {
    use super::{enroll, login_with, verified};
    use crate::{matrix::passkeys, support::PASSWORD};
    const MFA_REQUIRED: &str = r#"{"detail":"MFA_REQUIRED"}"#;
    everywhere_as(Plan { passkeys: true, ..optional() }, |app| async move {
        let user = enrolled(&app, "arthur").await;
        // A session in which the second factor was not verified must not add another one.
        let row = app.stored_user(user.name).await;
        let unproved = app.users.sign_in(&row, "it").await.unwrap().token.secret().to_owned();
        app.with(app.post("/auth/passkeys/register"), &unproved).send().await.is(403, MFA_REQUIRED);
        let proved = login_with(&app, user.name, PASSWORD, &user.next_code(&app)).await.access_token();
        let mut key = passkeys::add(&app, &proved, 1).await;
        let session = passkeys::log_in(&app, &mut key).await;
        app.assert_valid(&session).await;
        app.try_login(user.name, PASSWORD).await.is(400, REQUIRED);

        // Nor for an account whose second factor is a passkey.
        verified(&app, "kay").await;
        let of_password = app.login("kay", PASSWORD).await;
        let mut key = passkeys::add(&app, &of_password, 2).await;
        enroll(&app, &of_password).await.is(403, MFA_REQUIRED);
        let of_passkey = passkeys::log_in(&app, &mut key).await;
        assert_eq!(enroll(&app, &of_passkey).await.status, 200);
    })
    .await;
}
