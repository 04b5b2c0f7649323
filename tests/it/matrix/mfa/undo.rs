//! Undone changes of the address: a second factor of the attacker is removed, and one of the owner stays.

use axum_users::{env::Clock as _, testing::AuthenticatorApp};
use serde_json::json;

use super::{
    REQUIRED, app_of, codes_in,
    devices::{device_in, login_and_remember, login_from, remembering},
    enroll, enrolled, login_with, optional, post, succeeded, verified,
};
use crate::{
    matrix::{app::Service, everywhere_as},
    support::PASSWORD,
};

const OTHER: &str = "another long sword";
const DAY: u64 = 24 * 3600;

/// Enrolls an app in a session, and returns it with the recovery codes.
async fn enroll_in(app: &Service, session: &str) -> (AuthenticatorApp, Vec<String>) {
    let authenticator = app_of(&enroll(app, session).await);
    let code = authenticator.code(app.clock.now());
    let confirmed = post(app, "/auth/totp/confirm", session, json!({ "code": code })).await;
    (authenticator, codes_in(&confirmed))
}

/// When the attacker sets up a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    BeforeTheRequest,
    AfterTheRequest,
    AfterTheConfirmation,
}

#[tokio::test]
async fn an_undone_change_of_the_address_removes_the_second_factor_of_the_thief() {
    everywhere_as(optional(), |app| async move {
        let moments = [When::BeforeTheRequest, When::AfterTheRequest, When::AfterTheConfirmation];
        for (number, when) in moments.into_iter().enumerate() {
            let name = format!("victim{number}");
            verified(&app, &name).await;
            let thief = app.login(&name, PASSWORD).await;
            let mut set_up = None;
            if when == When::BeforeTheRequest {
                set_up = Some(enroll_in(&app, &thief).await);
                app.advance(DAY - 60);
            }
            let thief = match &set_up {
                Some((authenticator, _)) => {
                    login_with(&app, &name, PASSWORD, &authenticator.code(app.clock.now())).await.access_token()
                }
                None => thief,
            };
            let (token, undo) = app.change_email(&thief, &format!("thief{number}")).await;
            if when == When::AfterTheRequest {
                set_up = Some(enroll_in(&app, &thief).await);
            }
            // Enrolling ends the other sessions, and with them the token of the new address.
            let is_confirmed = app.confirm_email(&token).await.status == 200;
            assert_eq!(is_confirmed, when != When::AfterTheRequest);
            if when == When::AfterTheConfirmation {
                set_up = Some(enroll_in(&app, &thief).await);
            }
            let (_, recovery_codes) = set_up.unwrap();
            app.advance(6 * DAY);

            assert_eq!(app.undo_email(&undo).await.status, 200, "{when:?}");
            let reset = app.reset_token(&name).await;
            app.reset(&reset, OTHER).await.is(200, "null");
            let owner = app.login(&name, OTHER).await;
            let none = json!({ "enrolled": false, "required": false, "recovery_codes_left": 0 });
            assert_eq!(app.see("/auth/totp", &owner).await.json(), none, "{when:?}");
            // The owner sets up an app of their own; the codes of the attacker are invalid.
            let (authenticator, _) = enroll_in(&app, &owner).await;
            app.try_login(&name, OTHER).await.is(400, REQUIRED);
            let old = login_with(&app, &name, OTHER, &recovery_codes[0]).await;
            old.is(400, r#"{"detail":"LOGIN_MFA_BAD_CODE"}"#);
            app.advance(30);
            succeeded(&login_with(&app, &name, OTHER, &authenticator.code(app.clock.now())).await);
        }
    })
    .await;
}

#[tokio::test]
async fn an_undone_change_of_the_address_keeps_a_second_factor_that_was_there_before() {
    everywhere_as(remembering(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        app.advance(DAY + 1);
        let login = login_and_remember(&app, user.name, &user.code(&app)).await;
        let device = device_in(&login).unwrap();
        let thief = login_from(&app, user.name, PASSWORD, &device).await.access_token();
        let (token, undo) = app.change_email(&thief, "mordred").await;
        assert_eq!(app.confirm_email(&token).await.status, 200);
        assert_eq!(app.undo_email(&undo).await.status, 200);
        let reset = app.reset_token(user.name).await;
        app.reset(&reset, OTHER).await.is(200, "null");
        // Neither the mailbox nor a device that the attacker made known replaces the code.
        app.try_login(user.name, OTHER).await.is(400, REQUIRED);
        login_from(&app, user.name, OTHER, &device).await.is(400, REQUIRED);
        let owner = login_with(&app, user.name, OTHER, &user.next_code(&app)).await.access_token();
        assert_eq!(app.see("/auth/totp", &owner).await.json()["recovery_codes_left"], 10);
        succeeded(&login_with(&app, user.name, OTHER, &user.recovery_codes[0]).await);
    })
    .await;
}
