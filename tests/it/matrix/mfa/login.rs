//! Logins of users who have a second factor.

use std::{collections::BTreeSet, future::Future};

use axum_users::{Mfa, env::Clock as _, limits::Limit};
use chrono::TimeDelta;
use serde_json::json;

use super::{
    BAD_CODE, Plan, REQUIRED, codes_in, enrolled, limited, login_with, optional, refused_by, succeeded, verified,
};
use crate::{
    matrix::{app::Service, combination::Combination, everywhere_as, run_matrix},
    security::crowd::together,
    support::{Carrier, PASSWORD, Response},
};

const BAD_CREDENTIALS: &str = r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#;
const OTHER: &str = "another long sword";

#[tokio::test]
async fn no_token_without_code() {
    everywhere_as(optional(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        for missing in [app.try_login(user.name, PASSWORD).await, login_with(&app, user.name, PASSWORD, "").await] {
            missing.is(400, REQUIRED);
            assert!(missing.headers.get("set-cookie").is_none());
        }
        for otp in [user.wrong_code(&app).as_str(), "x", "12345", "1234567", &"9".repeat(10_000), "\u{661}23456"] {
            let refused = login_with(&app, user.name, PASSWORD, otp).await;
            refused.is(400, BAD_CODE);
            assert!(refused.headers.get("set-cookie").is_none());
        }
        let otp = user.next_code(&app);
        let session = login_with(&app, user.name, PASSWORD, &format!(" {} {} ", &otp[..3], &otp[3..])).await;
        app.assert_valid(&session.access_token()).await;
        // Nothing changes for users who have not enrolled, whatever they send.
        verified(&app, "kay").await;
        app.assert_valid(&login_with(&app, "kay", PASSWORD, "123456").await.access_token()).await;
        app.assert_valid(&app.login("kay", PASSWORD).await).await;
    })
    .await;
}

#[tokio::test]
async fn bound_to_the_login() {
    everywhere_as(optional(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        let other = enrolled(&app, "kay").await;
        let otp = user.next_code(&app);
        // A right code without the right password reveals nothing, and is not used up.
        login_with(&app, user.name, OTHER, &otp).await.is(400, BAD_CREDENTIALS);
        app.try_login(user.name, OTHER).await.is(400, BAD_CREDENTIALS);
        login_with(&app, "nobody", PASSWORD, &otp).await.is(400, BAD_CREDENTIALS);
        // Neither the code nor a recovery code of another user.
        login_with(&app, other.name, PASSWORD, &otp).await.is(400, BAD_CODE);
        login_with(&app, other.name, PASSWORD, &user.recovery_codes[0]).await.is(400, BAD_CODE);
        app.assert_valid(&login_with(&app, user.name, PASSWORD, &otp).await.access_token()).await;
    })
    .await;
}

#[tokio::test]
async fn code_works_once() {
    everywhere_as(optional(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        // The code of the confirmation is used, and the one before it is then too old.
        login_with(&app, user.name, PASSWORD, &user.code(&app)).await.is(400, BAD_CODE);
        let previous = user.authenticator.code(app.clock.now() - TimeDelta::seconds(30));
        login_with(&app, user.name, PASSWORD, &previous).await.is(400, BAD_CODE);
        let otp = user.next_code(&app);
        succeeded(&login_with(&app, user.name, PASSWORD, &otp).await);
        login_with(&app, user.name, PASSWORD, &otp).await.is(400, BAD_CODE);
        let node = app.another().await;
        login_with(&node, user.name, PASSWORD, &otp).await.is(400, BAD_CODE);
        let code = &user.recovery_codes[3];
        succeeded(&login_with(&app, user.name, PASSWORD, code).await);
        login_with(&node, user.name, PASSWORD, code).await.is(400, BAD_CODE);
    })
    .await;
}

#[tokio::test]
async fn outside_window_refused() {
    everywhere_as(optional(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        app.advance(600);
        let now = app.clock.now();
        let at = |seconds| user.authenticator.code(now + TimeDelta::seconds(seconds));
        for (seconds, is_accepted) in [(-60, false), (30, false), (60, false), (-30, true), (0, true)] {
            let response = login_with(&app, user.name, PASSWORD, &at(seconds)).await;
            assert_eq!(response.status.is_success(), is_accepted, "{seconds}: {response:?}");
        }
    })
    .await;
    let strict = Plan { mfa: Some(Mfa::optional().strict_window()), ..Plan::default() };
    everywhere_as(strict, |app| async move {
        let user = enrolled(&app, "arthur").await;
        app.advance(600);
        let previous = user.authenticator.code(app.clock.now() - TimeDelta::seconds(30));
        login_with(&app, user.name, PASSWORD, &previous).await.is(400, BAD_CODE);
        succeeded(&login_with(&app, user.name, PASSWORD, &user.code(&app)).await);
    })
    .await;
}

