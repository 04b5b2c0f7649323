//! The same scenarios over every database × strategy × transport.
//!
//! `everywhere(|app| async move { … })` runs a scenario on services whose servers are available and reports the combinations that
//! failed. Unavailable servers are skipped with a message, or fail with `REQUIRE_SERVICES=1`.
//!
//! Each strategy runs on each database, with one transport; each database and each strategy runs with both
//! ([`combination::without_repetition`]). With `MATRIX=all`, as in `scripts/nightly matrix`, every [`Combination`] runs.

mod app;
mod combination;
mod database;

mod email_change;
mod email_code;
mod invitations;
mod life;
mod magic_link;
#[cfg(feature = "totp")]
mod mfa;
#[cfg(feature = "passkeys")]
mod passkey_attacks;
#[cfg(feature = "passkeys")]
mod passkey_races;
#[cfg(feature = "passkeys")]
mod passkeys;
mod queries;
mod race;
mod redis;
mod refresh;
mod refresh_ends;
mod refresh_limits;
mod session;
mod standing;
mod takeover;
mod wire;

use std::{fmt::Write as _, io::Write as _, sync::Arc};

pub use crate::database::{Database, DatabaseKind};
use crate::support::Carrier;
use app::{Plan, Service};
use combination::{Combination, Strategy, without_repetition};
use futures_util::future::BoxFuture;
use redis::TestRedis;
use tokio::sync::OnceCell;

/// Returns the combinations whose servers are available; detected and reported once.
async fn reachable() -> &'static [Combination] {
    static REACHABLE: OnceCell<Vec<Combination>> = OnceCell::const_new();
    REACHABLE
        .get_or_init(|| async {
            let mut databases = Vec::new();
            for kind in DatabaseKind::ALL {
                if kind.is_reachable().await {
                    databases.push(kind);
                }
            }
            let redis = TestRedis::is_reachable();
            let is_reachable = |combination: &Combination| {
                databases.contains(&combination.database) && (redis || combination.strategy != Strategy::Redis)
            };
            let (run, skipped): (Vec<_>, Vec<_>) = Combination::all().into_iter().partition(is_reachable);
            print_selection(&run, &skipped);
            run
        })
        .await
}

/// Prints the combinations directly to the terminal, since the output of a passing test is captured.
fn print_selection(run: &[Combination], skipped: &[Combination]) {
    let mut text = format!("matrix: {} of {} combinations are available\n", run.len(), run.len() + skipped.len());
    for combination in skipped {
        writeln!(text, "matrix: skipped: {combination}").unwrap();
    }
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}

/// Runs a scenario on a service of every combination, under the recommended policy.
async fn everywhere<F: Future<Output = ()> + Send + 'static>(scenario: impl Fn(Service) -> F + Send + Sync + 'static) {
    everywhere_as(Plan::default(), scenario).await;
}

/// Runs a scenario with settings on a service of every combination.
async fn everywhere_as<F: Future<Output = ()> + Send + 'static>(
    plan: Plan,
    scenario: impl Fn(Service) -> F + Send + Sync + 'static,
) {
    run_matrix(|_| true, plan, scenario).await;
}

/// Runs a scenario whose result depends neither on the database nor on the strategy, with bearer JWTs on SQLite.
async fn on_one_combination<F: Future<Output = ()> + Send + 'static>(
    plan: Plan,
    scenario: impl Fn(Service) -> F + Send + Sync + 'static,
) {
    let one = |combination: &Combination| {
        let Combination { database, strategy, transport } = *combination;
        (database, strategy, transport) == (DatabaseKind::Sqlite, Strategy::Jwt, Carrier::Bearer)
    };
    run_matrix(one, plan, scenario).await;
}

/// Runs a scenario for the strategies that store sessions.
async fn where_sessions_are_kept<F: Future<Output = ()> + Send + 'static>(
    plan: Plan,
    scenario: impl Fn(Service) -> F + Send + Sync + 'static,
) {
    run_matrix(|combination| combination.strategy.keeps_sessions(), plan, scenario).await;
}

/// Runs a scenario with settings on a service of the combinations for which `which` returns true.
async fn run_matrix<F: Future<Output = ()> + Send + 'static>(
    which: fn(&Combination) -> bool,
    plan: Plan,
    scenario: impl Fn(Service) -> F + Send + Sync + 'static,
) {
    run_scenario(which, plan, Arc::new(move |service| Box::pin(scenario(service)))).await;
}

/// A type-erased scenario: the code that runs scenarios is compiled once instead of for each of them.
type Scenario = Arc<dyn Fn(Service) -> BoxFuture<'static, ()> + Send + Sync>;

/// Runs the combinations of one database in sequence and the databases in parallel, since servers wait for their disks.
async fn run_scenario(which: fn(&Combination) -> bool, plan: Plan, scenario: Scenario) {
    let lanes: Vec<_> = DatabaseKind::ALL
        .map(|database| {
            let (plan, scenario) = (plan.clone(), Arc::clone(&scenario));
            tokio::spawn(async move {
                let mut failed = Vec::new();
                let of_lane = |combination: &&Combination| combination.database == database && which(combination);
                let lane = without_repetition(reachable().await.iter().filter(of_lane).copied().collect());
                // Held here, so that it is not recreated for each service.
                let _shared = match plan.alone || lane.is_empty() {
                    true => None,
                    false => Some(Database::shared(database).await),
                };
                for combination in lane {
                    let (plan, scenario) = (plan.clone(), Arc::clone(&scenario));
                    let run = tokio::spawn(async move { scenario(Service::start(combination, plan).await).await });
                    if let Err(error) = run.await {
                        failed.push(format!("{combination}: {}", reason(error)));
                    }
                }
                failed
            })
        })
        .into();
    let mut failed = Vec::new();
    for lane in lanes {
        failed.extend(lane.await.unwrap());
    }
    assert!(failed.is_empty(), "the scenario fails for\n{}", failed.join("\n"));
}

/// Returns the message of a panic.
fn reason(error: tokio::task::JoinError) -> String {
    let payload = error.into_panic();
    let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}

#[tokio::test]
#[should_panic(expected = "the scenario fails for\nSQLite × Database × Bearer: a reason")]
async fn a_failing_combination_is_named() {
    let fails = |combination: &Combination| {
        combination.database == DatabaseKind::Sqlite && combination.transport == Carrier::Bearer
    };
    run_matrix(fails, Plan::default(), |app| async move {
        assert!(app.combination.strategy != Strategy::Database, "a reason");
    })
    .await;
}
