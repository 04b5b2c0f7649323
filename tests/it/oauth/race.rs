//! OAuth flows at the same time.

use std::sync::Arc;

use axum_users::oauth::SameAddress;
use tokio::sync::Barrier;

use super::{
    provider::Person,
    support::{App, Started},
};
use crate::support::Response;

const TASKS: usize = 16;

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
    let app = Arc::new(App::new().await);
    for round in 0..5 {
        let flow = app.start("/auth/acme").await;
        let person = Person::verified(&format!("subject-{round}"), &format!("arthur{round}@camelot.bt"));
        let flows = (0..TASKS)
            .map(|_| ("/auth/acme", flow.clone(), app.provider.approve(&flow.url, person.clone()), None))
            .collect();
        let responses = all_at_once(&app, flows).await;
        assert_eq!((count(&responses, 200), count(&responses, 400)), (1, TASKS - 1), "{responses:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn oauth_first_login_one_user() {
    let app = Arc::new(App::having(|provider| provider.same_address(SameAddress::Link)).await);
    for round in 0..5 {
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
}

#[tokio::test(flavor = "multi_thread")]
async fn oauth_link_one_winner() {
    let app = Arc::new(App::new().await);
    let mut tokens = Vec::new();
    for number in 0..TASKS {
        let email = format!("knight{number}@camelot.bt");
        app.verified(&email).await;
        tokens.push(app.password(&email).await);
    }
    for round in 0..5 {
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
}
