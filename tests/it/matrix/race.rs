//! Races that concern sessions, on every database with every strategy; how a token travels does not matter to them.
//!
//! Three rounds in the ordinary run, or as many as `RACE_ROUNDS` says: `RACE_ROUNDS=50` is what docs/contributing/security.md speaks of.

use std::env;

use serde_json::json;

use super::{
    Plan, Service,
    combination::{Combination, Ends},
    wherever,
};
use crate::{
    security::crowd::{Crowd, TASKS, count, one_wins},
    support::{Answer, Carrier, Http, PASSWORD},
};

const NEW: &str = "another long sword";

fn rounds() -> usize {
    env::var("RACE_ROUNDS").map_or(3, |rounds| rounds.parse().expect("RACE_ROUNDS is a number"))
}

/// Once for a database and a strategy.
async fn everywhere<F: Future<Output = ()> + Send + 'static>(story: impl Fn(Service) -> F + Send + Sync + 'static) {
    let bearer = |combination: &Combination| combination.transport == Carrier::Bearer;
    // A crowd that logs in is beyond the cap; what that ends has a test of its own.
    let ends = Ends { at_most: Some(10_000), ..Ends::default() };
    wherever(bearer, Plan { ends, ..Plan::default() }, story).await;
}

async fn login(client: &Http, email: &str, password: &str) -> Answer {
    client.post("/auth/it/login").form(&[("username", email), ("password", password)]).send().await
}

