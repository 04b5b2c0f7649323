//! Races of sessions, on every database with every strategy. The transport does not affect them.
//!
//! Three rounds by default, or `RACE_ROUNDS`; `scripts/nightly races` runs 50.

use std::env;

use serde_json::json;

use super::{
    Plan, Service,
    combination::{Combination, Ends},
    run_matrix,
};
use crate::{
    security::crowd::{Crowd, TASKS, count, one_wins},
    support::{Carrier, Http, PASSWORD, Response},
};

const NEW: &str = "another long sword";

fn rounds() -> usize {
    env::var("RACE_ROUNDS").map_or(3, |rounds| rounds.parse().expect("RACE_ROUNDS is a number"))
}

/// Runs a race once for each database and strategy.
async fn everywhere<F: Future<Output = ()> + Send + 'static>(scenario: impl Fn(Service) -> F + Send + Sync + 'static) {
    let bearer = |combination: &Combination| combination.transport == Carrier::Bearer;
    // The concurrent logins would exceed the session cap, which another test covers.
    let ends = Ends { at_most: Some(10_000), ..Ends::default() };
    run_matrix(bearer, Plan { ends, ..Plan::default() }, scenario).await;
}

async fn login(client: &Http, email: &str, password: &str) -> Response {
    client.post("/auth/it/login").form(&[("username", email), ("password", password)]).send().await
}

fn token_of(response: &Response) -> Option<String> {
    (response.status == 200).then(|| response.access_token())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn register_one_row() {
    everywhere(|app| async move {
        let crowd = Crowd::of(&app).await;
        for round in 0..rounds() {
            let responses = crowd
                .at_once(|number, client| {
                    let name = if number % 2 == 0 { "knight" } else { "KNIGHT" };
                    let body = json!({ "email": app.mail(&format!("{name}{round}")), "password": PASSWORD });
                    async move { client.post("/auth/register").json(body).send().await }
                })
                .await;
            one_wins(&responses, "201", "REGISTER_USER_ALREADY_EXISTS");
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
            let responses = crowd
                .at_once(|number, client| {
                    let body = json!({ "token": token, "password": password(number) });
                    async move { client.post("/auth/reset-password").json(body).send().await }
                })
                .await;
            one_wins(&responses, "200", "RESET_PASSWORD_BAD_TOKEN");
            app.assert_invalid(&before).await;
            let winner = responses.iter().position(|response| response.status == 200).unwrap();
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
            let responses = crowd
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
            assert_eq!(responses[7].status, 200, "{:?}", responses[7]);
            let logins = responses.iter().enumerate().filter(|(number, _)| *number != 7);
            for token in logins.filter_map(|(_, response)| token_of(response)) {
                app.assert_invalid(&token).await;
            }
            app.assert_valid(&session).await;
            password = next;
        }
    })
    .await;
}

/// A session that a reset ends must not keep itself alive by ending all others.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reset_ends_a_session_that_ends_all_others() {
    everywhere(|app| async move {
        let crowd = Crowd::of(&app).await;
        app.register("arthur").await;
        let mut password = PASSWORD.to_owned();
        for round in 0..rounds() {
            let session = app.login("arthur", &password).await;
            let token = app.reset_token("arthur").await;
            password = format!("the {round}th long sword");
            let responses = crowd
                .at_once(|number, client| {
                    let session = session.clone();
                    let body = json!({ "token": token, "password": password });
                    async move {
                        match number {
                            5 => client.post("/auth/reset-password").json(body).send().await,
                            _ => client.delete("/auth/sessions").bearer(&session).send().await,
                        }
                    }
                })
                .await;
            let ended = |response: &Response| [204, 401].contains(&response.status.as_u16());
            assert!(responses.iter().enumerate().all(|(number, response)| number == 5 || ended(response)));
            // Ending the sessions raises the epoch, so it may end the reset token first.
            if responses[5].status == 200 {
                app.assert_invalid(&session).await;
            } else {
                let token = app.reset_token("arthur").await;
                let body = json!({ "token": token, "password": password });
                assert_eq!(app.post("/auth/reset-password").json(body).send().await.status, 200);
            }
        }
    })
    .await;
}

/// What a superuser does to an account: closes it, or opens it again.
async fn set_open(http: &Http, king: &str, id: &str, is_flag: bool, open: bool) -> Response {
    let (account, suspension) = (format!("/users/{id}"), format!("/users/{id}/suspension"));
    let call = match (is_flag, open) {
        (true, _) => http.patch(&account).json(json!({ "is_active": open })),
        (false, false) => http.put(&suspension).json(json!({ "until": null })),
        (false, true) => http.delete(&suspension),
    };
    call.bearer(king).send().await
}

/// Closes an account while others log in to it: no session survives, and opening it again revives none.
async fn closed_vs_login(is_flag: bool) {
    everywhere(move |app| async move {
        let crowd = Crowd::of(&app).await;
        let king = app.superuser("uther").await;
        let id = app.register("mordred").await;
        let email = app.mail("mordred");
        for _ in 0..rounds() {
            let before = app.login("mordred", PASSWORD).await;
            let responses = crowd
                .at_once(|number, client| {
                    let (king, id, email) = (king.clone(), id.clone(), email.clone());
                    async move {
                        match number {
                            5 => set_open(&client, &king, &id, is_flag, false).await,
                            _ => login(&client, &email, PASSWORD).await,
                        }
                    }
                })
                .await;
            assert_eq!(responses[5].status, 200, "{:?}", responses[5]);
            let logins = responses.iter().enumerate().filter(|(number, _)| *number != 5);
            let tokens: Vec<_> = logins.filter_map(|(_, response)| token_of(response)).chain([before]).collect();
            for token in &tokens {
                app.assert_invalid(token).await;
            }
            assert_eq!(app.try_login("mordred", PASSWORD).await.status, 400);
            let opened = set_open(&app, &king, &id, is_flag, true).await;
            assert_eq!(opened.status, if is_flag { 200 } else { 204 }, "{opened:?}");
            for token in &tokens {
                app.assert_invalid(token).await;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn disable_vs_login() {
    closed_vs_login(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn suspend_vs_login() {
    closed_vs_login(false).await;
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
            let responses = crowd
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
            for (number, response) in responses.iter().enumerate() {
                let status = response.status.as_u16();
                assert!([200, 202, 204, 400, 401, 404].contains(&status), "{number}: {response:?}");
            }
            let deleted = [&responses[0], &responses[8]].iter().filter(|response| response.status == 204).count();
            assert_eq!(deleted, 1, "{:?}", count(&responses));
            assert_eq!(app.see(&format!("/users/{id}"), &king).await.status, 404);
            let logins = [1, 9, 14].map(|number: usize| token_of(&responses[number]));
            for token in logins.into_iter().flatten().chain([session]) {
                app.assert_invalid(&token).await;
            }
            assert_eq!(app.database().orphans().await, 0);
        }
    })
    .await;
}
