//! OAuth flows at the same time, on every database that responds.

use std::{env, future::Future, sync::Arc};

use axum_users::oauth::SameAddress;
use tokio::sync::Barrier;

use super::{
    provider::Person,
    support::{App, Setup, Started, UserAdminUpdate},
};
use crate::support::Response;

const TASKS: usize = 16;

/// How often each race is run; `RACE_ROUNDS` sets more.
fn rounds() -> usize {
    env::var("RACE_ROUNDS").map_or(8, |rounds| rounds.parse().expect("RACE_ROUNDS is a number"))
}

/// Runs a race with SQLite, and with each server that responds.
async fn everywhere<F: Future<Output = ()>>(setup: fn() -> Setup, race: impl Fn(Arc<App>) -> F) {
    race(Arc::new(App::with(setup()).await)).await;
    #[cfg(feature = "services")]
    for kind in [crate::matrix::DatabaseKind::Postgres, crate::matrix::DatabaseKind::MariaDb] {
        if kind.is_reachable().await {
            let database = crate::matrix::Database::empty(kind).await;
            let app = App::with(Setup { database: Some(database.url()), ..setup() }).await;
            race(Arc::new(app)).await;
        }
    }
}

/// Sends a callback for each flow, all at the same moment.
async fn all_at_once(app: &Arc<App>, flows: Vec<(&'static str, Started, String, Option<String>)>) -> Vec<Response> {
    let barrier = Arc::new(Barrier::new(flows.len()));
    let tasks: Vec<_> = flows
        .into_iter()
        .map(|(route, flow, code, token)| {
            let (app, barrier) = (Arc::clone(app), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                match token {
                    Some(token) => app.finish_as(route, &flow, &code, &token).await,
                    None => app.callback(route, &flow, &code).await,
                }
            })
        })
        .collect();
    let mut responses = Vec::new();
    for task in tasks {
        responses.push(task.await.unwrap());
    }
    responses
}