#[tokio::test]
async fn code_guessing_limited() {
    everywhere_as(limited(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        let other = enrolled(&app, "kay").await;
        app.advance(30);
        // A client that does not know the password cannot use up the limit.
        for _ in 0..10 {
            login_with(&app, user.name, OTHER, "000000").await.is(400, BAD_CREDENTIALS);
        }
        // Right codes and missing ones are not counted.
        app.try_login(user.name, PASSWORD).await.is(400, REQUIRED);
        succeeded(&login_with(&app, user.name, PASSWORD, &user.code(&app)).await);
        for _ in 0..5 {
            login_with(&app, user.name, PASSWORD, &user.wrong_code(&app)).await.is(400, BAD_CODE);
        }
        for otp in [user.wrong_code(&app), user.code(&app), other.recovery_codes[0].clone(), "x".to_owned()] {
            refused_by(Limit::SecondFactor, &login_with(&app, user.name, PASSWORD, &otp).await);
        }
        // A recovery code cannot be guessed, so its owner can log in while somebody else guesses.
        succeeded(&login_with(&app, user.name, PASSWORD, &user.recovery_codes[0]).await);
        refused_by(Limit::SecondFactor, &login_with(&app, user.name, PASSWORD, &user.recovery_codes[0]).await);
        // The password is not locked, and neither is anybody else.
        app.try_login(user.name, PASSWORD).await.is(400, REQUIRED);
        app.try_login(user.name, OTHER).await.is(400, BAD_CREDENTIALS);
        succeeded(&login_with(&app, other.name, PASSWORD, &other.code(&app)).await);
        app.advance(900);
        succeeded(&login_with(&app, user.name, PASSWORD, &user.code(&app)).await);
    })
    .await;
}

/// Guesses as fast as the limit of 15 minutes allows, until the long-term limit is reached.
async fn guess_all_day<F: Future<Output = Response>>(app: &Service, guess: impl Fn() -> F) {
    for _ in 0..2 {
        for _ in 0..5 {
            assert_eq!(guess().await.status, 400);
        }
        app.advance(900);
    }
}

#[tokio::test]
async fn code_guessing_is_limited_over_a_long_time() {
    everywhere_as(limited(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        let login = async |otp: &str| login_with(&app, user.name, PASSWORD, otp).await;
        guess_all_day(&app, || async { login(&user.wrong_code(&app)).await }).await;
        for otp in [user.wrong_code(&app), user.code(&app)] {
            refused_by(Limit::SecondFactorLongTerm, &login(&otp).await);
        }
        succeeded(&login(&user.recovery_codes[0]).await);
        // Ten in three hours, and then one more every three hours. Right ones are not counted.
        app.advance(3 * 3600 - 1801);
        refused_by(Limit::SecondFactorLongTerm, &login(&user.code(&app)).await);
        app.advance(1);
        for _ in 0..3 {
            succeeded(&login(&user.next_code(&app)).await);
        }
        login(&user.wrong_code(&app)).await.is(400, BAD_CODE);
        refused_by(Limit::SecondFactorLongTerm, &login(&user.wrong_code(&app)).await);
        app.advance(3 * 3600);
        login(&user.wrong_code(&app)).await.is(400, BAD_CODE);
        refused_by(Limit::SecondFactorLongTerm, &login(&user.wrong_code(&app)).await);
    })
    .await;
}

