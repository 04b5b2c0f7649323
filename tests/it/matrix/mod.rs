//! The same stories over every database × strategy × transport.
//!
//! A story is a test: `everywhere(|app| async move { … })` runs it on a service of each [`Combination`] whose services
//! answer, and says for which it failed. What is absent is left out with a line, and a failure with `REQUIRE_SERVICES=1`.

mod app;
mod combination;
mod database;

mod life;
mod race;
mod redis;
mod session;
mod takeover;
mod wire;

use std::{fmt::Write as _, io::Write as _, sync::Arc};

use app::{Plan, Service};
pub use combination::DatabaseKind;
use combination::{Combination, Strategy};
pub use database::Database;
use redis::TestRedis;
use tokio::sync::OnceCell;

/// Those whose services answer. Looked for once, and said once.
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
            let (run, left_out): (Vec<_>, Vec<_>) = Combination::all().into_iter().partition(is_reachable);
            say(&run, &left_out);
            run
        })
        .await
}

/// Says on the terminal itself what runs and what does not: what a test prints is shown only when it fails.
fn say(run: &[Combination], left_out: &[Combination]) {
    let mut text = format!("matrix: {} of {} combinations\n", run.len(), run.len() + left_out.len());
    for combination in left_out {
        writeln!(text, "matrix: left out: {combination}").unwrap();
    }
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}

/// Runs a story on a service of every combination, under the recommended policy.
async fn everywhere<F: Future<Output = ()> + Send + 'static>(story: impl Fn(Service) -> F + Send + Sync + 'static) {
    everywhere_as(Plan::default(), story).await;
}

/// The same with what the story wants of its service.
async fn everywhere_as<F: Future<Output = ()> + Send + 'static>(
    plan: Plan,
    story: impl Fn(Service) -> F + Send + Sync + 'static,
) {
    wherever(|_| true, plan, story).await;
}

/// Where a strategy keeps sessions: they can be listed, counted and found idle.
async fn where_sessions_are_kept<F: Future<Output = ()> + Send + 'static>(
    plan: Plan,
    story: impl Fn(Service) -> F + Send + Sync + 'static,
) {
    wherever(|combination| combination.strategy.keeps_sessions(), plan, story).await;
}

/// One database's combinations after each other, the databases beside each other: servers wait for their disks.
async fn wherever<F: Future<Output = ()> + Send + 'static>(
    which: fn(&Combination) -> bool,
    plan: Plan,
    story: impl Fn(Service) -> F + Send + Sync + 'static,
) {
    let story = Arc::new(story);
    let lanes: Vec<_> = DatabaseKind::ALL
        .map(|database| {
            let (plan, story) = (plan.clone(), Arc::clone(&story));
            tokio::spawn(async move {
                let mut failed = Vec::new();
                let of_lane = |combination: &&Combination| combination.database == database && which(combination);
                let lane: Vec<_> = reachable().await.iter().filter(of_lane).collect();
                // Held here, so that it is not made anew for each service.
                let _shared = match plan.alone || lane.is_empty() {
                    true => None,
                    false => Some(Database::shared(database).await),
                };
                for combination in lane {
                    let (plan, story) = (plan.clone(), Arc::clone(&story));
                    let run = tokio::spawn(async move { story(Service::start(*combination, plan).await).await });
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
    assert!(failed.is_empty(), "the story fails for\n{}", failed.join("\n"));
}

/// What a panic said.
fn reason(error: tokio::task::JoinError) -> String {
    let payload = error.into_panic();
    let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}

#[tokio::test]
#[should_panic(expected = "the story fails for\nSQLite × Database × Bearer: a reason")]
async fn a_failing_combination_names_itself() {
    let fails = |combination: &Combination| combination.database == DatabaseKind::Sqlite;
    wherever(fails, Plan::default(), |app| async move {
        assert!(app.combination.strategy != Strategy::Database, "a reason");
    })
    .await;
}