fn count(responses: &[Response], status: u16) -> usize {
    responses.iter().filter(|response| response.status.as_u16() == status).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn oauth_state_one_success() {
    everywhere(Setup::default, async |app: Arc<App>| {
        for round in 0..rounds() {
            let flow = app.start("/auth/acme").await;
            let person = Person::verified(&format!("subject-{round}"), &format!("arthur{round}@camelot.bt"));
            let flows = (0..TASKS)
                .map(|_| ("/auth/acme", flow.clone(), app.provider.approve(&flow.url, person.clone()), None))
                .collect();
            let responses = all_at_once(&app, flows).await;
            assert_eq!((count(&responses, 200), count(&responses, 400)), (1, TASKS - 1), "{responses:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oauth_first_login_one_user() {
    let linking = || Setup { provider: |provider| provider.same_address(SameAddress::Link), ..Setup::default() };
    everywhere(linking, async |app: Arc<App>| {
        for round in 0..rounds() {
            let person = Person::verified(&format!("subject-{round}"), &format!("arthur{round}@camelot.bt"));
            let mut flows = Vec::new();
            for _ in 0..TASKS {
                let flow = app.start("/auth/acme").await;
                let code = app.provider.approve(&flow.url, person.clone());
                flows.push(("/auth/acme", flow, code, None));
            }
            let responses = all_at_once(&app, flows).await;
            assert_eq!(count(&responses, 200), TASKS, "{responses:?}");
            let mut ids = Vec::new();
            for response in &responses {
                ids.push(app.seen(&response.access_token()).await["id"].clone());
            }
            ids.dedup();
            assert_eq!(ids.len(), 1, "one user");
            let registered = app.hooks.take().into_iter().filter(|hook| *hook == "on_after_register").count();
            assert_eq!(registered, 1);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oauth_link_one_winner() {
    everywhere(Setup::default, async |app: Arc<App>| {
        let mut tokens = Vec::new();
        for number in 0..TASKS {
            let email = format!("knight{number}@camelot.bt");
            app.verified(&email).await;
            tokens.push(app.password(&email).await);
        }
        for round in 0..rounds() {
            let person = Person::verified(&format!("subject-{round}"), "shared@camelot.bt");
            let mut flows = Vec::new();
            for token in &tokens {
                let flow = app.start_as(app.get("/auth/associate/acme/authorize").bearer(token)).await;
                let code = app.provider.approve(&flow.url, person.clone());
                flows.push(("/auth/associate/acme", flow, code, Some(token.clone())));
            }
            let responses = all_at_once(&app, flows).await;
            assert_eq!((count(&responses, 200), count(&responses, 400)), (1, TASKS - 1), "{responses:?}");
            let mut linked = 0;
            for token in &tokens {
                linked += app.accounts(token).await.len();
            }
            assert_eq!(linked, round + 1);
        }
    })
    .await;
}

/// Logs a person in many times while code changes the user, and returns the tokens.
async fn logins_during(app: &Arc<App>, person: &Person, change: impl Future<Output = ()>) -> Vec<String> {
    let mut flows = Vec::new();
    for _ in 0..TASKS {
        let flow = app.start("/auth/acme").await;
        let code = app.provider.approve(&flow.url, person.clone());
        flows.push(("/auth/acme", flow, code, None));
    }
    let (responses, ()) = tokio::join!(all_at_once(app, flows), change);
    assert_eq!(count(&responses, 200) + count(&responses, 400), TASKS, "{responses:?}");
    responses.iter().filter(|response| response.status == 200).map(Response::access_token).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn disable_vs_oauth_login() {
    everywhere(Setup::default, async |app: Arc<App>| {
        let person = Person::verified("mordred-1", "mordred@camelot.bt");
        app.log_in("/auth/acme", person.clone()).await.access_token();
        for _ in 0..rounds() {
            let user = app.users.get_by_email("mordred@camelot.bt").await.unwrap().unwrap();
            let flag = |active| UserAdminUpdate { is_active: Some(active), ..UserAdminUpdate::default() };
            let disable = async {
                app.users.update(user.clone(), flag(false)).await.unwrap();
            };
            let tokens = logins_during(&app, &person, disable).await;
            for token in &tokens {
                assert_eq!(app.me(token).await.status, 401);
            }
            assert_eq!(app.log_in("/auth/acme", person.clone()).await.status, 400);
            let user = app.users.get_by_email("mordred@camelot.bt").await.unwrap().unwrap();
            app.users.update(user, flag(true)).await.unwrap();
            for token in &tokens {
                assert_eq!(app.me(token).await.status, 401, "enabling the user does not revive a session");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_vs_oauth_login_and_link() {
    everywhere(Setup::default, async |app: Arc<App>| {
        for round in 0..rounds() {
            let email = format!("mordred{round}@camelot.bt");
            let person = Person::verified(&format!("mordred-{round}"), &email);
            let token = app.log_in("/auth/acme", person.clone()).await.access_token();
            let user = app.users.get_by_email(&email).await.unwrap().unwrap();
            let second = Person::verified(&format!("7{round}"), &email);
            let flow = app.start_as(app.get("/auth/associate/hub/authorize").bearer(&token)).await;
            let code = app.provider.approve(&flow.url, second.clone());
            let change = async {
                let (linked, deleted) =
                    tokio::join!(app.finish_as("/auth/associate/hub", &flow, &code, &token), app.users.delete(&user),);
                assert!([200, 400, 401].contains(&linked.status.as_u16()), "{linked:?}");
                deleted.unwrap();
            };
            // The person of a deleted user is a new one, who is created once.
            let tokens = logins_during(&app, &person, change).await;
            let mut live = Vec::new();
            for token in &tokens {
                let me = app.me(token).await;
                assert!([200, 401].contains(&me.status.as_u16()), "{me:?}");
                live.extend((me.status == 200).then(|| me.json()["id"].clone()));
            }
            live.dedup();
            assert!(live.len() <= 1 && !live.contains(&serde_json::json!(user.id)), "{live:?}");
            assert_eq!(app.me(&token).await.status, 401);
            // No conflicting link is left.
            assert_eq!(app.log_in("/auth/acme", person).await.status, 200);
            let others = app.log_in("/auth/hub", Person { email: "x@camelot.bt".into(), ..second }).await;
            assert!([200, 400].contains(&others.status.as_u16()), "{others:?}");
        }
    })
    .await;
}