#[tokio::test]
async fn a_session_cannot_use_up_the_limits_of_logins_and_logins_not_those_of_sessions() {
    everywhere_as(limited(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        let prove = async |otp: String| {
            super::post(&app, "/auth/it/reauthenticate", &user.session, json!({ "otp": otp })).await
        };
        let renew =
            async |code: &str| super::post(&app, "/auth/recovery-codes", &user.session, json!({ "code": code })).await;
        for _ in 0..5 {
            prove(user.wrong_code(&app)).await.is(400, r#"{"detail":"REAUTHENTICATE_BAD_CREDENTIALS"}"#);
        }
        refused_by(Limit::SecondFactorInSession, &prove(user.wrong_code(&app)).await);
        refused_by(Limit::SecondFactorInSession, &renew(&user.wrong_code(&app)).await);
        app.advance(900);
        for _ in 0..5 {
            renew(&user.wrong_code(&app)).await.is(400, r#"{"detail":"TOTP_BAD_CODE"}"#);
        }
        app.advance(900);
        refused_by(Limit::SecondFactorInSessionLongTerm, &prove(user.next_code(&app)).await);
        refused_by(Limit::SecondFactorInSessionLongTerm, &renew(&user.code(&app)).await);
        succeeded(&login_with(&app, user.name, PASSWORD, &user.code(&app)).await);
        // A recovery code cannot be guessed, so it is accepted here as well.
        let codes = codes_in(&renew(&user.recovery_codes[0]).await);
        prove(codes[0].clone()).await.is(204, "");

        let other = enrolled(&app, "kay").await;
        guess_all_day(&app, || async { login_with(&app, other.name, PASSWORD, &other.wrong_code(&app)).await }).await;
        refused_by(Limit::SecondFactorLongTerm, &login_with(&app, other.name, PASSWORD, &other.next_code(&app)).await);
        let proof = json!({ "otp": other.code(&app) });
        super::post(&app, "/auth/it/reauthenticate", &other.session, proof).await.is(204, "");
    })
    .await;
}

#[tokio::test]
async fn reset_keeps_second_factor() {
    everywhere_as(optional(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        let token = app.reset_token(user.name).await;
        app.reset(&token, OTHER).await.is(200, "null");
        app.assert_invalid(&user.session).await;
        app.try_login(user.name, OTHER).await.is(400, REQUIRED);
        let otp = user.next_code(&app);
        app.assert_valid(&login_with(&app, user.name, OTHER, &otp).await.access_token()).await;
        succeeded(&login_with(&app, user.name, OTHER, &user.recovery_codes[0]).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn mfa_code_one_success() {
    const AT_ONCE: usize = 50;
    let bearer = |combination: &Combination| combination.transport == Carrier::Bearer;
    run_matrix(bearer, optional(), |app| async move {
        let user = enrolled(&app, "arthur").await;
        for otp in [user.next_code(&app), user.recovery_codes[0].clone()] {
            let responses = together(AT_ONCE, |_| {
                let (client, mail, otp) = (app.another_client(), app.mail(user.name), otp.clone());
                async move {
                    let form = [("username", mail.as_str()), ("password", PASSWORD), ("otp", otp.as_str())];
                    client.post("/auth/it/login").form(&form).send().await
                }
            })
            .await;
            let won = responses.iter().filter(|response| response.status == 200).count();
            let lost = responses.iter().filter(|response| response.text() == BAD_CODE).count();
            assert_eq!((won, lost), (1, AT_ONCE - 1), "{responses:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn secret_entropy() {
    everywhere_as(optional(), |app| async move {
        verified(&app, "arthur").await;
        let session = app.login("arthur", PASSWORD).await;
        let mut seen = BTreeSet::new();
        for _ in 0..20 {
            let secret = super::enroll(&app, &session).await.json()["secret"].as_str().unwrap().to_owned();
            // 160 bits in base32.
            assert_eq!(secret.len(), 32);
            assert!(seen.insert(secret));
        }
        for user in [enrolled(&app, "kay").await, enrolled(&app, "bors").await] {
            assert_eq!(user.recovery_codes.len(), 10);
            for code in user.recovery_codes {
                // 128 bits in base32.
                assert_eq!(code.replace('-', "").len(), 26);
                assert!(seen.insert(code));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn no_plain_secret_in_database() {
    everywhere_as(Plan { alone: true, ..optional() }, |app| async move {
        verified(&app, "kay").await;
        let session = app.login("kay", PASSWORD).await;
        let pending = super::enroll(&app, &session).await.json()["secret"].as_str().unwrap().to_owned();
        let user = enrolled(&app, "arthur").await;
        let mut dump = app.dump().await;
        dump.extend(app.database().texts("SELECT seed FROM user_second_factor").await);
        dump.extend(app.database().texts("SELECT code FROM user_recovery_code").await);
        assert!(dump.iter().any(|text| text.starts_with("axum-users/v1/")), "the seeds are there");
        for text in &dump {
            assert!(!text.contains(&pending), "{text}");
            for code in &user.recovery_codes {
                let plain = code.replace('-', "");
                assert!(!text.contains(code) && !text.to_lowercase().contains(&plain), "{text}");
            }
            // Stored values cannot be used as credentials.
            login_with(&app, user.name, PASSWORD, text).await.is(400, BAD_CODE);
        }
    })
    .await;
}

#[tokio::test]
async fn a_seed_that_was_moved_to_another_user_is_of_no_use() {
    everywhere_as(Plan { alone: true, ..optional() }, |app| async move {
        let victim = enrolled(&app, "arthur").await;
        let attacker = enrolled(&app, "mordred").await;
        let id_of =
            |name| format!("(SELECT id FROM {} WHERE email = '{}')", app.database().quoted("user"), app.mail(name));
        let seed = format!("SELECT seed FROM user_second_factor WHERE user_id = {}", id_of(attacker.name));
        let seed = app.database().texts(&seed).await.remove(0);
        let moved = format!("UPDATE user_second_factor SET seed = '{seed}' WHERE user_id = {}", id_of(victim.name));
        app.database().run(&moved).await;
        let otp = attacker.next_code(&app);
        let refused = login_with(&app, victim.name, PASSWORD, &otp).await;
        refused.is(500, r#"{"detail":"Internal Server Error"}"#);
        // A recovery code restores access.
        succeeded(&login_with(&app, victim.name, PASSWORD, &victim.recovery_codes[0]).await);
    })
    .await;
}
