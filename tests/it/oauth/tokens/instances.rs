//! Two instances that share a database.

use std::sync::Arc;

use axum_users::oauth::ProviderTokenError;
use tokio::sync::Barrier;

use super::{EMAIL, arthur, storing};
use crate::{
    matrix::{Database, DatabaseKind},
    oauth::support::{App, Setup},
};

const ROUNDS: usize = 5;
const CALLS: usize = 8;

async fn two_on(database: &Database) -> [Arc<App>; 2] {
    let setup = || Setup { provider: storing, database: Some(database.url()), ..Setup::default() };
    let app = App::with(setup()).await;
    let other = App::beside(setup(), app.provider.clone(), Arc::clone(&app.clock)).await;
    [Arc::new(app), Arc::new(other)]
}

/// Requests a token from both instances at the same moment, and returns their results.
async fn ask(apps: &[Arc<App>; 2]) -> Vec<Result<String, ProviderTokenError>> {
    let barrier = Arc::new(Barrier::new(2 * CALLS));
    let tasks: Vec<_> = (0..2 * CALLS)
        .map(|number| {
            let (app, barrier) = (Arc::clone(&apps[number % 2]), Arc::clone(&barrier));
            tokio::spawn(async move {
                let user = app.users.get_by_email(EMAIL).await.unwrap().unwrap();
                barrier.wait().await;
                app.users.provider_token(&user, &app.acme).await.map(|token| token.secret().to_owned())
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_that_refresh_at_once_use_each_refresh_token_once() {
    for kind in DatabaseKind::ALL {
        if !kind.is_reachable().await {
            continue;
        }
        let database = Database::empty(kind).await;
        let apps = two_on(&database).await;
        apps[0].log_in("/auth/acme", arthur()).await.access_token();
        for round in 1..=ROUNDS {
            apps[0].advance(3600);
            let answers = ask(&apps).await;
            let expected = format!("access-token-{}", 2 * round + 1);
            assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|token| *token == expected)), "{answers:?}");
            assert_eq!(apps[0].provider.refreshes(), (round, 0), "{kind:?}");
        }
        // The provider refuses: one instance receives this, and the same token is never sent twice.
        apps[0].provider.end_grants();
        apps[0].advance(3600);
        for answer in ask(&apps).await {
            assert!(
                matches!(answer, Err(ProviderTokenError::LoginRequired | ProviderTokenError::NotStored)),
                "{answer:?}"
            );
        }
        assert_eq!(apps[0].provider.refreshes(), (ROUNDS, 0));
        let removed = database.count("oauth_account", "access_token = '' AND refresh_token IS NULL").await;
        assert_eq!(removed, 1, "{kind:?}");
    }
}

/// The response of the provider takes longer than the other instance waits for the first one.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_waits_for_the_one_that_refreshes() {
    for kind in DatabaseKind::ALL {
        if !kind.is_reachable().await {
            continue;
        }
        let database = Database::empty(kind).await;
        let apps = two_on(&database).await;
        apps[0].log_in("/auth/acme", arthur()).await.access_token();
        apps[0].advance(3600);
        apps[0].provider.hold();
        let release = async {
            apps[0].provider.until_refreshed(1).await;
            // slow on purpose: the other instance looks several times meanwhile
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            apps[0].provider.release();
        };
        let (answers, ()) = tokio::join!(ask(&apps), release);
        assert!(
            answers.iter().all(|answer| answer.as_ref().is_ok_and(|token| token == "access-token-3")),
            "{answers:?}"
        );
        assert_eq!(apps[0].provider.refreshes(), (1, 0), "{kind:?}");
    }
}

#[tokio::test]
async fn tokens_are_not_in_clear_in_any_database() {
    for kind in DatabaseKind::ALL {
        if !kind.is_reachable().await {
            continue;
        }
        let database = Database::empty(kind).await;
        let [app, other] = two_on(&database).await;
        app.log_in("/auth/acme", arthur()).await.access_token();
        app.advance(3600);
        let user = other.users.get_by_email(EMAIL).await.unwrap().unwrap();
        other.users.provider_token(&user, &other.acme).await.unwrap();
        let mut dump = database.dump().await;
        for column in ["access_token", "refresh_token", "account_id", "account_email", "oauth_name"] {
            dump.extend(database.texts(&format!("SELECT {column} FROM oauth_account")).await);
        }
        assert!(dump.iter().filter(|text| text.starts_with("axum-users/v1/a/")).count() == 2, "{dump:?}");
        assert_eq!(database.count("oauth_account", "expires_at IS NULL").await, 1);
        let issued = app.provider.issued();
        assert!(dump.iter().all(|text| !issued.iter().any(|secret| text.contains(secret))), "{dump:?}");
    }
}