fn token_of(answer: &Answer) -> Option<String> {
    (answer.status == 200).then(|| answer.access_token())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn register_one_row() {
    everywhere(|app| async move {
        let crowd = Crowd::of(&app).await;
        for round in 0..rounds() {
            let answers = crowd
                .at_once(|number, client| {
                    let name = if number % 2 == 0 { "knight" } else { "KNIGHT" };
                    let body = json!({ "email": app.mail(&format!("{name}{round}")), "password": PASSWORD });
                    async move { client.post("/auth/register").json(body).send().await }
                })
                .await;
            one_wins(&answers, "201", "REGISTER_USER_ALREADY_EXISTS");
            let one = format!("lower(email) = '{}'", app.mail(&format!("knight{round}")));
            assert_eq!(app.database().count("user", &one).await, 1);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reset_token_one_success() {
    everywhere(|app| async move {
        let crowd = Crowd::of(&app).await;
        let mut before = app.member("arthur").await;
        for round in 0..rounds() {
            let token = app.reset_token("arthur").await;
            let password = |number: usize| format!("sword {round} of knight {number}");
            let answers = crowd
                .at_once(|number, client| {
                    let body = json!({ "token": token, "password": password(number) });
                    async move { client.post("/auth/reset-password").json(body).send().await }
                })
                .await;
            one_wins(&answers, "200", "RESET_PASSWORD_BAD_TOKEN");
            app.is_dead(&before).await;
            let winner = answers.iter().position(|answer| answer.status == 200).unwrap();
            before = app.login("arthur", &password(winner)).await;
            assert_eq!(app.try_login("arthur", &password((winner + 1) % TASKS)).await.status, 400);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn old_password_login_loses() {
    everywhere(|app| async move {
        let crowd = Crowd::of(&app).await;
        app.register("arthur").await;
        let (email, mut password) = (app.mail("arthur"), PASSWORD.to_owned());
        for round in 0..rounds() {
            let session = app.login("arthur", &password).await;
            let next = format!("the {round}th long sword");
            let answers = crowd
                .at_once(|number, client| {
                    let (email, old, session) = (email.clone(), password.clone(), session.clone());
                    let body = json!({ "password": next, "current_password": old });
                    async move {
                        match number {
                            7 => client.patch("/users/me").bearer(&session).json(body).send().await,
                            _ => login(&client, &email, &old).await,
                        }
                    }
                })
                .await;
            assert_eq!(answers[7].status, 200, "{:?}", answers[7]);
            let logins = answers.iter().enumerate().filter(|(number, _)| *number != 7);
            for token in logins.filter_map(|(_, answer)| token_of(answer)) {
                app.is_dead(&token).await;
            }
            app.lives(&session).await;
            password = next;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn disable_vs_login() {
    everywhere(|app| async move {
        let crowd = Crowd::of(&app).await;
        let king = app.superuser("uther").await;
        let id = app.register("mordred").await;
        let (path, email) = (format!("/users/{id}"), app.mail("mordred"));
        for _ in 0..rounds() {
            let before = app.login("mordred", PASSWORD).await;
            let answers = crowd
                .at_once(|number, client| {
                    let (king, path, email) = (king.clone(), path.clone(), email.clone());
                    async move {
                        match number {
                            5 => client.patch(&path).bearer(&king).json(json!({ "is_active": false })).send().await,
                            _ => login(&client, &email, PASSWORD).await,
                        }
                    }
                })
                .await;
            assert_eq!(answers[5].status, 200, "{:?}", answers[5]);
            let logins = answers.iter().enumerate().filter(|(number, _)| *number != 5);
            let tokens: Vec<_> = logins.filter_map(|(_, answer)| token_of(answer)).chain([before]).collect();
            for token in &tokens {
                app.is_dead(token).await;
            }
            assert_eq!(app.try_login("mordred", PASSWORD).await.status, 400);
            // Nor does enabling bring one of them back.
            assert_eq!(app.patch_user(&king, &id, json!({ "is_active": true })).await.status, 200);
            for token in &tokens {
                app.is_dead(token).await;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn delete_vs_everything() {
    everywhere(|app| async move {
        let crowd = Crowd::of(&app).await;
        let king = app.superuser("uther").await;
        for round in 0..rounds() {
            let name = format!("mordred{round}");
            let session = app.member(&name).await;
            let (id, email) = (app.stored_user(&name).await.id, app.mail(&name));
            let (reset, verify) = (app.reset_token(&name).await, app.verify_token(&name).await);
            let answers = crowd
                .at_once(|number, client| {
                    let (king, path, session, email) =
                        (king.clone(), format!("/users/{id}"), session.clone(), email.clone());
                    let (reset, verify) = (reset.clone(), verify.clone());
                    async move {
                        let (me, by_id) =
                            (client.patch("/users/me").bearer(&session), client.patch(&path).bearer(&king));
                        match number {
                            0 | 8 => client.delete(&path).bearer(&king).send().await,
                            1 | 9 | 14 => login(&client, &email, PASSWORD).await,
                            2 => client.get("/users/me").bearer(&session).send().await,
                            3 => me.json(json!({ "password": NEW, "current_password": PASSWORD })).send().await,
                            4 => {
                                let body = json!({ "token": reset, "password": "the third sword" });
                                client.post("/auth/reset-password").json(body).send().await
                            }
                            5 => client.post("/auth/verify").json(json!({ "token": verify })).send().await,
                            6 => client.post("/auth/it/logout").bearer(&session).send().await,
                            7 => client.post("/auth/forgot-password").json(json!({ "email": email })).send().await,
                            10 => by_id.json(json!({ "is_active": false })).send().await,
                            11 => client.get(&path).bearer(&king).send().await,
                            12 => client.delete("/auth/sessions").bearer(&session).send().await,
                            13 => me.json(json!({ "email": format!("x{email}") })).send().await,
                            _ => by_id.json(json!({ "quota": number })).send().await,
                        }
                    }
                })
                .await;
            for (number, answer) in answers.iter().enumerate() {
                let status = answer.status.as_u16();
                assert!([200, 202, 204, 400, 401, 404].contains(&status), "{number}: {answer:?}");
            }
            let deleted = [&answers[0], &answers[8]].iter().filter(|answer| answer.status == 204).count();
            assert_eq!(deleted, 1, "{:?}", count(&answers));
            assert_eq!(app.see(&format!("/users/{id}"), &king).await.status, 404);
            let logins = [1, 9, 14].map(|number: usize| token_of(&answers[number]));
            for token in logins.into_iter().flatten().chain([session]) {
                app.is_dead(&token).await;
            }
            assert_eq!(app.database().orphans().await, 0);
        }
    })
    .await;
}
