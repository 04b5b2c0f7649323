//! Races over HTTP (section "Races" of docs/contributing/security.md): concurrent clients may cause every outcome but the insecure
//! one.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum_users::{
    Backend, Bearer, Jwt, Limits, SecretKey, UsersBuilder,
    limits::Limit,
    token::{HmacKey, KeyRing, RotatingKeys},
};
use serde_json::{Value, json};

use super::{
    crowd::{Crowd, ROUNDS, TASKS, count, one_wins},
    reset_token, verify_token,
};
use crate::{
    dice::Dice,
    support::{Http, PASSWORD, Response, Setup, TestApp, User},
};

const NEW: &str = "another long sword";
/// An outdated hash: bcrypt of [`PASSWORD`] with cost 4, which the next login replaces.
const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuuBGRPfwqeaNRgTjtp0jl7wq55sLTgmjK";

async fn login(client: &Http, email: &str, password: &str) -> Response {
    client.post("/auth/jwt/login").form(&[("username", email), ("password", password)]).send().await
}

fn token_of(response: &Response) -> Option<String> {
    (response.status == 200).then(|| response.json()["access_token"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn mails_bounded() {
    let only_by_account = Limits::default().without(Limit::ForgotPassword);
    let builder = Box::new(move |builder: UsersBuilder<User>| builder.limits(only_by_account));
    let app = TestApp::with(Setup { builder, ..Setup::default() }).await;
    app.register("arthur@camelot.bt").await;
    let crowd = Crowd::of(&app).await;
    for _ in 0..ROUNDS / 10 {
        let responses = crowd
            .at_once(|_, client| async move {
                client.post("/auth/forgot-password").json(json!({ "email": "arthur@camelot.bt" })).send().await
            })
            .await;
        assert_eq!(count(&responses), BTreeMap::from([("202 ".to_owned(), TASKS)]));
    }
    app.users.drain(Duration::from_secs(30)).await;
    let mails = app.hooks.names().iter().filter(|name| **name == "on_after_forgot_password").count();
    assert_eq!(mails, 3);
}

/// Returns the key ring of a round: its key signs, and the key of the previous round verifies.
fn ring(round: usize) -> KeyRing {
    let key = |round: usize| {
        let secret = SecretKey::new(format!("the secret of round number {round:0>8}")).unwrap();
        HmacKey::hs256(&secret).unwrap().kid(round.to_string())
    };
    KeyRing::hmac(key(round)).and_hmac(key(round.wrapping_sub(1))).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rotation_is_seamless() {
    let keys = RotatingKeys::new(ring(1));
    let backend = vec![Backend::new("jwt", Bearer, Jwt::new().keys(keys.clone()))];
    let app = TestApp::with(Setup { backend, ..Setup::default() }).await;
    app.register("arthur@camelot.bt").await;
    let crowd = Crowd::of(&app).await;
    let mut held = app.login("arthur@camelot.bt", PASSWORD).await;
    let first = held.clone();
    for round in 2..ROUNDS + 2 {
        let (before, next) = (held.clone(), keys.clone());
        let tokens = crowd
            .at_once(move |number, client| {
                let (held, keys) = (before.clone(), next.clone());
                async move {
                    if number == 0 {
                        keys.replace(ring(round));
                    }
                    let me = client.get("/users/me").bearer(&held).send().await;
                    assert_eq!(me.status, 200, "the previous key verifies: {me:?}");
                    if number % 4 != 1 {
                        return None;
                    }
                    let token = token_of(&login(&client, "arthur@camelot.bt", PASSWORD).await).expect("a login");
                    let me = client.get("/users/me").bearer(&token).send().await;
                    assert_eq!(me.status, 200, "either key may have signed it: {me:?}");
                    Some(token)
                }
            })
            .await;
        // This token is signed by the new key.
        held = app.login("arthur@camelot.bt", PASSWORD).await;
        for token in tokens.into_iter().flatten() {
            assert_eq!(app.me(&token).await.status, 200);
        }
    }
    assert_eq!(app.me(&first).await.status, 401, "its key was removed from the ring");
}

async fn rows(app: &TestApp, email: &str) -> i64 {
    let sql = "SELECT count(*) FROM user WHERE lower(email) = lower($1)";
    sqlx::query_scalar(sql).bind(email).fetch_one(&app.sqlite().await).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn register_one_row() {
    let app = TestApp::start().await;
    let crowd = Crowd::of(&app).await;
    for round in 0..ROUNDS {
        let responses = crowd
            .at_once(|number, client| async move {
                let name = if number % 2 == 0 { "knight" } else { "KNIGHT" };
                let body = json!({ "email": format!("{name}{round}@camelot.bt"), "password": PASSWORD });
                client.post("/auth/register").json(body).send().await
            })
            .await;
        one_wins(&responses, "201", "REGISTER_USER_ALREADY_EXISTS");
        assert_eq!(rows(&app, &format!("knight{round}@camelot.bt")).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reset_token_one_success() {
    let app = TestApp::start().await;
    let crowd = Crowd::of(&app).await;
    app.register("arthur@camelot.bt").await;
    for round in 0..ROUNDS {
        let token = reset_token(&app, "arthur@camelot.bt").await;
        let password = |number: usize| format!("sword {round} of knight {number}");
        let responses = crowd
            .at_once(|number, client| {
                let body = json!({ "token": token, "password": password(number) });
                async move { client.post("/auth/reset-password").json(body).send().await }
            })
            .await;
        one_wins(&responses, "200", "RESET_PASSWORD_BAD_TOKEN");
        let winner = responses.iter().position(|response| response.status == 200).unwrap();
        app.login("arthur@camelot.bt", &password(winner)).await;
        assert_eq!(app.try_login("arthur@camelot.bt", &password((winner + 1) % TASKS)).await.status, 400);
    }
}

/// Logins that upgrade an outdated hash race with a reset. A confirmed reset is never undone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rehash_never_undoes_reset() {
    let app = TestApp::start().await;
    let crowd = Crowd::of(&app).await;
    app.register("arthur@camelot.bt").await;
    let pool = app.sqlite().await;
    let mut confirmed = 0;
    for _ in 0..ROUNDS {
        sqlx::query("UPDATE user SET hashed_password = $1").bind(BCRYPT).execute(&pool).await.unwrap();
        let token = reset_token(&app, "arthur@camelot.bt").await;
        let responses = crowd
            .at_once(|number, client| {
                let body = json!({ "token": token, "password": NEW });
                async move {
                    match number {
                        0 => client.post("/auth/reset-password").json(body).send().await,
                        _ => login(&client, "arthur@camelot.bt", PASSWORD).await,
                    }
                }
            })
            .await;
        let reset = responses[0].status == 200;
        confirmed += usize::from(reset);
        let (holds, fails) = if reset { (NEW, PASSWORD) } else { (PASSWORD, NEW) };
        app.login("arthur@camelot.bt", holds).await;
        assert_eq!(app.try_login("arthur@camelot.bt", fails).await.status, 400, "{:?}", count(&responses));
    }
    assert!(confirmed > 0, "no reset came first, so the race was not tested");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn old_password_login_loses() {
    let app = TestApp::start().await;
    let crowd = Crowd::of(&app).await;
    app.register("arthur@camelot.bt").await;
    let mut password = PASSWORD.to_owned();
    let mut born_old = 0;
    for round in 0..ROUNDS {
        let session = app.login("arthur@camelot.bt", &password).await;
        let next = format!("the {round}th long sword");
        let responses = crowd
            .at_once(|number, client| {
                let (old, session) = (password.clone(), session.clone());
                let body = json!({ "password": next, "current_password": old });
                async move {
                    match number {
                        7 => client.patch("/users/me").bearer(&session).json(body).send().await,
                        _ => login(&client, "arthur@camelot.bt", &old).await,
                    }
                }
            })
            .await;
        assert_eq!(responses[7].status, 200, "{:?}", responses[7]);
        for token in responses.iter().enumerate().filter(|(number, _)| *number != 7).filter_map(|(_, a)| token_of(a)) {
            born_old += 1;
            assert_eq!(app.me(&token).await.status, 401, "a session of the old password is still valid");
        }
        assert_eq!(app.me(&session).await.status, 200, "the session that changed the password is spared");
        password = next;
    }
    assert!(born_old > 0, "no login was in time, so the race was not tested");
}

/// An attacker's session changes the password while the victim resets it. A confirmed reset holds and ends the attacker's session.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_that_a_reset_ended_changes_nothing() {
    let app = TestApp::changing_emails_at_once().await;
    let crowd = Crowd::of(&app).await;
    app.register("arthur@camelot.bt").await;
    let mut password = PASSWORD.to_owned();
    let mut confirmed = 0;
    for round in 0..ROUNDS {
        let attacker = app.login("arthur@camelot.bt", &password).await;
        let token = reset_token(&app, "arthur@camelot.bt").await;
        let new = format!("the {round}th new sword");
        let responses = crowd
            .at_once(|number, client| {
                let attacker = attacker.clone();
                let reset = json!({ "token": token, "password": new });
                async move {
                    match number {
                        0 => client.post("/auth/reset-password").json(reset).send().await,
                        _ if number % 2 == 0 => {
                            let body = json!({ "email": "attacker@cornwall.bt" });
                            client.patch("/users/me").bearer(&attacker).json(body).send().await
                        }
                        _ => {
                            let body = json!({ "password": format!("set by attacker {number}") });
                            client.patch("/users/me").bearer(&attacker).json(body).send().await
                        }
                    }
                }
            })
            .await;
        assert!(responses.iter().all(|response| response.status.as_u16() < 500), "{:?}", count(&responses));
        if responses[0].status == 200 {
            confirmed += 1;
            assert_eq!(app.me(&attacker).await.status, 401, "{:?}", count(&responses));
            app.login("arthur@camelot.bt", &new).await;
        } else {
            // The attacker came first, which the server cannot tell from the owner: restore the account programmatically.
            let email =
                if rows(&app, "arthur@camelot.bt").await == 1 { "arthur@camelot.bt" } else { "attacker@cornwall.bt" };
            let user = app.stored(email).await;
            let change = json!({ "email": "arthur@camelot.bt", "password": new });
            app.users.update(user, serde_json::from_value(change).unwrap()).await.unwrap();
        }
        password = new;
    }
    assert!(confirmed > 0, "no reset came first, so the race was not tested");
}

/// An attacker's session changes the password and address while a superuser disables the account. In every order, no session
/// is valid afterwards, nor after the account is enabled again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_that_was_ended_spares_itself_never() {
    let app = TestApp::changing_emails_at_once().await;
    let crowd = Crowd::of(&app).await;
    let king = app.superuser("uther@camelot.bt").await;
    let path = format!("/users/{}", app.register("arthur@camelot.bt").await["id"].as_str().unwrap());
    let back = json!({ "email": "arthur@camelot.bt", "password": PASSWORD });
    let mut refused = 0;
    for _ in 0..ROUNDS {
        let mut attackers = Vec::new();
        for _ in 0..TASKS {
            attackers.push(app.login("arthur@camelot.bt", PASSWORD).await);
        }
        let responses = crowd
            .at_once(|number, client| {
                let (king, path, attacker) = (king.clone(), path.clone(), attackers[number].clone());
                async move {
                    match number {
                        0 => client.patch(&path).bearer(&king).json(json!({ "is_active": false })).send().await,
                        _ if number % 4 == 1 => client.delete("/auth/sessions").bearer(&attacker).send().await,
                        _ if number % 4 == 0 => {
                            let body = json!({ "email": "attacker@cornwall.bt" });
                            client.patch("/users/me").bearer(&attacker).json(body).send().await
                        }
                        _ => {
                            let body = json!({ "password": format!("set by attacker {number}") });
                            client.patch("/users/me").bearer(&attacker).json(body).send().await
                        }
                    }
                }
            })
            .await;
        assert!(
            responses.iter().all(|response| [200, 204, 400, 401].contains(&response.status.as_u16())),
            "{:?}",
            count(&responses)
        );
        assert_eq!(responses[0].status, 200, "{:?}", responses[0]);
        refused += responses.iter().filter(|response| response.status == 400).count();
        assert_eq!(app.patch(&path).bearer(&king).json(json!({ "is_active": true })).send().await.status, 200);
        for attacker in &attackers {
            assert_eq!(app.me(attacker).await.status, 401, "{:?}", count(&responses));
        }
        assert_eq!(app.patch(&path).bearer(&king).json(back.clone()).send().await.status, 200);
    }
    assert!(refused > 0, "no change was in flight, so the race was not tested");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn email_change_one_winner() {
    let app = TestApp::changing_emails_at_once().await;
    let crowd = Crowd::of(&app).await;
    let mut sessions = Vec::new();
    for number in 0..TASKS {
        sessions.push(app.member(&format!("knight{number}@camelot.bt")).await);
    }
    for round in 0..ROUNDS {
        let responses = crowd
            .at_once(|number, client| {
                let session = sessions[number].clone();
                let body = json!({ "email": format!("grail{round}@camelot.bt") });
                async move { client.patch("/users/me").bearer(&session).json(body).send().await }
            })
            .await;
        one_wins(&responses, "200", "UPDATE_USER_EMAIL_ALREADY_EXISTS");
        assert_eq!(rows(&app, &format!("grail{round}@camelot.bt")).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn verify_never_covers_new_address() {
    let app = TestApp::changing_emails_at_once().await;
    let crowd = Crowd::of(&app).await;
    for round in 0..ROUNDS {
        let own = format!("own{round}@camelot.bt");
        let foreign = format!("foreign{round}@camelot.bt");
        let session = app.member(&own).await;
        let token = verify_token(&app, &own).await;
        let responses = crowd
            .at_once(|number, client| {
                let (session, change) = (session.clone(), json!({ "email": foreign }));
                let verify = json!({ "token": token });
                async move {
                    match number % 2 {
                        0 => client.post("/auth/verify").json(verify).send().await,
                        _ => client.patch("/users/me").bearer(&session).json(change).send().await,
                    }
                }
            })
            .await;
        assert!(responses.iter().all(|response| response.status.as_u16() < 500), "{:?}", count(&responses));
        let user = app.stored(&foreign).await;
        assert!(!user.is_verified, "verified an unproven address: {:?}", count(&responses));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn register_vs_email_change() {
    let app = TestApp::changing_emails_at_once().await;
    let crowd = Crowd::of(&app).await;
    let mut sessions = Vec::new();
    for number in 0..TASKS {
        sessions.push(app.member(&format!("knight{number}@camelot.bt")).await);
    }
    for round in 0..ROUNDS {
        let email = format!("grail{round}@camelot.bt");
        let responses = crowd
            .at_once(|number, client| {
                let (session, email) = (sessions[number].clone(), email.clone());
                async move {
                    match number % 2 {
                        0 => {
                            let body = json!({ "email": email, "password": PASSWORD });
                            client.post("/auth/register").json(body).send().await
                        }
                        _ => client.patch("/users/me").bearer(&session).json(json!({ "email": email })).send().await,
                    }
                }
            })
            .await;
        assert_eq!(
            responses.iter().filter(|response| response.status.is_success()).count(),
            1,
            "{:?}",
            count(&responses)
        );
        assert!(
            responses.iter().all(|response| response.status.is_success() || response.status == 400),
            "{:?}",
            count(&responses)
        );
        assert_eq!(rows(&app, &email).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn disable_vs_login() {
    let app = TestApp::start().await;
    let crowd = Crowd::of(&app).await;
    let king = app.superuser("uther@camelot.bt").await;
    let path = format!("/users/{}", app.register("mordred@camelot.bt").await["id"].as_str().unwrap());
    let mut born = 0;
    for _ in 0..ROUNDS {
        let before = app.login("mordred@camelot.bt", PASSWORD).await;
        let responses = crowd
            .at_once(|number, client| {
                let (king, path) = (king.clone(), path.clone());
                async move {
                    match number {
                        5 => client.patch(&path).bearer(&king).json(json!({ "is_active": false })).send().await,
                        _ => login(&client, "mordred@camelot.bt", PASSWORD).await,
                    }
                }
            })
            .await;
        assert_eq!(responses[5].status, 200);
        let tokens: Vec<_> = responses
            .iter()
            .filter_map(|response| response.json()["access_token"].as_str().map(str::to_owned))
            .collect();
        born += tokens.len();
        for token in tokens.iter().chain([&before]) {
            assert_eq!(app.me(token).await.status, 401);
        }
        assert_eq!(app.try_login("mordred@camelot.bt", PASSWORD).await.status, 400);
        // Enabling the user does not revive any of them.
        assert_eq!(app.patch(&path).bearer(&king).json(json!({ "is_active": true })).send().await.status, 200);
        for token in tokens.iter().chain([&before]) {
            assert_eq!(app.me(token).await.status, 401, "an old session was revived");
        }
    }
    assert!(born > 0, "no login was in time, so the race was not tested");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn delete_vs_everything() {
    let app = TestApp::start().await;
    let crowd = Crowd::of(&app).await;
    let king = app.superuser("uther@camelot.bt").await;
    let pool = app.sqlite().await;
    for round in 0..ROUNDS {
        let email = format!("mordred{round}@camelot.bt");
        let id = app.register(&email).await["id"].as_str().unwrap().to_owned();
        let session = app.login(&email, PASSWORD).await;
        let reset = reset_token(&app, &email).await;
        let verify = verify_token(&app, &email).await;
        let responses = crowd
            .at_once(|number, client| {
                let (king, path, session, email) =
                    (king.clone(), format!("/users/{id}"), session.clone(), email.clone());
                let (reset, verify) = (reset.clone(), verify.clone());
                async move {
                    match number {
                        0 | 8 => client.delete(&path).bearer(&king).send().await,
                        1 | 9 => login(&client, &email, PASSWORD).await,
                        2 => client.get("/users/me").bearer(&session).send().await,
                        3 => {
                            let body = json!({ "password": NEW, "current_password": PASSWORD });
                            client.patch("/users/me").bearer(&session).json(body).send().await
                        }
                        4 => {
                            let body = json!({ "token": reset, "password": "the third sword" });
                            client.post("/auth/reset-password").json(body).send().await
                        }
                        5 => client.post("/auth/verify").json(json!({ "token": verify })).send().await,
                        6 => client.post("/auth/jwt/logout").bearer(&session).send().await,
                        7 => client.post("/auth/forgot-password").json(json!({ "email": email })).send().await,
                        10 => client.patch(&path).bearer(&king).json(json!({ "is_active": false })).send().await,
                        11 => client.get(&path).bearer(&king).send().await,
                        12 => client.post("/auth/request-verify-token").json(json!({ "email": email })).send().await,
                        13 => {
                            let body = json!({ "email": format!("x{email}") });
                            client.patch("/users/me").bearer(&session).json(body).send().await
                        }
                        _ => client.patch(&path).bearer(&king).json(json!({ "quota": number })).send().await,
                    }
                }
            })
            .await;
        for (number, response) in responses.iter().enumerate() {
            let status = response.status.as_u16();
            assert!([200, 202, 204, 400, 401, 404].contains(&status), "{number}: {response:?}");
        }
        let deleted = [&responses[0], &responses[8]].iter().filter(|response| response.status == 204).count();
        assert_eq!(deleted, 1, "{:?}", count(&responses));
        assert_eq!(app.get(&format!("/users/{id}")).bearer(&king).send().await.status, 404);
        assert_eq!(app.me(&session).await.status, 401);
        let orphans: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM user_token_state WHERE user_id IS NOT NULL AND user_id NOT IN (SELECT id FROM user)",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        assert_eq!(orphans, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn patches_do_not_lose_updates() {
    let app = TestApp::start().await;
    let crowd = Crowd::of(&app).await;
    let king = app.superuser("uther@camelot.bt").await;
    let session = app.member("arthur@camelot.bt").await;
    let path = format!("/users/{}", app.stored("arthur@camelot.bt").await.id);
    for round in 0..ROUNDS {
        let responses = crowd
            .at_once(|number, client| {
                let (king, session, path) = (king.clone(), session.clone(), path.clone());
                async move {
                    match number % 4 {
                        0 => {
                            let body = json!({ "first_name": format!("Arthur {round}") });
                            client.patch("/users/me").bearer(&session).json(body).send().await
                        }
                        1 => client.patch(&path).bearer(&king).json(json!({ "quota": round })).send().await,
                        2 => {
                            let body = json!({ "is_verified": round % 2 == 0 });
                            client.patch(&path).bearer(&king).json(body).send().await
                        }
                        _ => {
                            client
                                .patch(&path)
                                .bearer(&king)
                                .json(json!({ "is_superuser": round % 2 == 1 }))
                                .send()
                                .await
                        }
                    }
                }
            })
            .await;
        assert!(responses.iter().all(|response| response.status == 200), "{:?}", count(&responses));
        let user = app.stored("arthur@camelot.bt").await;
        assert_eq!(user.first_name, Some(format!("Arthur {round}")));
        assert_eq!(user.quota, i64::try_from(round).unwrap());
        assert_eq!((user.is_verified, user.is_superuser), (round % 2 == 0, round % 2 == 1));
    }
}

/// Mixed operations on few accounts: no call hangs and none fails with a server error.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stress_no_deadlock() {
    let app = TestApp::with(Setup::default()).await;
    let crowd = Crowd::of(&app).await;
    let king = app.superuser("uther@camelot.bt").await;
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(app.register(&format!("knight{number}@camelot.bt")).await["id"].as_str().unwrap().to_owned());
    }
    let ids = Arc::new(ids);
    let worked = crowd
        .at_once(|number, client| {
            let (king, ids) = (king.clone(), Arc::clone(&ids));
            async move {
                let mut dice = Dice::new(number as u64 + 7);
                let mut worked = 0_usize;
                for step in 0..40 {
                    let knight = dice.below(ids.len());
                    let email = format!("knight{knight}@camelot.bt");
                    let path = format!("/users/{}", ids[knight]);
                    let call = async {
                        match dice.below(6) {
                            0 => client.patch(&path).bearer(&king).json(json!({ "quota": step })).send().await,
                            1 => client.patch(&path).bearer(&king).json(json!({ "password": PASSWORD })).send().await,
                            2 => client.get(&path).bearer(&king).send().await,
                            3 => client.post("/auth/forgot-password").json(json!({ "email": email })).send().await,
                            4 => {
                                let body: Value =
                                    json!({ "email": format!("new{number}-{step}@camelot.bt"), "password": PASSWORD });
                                client.post("/auth/register").json(body).send().await
                            }
                            _ => {
                                let response = login(&client, &email, PASSWORD).await;
                                if let Some(token) = token_of(&response) {
                                    client
                                        .patch("/users/me")
                                        .bearer(&token)
                                        .json(json!({ "first_name": step.to_string() }))
                                        .send()
                                        .await;
                                    client.post("/auth/jwt/logout").bearer(&token).send().await;
                                }
                                response
                            }
                        }
                    };
                    let response =
                        tokio::time::timeout(Duration::from_secs(30), call).await.expect("a response in time");
                    let status = response.status.as_u16();
                    assert!(status < 500 || status == 503, "{response:?}");
                    worked += usize::from(status < 500);
                }
                worked
            }
        })
        .await;
    let worked: usize = worked.iter().sum();
    assert!(worked > TASKS * 40 * 9 / 10, "only {worked} calls succeeded");
}
