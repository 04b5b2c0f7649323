//! Races and replays of passkeys, on every database with every strategy.

use serde_json::{Value, json};

use super::{
    app::{ORIGIN, Service},
    combination::Combination,
    passkeys::{BAD, Begun, add, begin, begin_login, finish, listed, log_in, plan, redeem, sign_up, try_log_in},
    run_matrix,
};
use crate::{
    authenticator::Key,
    security::crowd::{count, together},
    support::{Carrier, Response},
};

/// The number of clients at once.
const CLIENTS: usize = 50;

async fn everywhere<F: Future<Output = ()> + Send + 'static>(scenario: impl Fn(Service) -> F + Send + Sync + 'static) {
    run_matrix(|combination: &Combination| combination.transport == Carrier::Bearer, plan(), scenario).await;
}

/// Asserts that one client succeeds.
#[track_caller]
fn one(responses: &[Response], success: u16) {
    let successes = responses.iter().filter(|response| response.status.as_u16() == success).count();
    assert_eq!(successes, 1, "{:?}", count(responses));
    assert!(responses.iter().all(|response| !response.status.is_server_error()), "{:?}", count(responses));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_logins_with_one_proof_one_succeeds() {
    everywhere(|app| async move {
        let session = app.member("arthur").await;
        for synced in [false, true] {
            let Begun { state, options } = begin(&app, &session).await;
            let key = Key::new(&options, u8::from(synced));
            let mut key = if synced { key.synced() } else { key };
            assert_eq!(finish(&app, &session, &state, &key.register(&options, ORIGIN)).await.status, 201);
            let Begun { state, options } = begin_login(&app).await;
            let credential = key.log_in(&options, ORIGIN);
            let responses = together(CLIENTS, |_| {
                let (client, state, credential) = (app.another_client(), state.clone(), credential.clone());
                async move { redeem(&client, &state, &credential).await }
            })
            .await;
            one(&responses, 200);
            // A used proof stays used, and does not indicate a copy of the key.
            redeem(&app, &state, &credential).await.is(400, BAD);
            assert!(!app.hooks.calls().iter().any(|call| call.detail.as_deref().is_some_and(|d| d.contains("Copied"))));
            log_in(&app, &mut key).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_registrations_with_one_state_one_succeeds() {
    everywhere(|app| async move {
        let session = app.member("arthur").await;
        let Begun { state, options } = begin(&app, &session).await;
        // Each creates another key for the same challenge.
        let responses = together(CLIENTS, |number| {
            let (client, state, session) = (app.another_client(), state.clone(), session.clone());
            let key = Key::new(&options, u8::try_from(number).unwrap());
            let body = json!({ "state": state, "credential": key.register(&options, ORIGIN) });
            async move { client.post("/auth/passkeys").bearer(&session).json(body).send().await }
        })
        .await;
        one(&responses, 201);
        assert_eq!(listed(&app, &session).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_eight_accounts_that_want_one_passkey_one_gets_it() {
    everywhere(|app| async move {
        let mut sessions = Vec::new();
        for number in 0..8 {
            sessions.push(app.member(&format!("knight{number}")).await);
        }
        let first = begin(&app, &sessions[0]).await;
        let key = Key::new(&first.options, 1);
        let mut bodies = Vec::new();
        for session in &sessions {
            let Begun { state, options } = begin(&app, session).await;
            bodies.push(json!({ "state": state, "credential": key.register(&options, ORIGIN) }));
        }
        let responses = together(sessions.len(), |number| {
            let (client, session, body) = (app.another_client(), sessions[number].clone(), bodies[number].clone());
            async move { client.post("/auth/passkeys").bearer(&session).json(body).send().await }
        })
        .await;
        one(&responses, 201);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_sign_ups_with_one_state_one_creates_an_account() {
    everywhere(|app| async move {
        let body = json!({ "email": app.mail("arthur") });
        let Begun { state, options } = Begun::of(&app.post("/auth/register/passkey/options").json(body).send().await);
        let responses = together(CLIENTS, |number| {
            let (client, state) = (app.another_client(), state.clone());
            let key = Key::new(&options, u8::try_from(number).unwrap());
            let body = json!({ "state": state, "credential": key.register(&options, ORIGIN) });
            async move { client.post("/auth/register/passkey").json(body).send().await }
        })
        .await;
        one(&responses, 201);
        let own = format!(
            "user_id = (SELECT id FROM {} WHERE email = '{}')",
            app.database().quoted("user"),
            app.mail("arthur")
        );
        assert_eq!(app.database().count("user_passkey", &own).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_last_two_ways_in_are_never_removed_together() {
    everywhere(|app| async move {
        let mut key = sign_up(&app, "arthur", 1).await;
        let session = log_in(&app, &mut key).await;
        for round in 2..5 {
            add(&app, &session, round).await;
            let ids: Vec<Value> = listed(&app, &session).await.iter().map(|passkey| passkey["id"].clone()).collect();
            let responses = together(16, |number| {
                let (client, session) = (app.another_client(), session.clone());
                let path = format!("/auth/passkeys/{}", ids[number % 2].as_str().unwrap());
                async move { client.delete(&path).bearer(&session).send().await }
            })
            .await;
            one(&responses, 204);
            assert_eq!(listed(&app, &session).await.len(), 1);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_passkey_is_not_added_in_a_session_that_ends_meanwhile() {
    everywhere(|app| async move {
        for round in 0..5 {
            let name = format!("arthur{round}");
            let session = app.member(&name).await;
            let Begun { state, options } = begin(&app, &session).await;
            let mut key = Key::new(&options, 1);
            let body = json!({ "state": state, "credential": key.register(&options, ORIGIN) });
            let token = app.reset_token(&name).await;
            let responses = together(2, |number| {
                let (client, session, body) = (app.another_client(), session.clone(), body.clone());
                let reset = json!({ "token": token, "password": "another long sword" });
                async move {
                    match number {
                        0 => client.post("/auth/reset-password").json(reset).send().await,
                        _ => client.post("/auth/passkeys").bearer(&session).json(body).send().await,
                    }
                }
            })
            .await;
            assert_eq!(responses[0].status, 200, "{:?}", responses[0]);
            // Either it was added first, and the reset of the unverified account has removed it, or it is refused.
            assert!([201, 401].contains(&responses[1].status.as_u16()), "{:?}", responses[1]);
            try_log_in(&app, &mut key).await.is(400, BAD);
        }
    })
    .await;
}
