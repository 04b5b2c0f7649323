//! Concurrent clients for race tests.

use std::{collections::BTreeMap, future::Future, sync::Arc};

use axum::http::StatusCode;
use futures_util::future::BoxFuture;
use tokio::sync::Barrier;

use crate::support::{Http, Response};

/// The number of concurrent clients.
pub const TASKS: usize = 16;
/// The number of rounds, since a race may show only once in ten rounds.
pub const ROUNDS: usize = 50;

/// Clients, each with its own connections.
pub struct Crowd(Vec<Arc<Http>>);

impl Crowd {
    /// Connects [`TASKS`] clients.
    pub async fn of(service: &Http) -> Self {
        let mut clients = Vec::with_capacity(TASKS);
        for _ in 0..TASKS {
            let client = service.another();
            assert_eq!(client.get("/nothing-here").send().await.status, StatusCode::NOT_FOUND);
            clients.push(Arc::new(client));
        }
        Self(clients)
    }

    /// Runs one task per client, all released at the same moment, and returns the results in the order of the clients.
    pub async fn at_once<T, Fut>(&self, act: impl Fn(usize, Arc<Http>) -> Fut) -> Vec<T>
    where
        Fut: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        together(self.0.len(), |number| act(number, Arc::clone(&self.0[number]))).await
    }
}

/// Runs the given number of tasks, all released at the same moment, and returns the results in order.
pub async fn together<T, Fut>(tasks: usize, act: impl Fn(usize) -> Fut) -> Vec<T>
where
    Fut: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    run_together((0..tasks).map(|number| -> BoxFuture<'static, T> { Box::pin(act(number)) }).collect()).await
}

/// Compiled once for each type of result, and not for each task.
async fn run_together<T: Send + 'static>(tasks: Vec<BoxFuture<'static, T>>) -> Vec<T> {
    let start = Arc::new(Barrier::new(tasks.len()));
    let run = |task: BoxFuture<'static, T>| {
        let start = Arc::clone(&start);
        tokio::spawn(async move {
            start.wait().await;
            task.await
        })
    };
    let running: Vec<_> = tasks.into_iter().map(run).collect();
    let mut results = Vec::with_capacity(running.len());
    for task in running {
        results.push(task.await.unwrap());
    }
    results
}

/// Counts the responses by status and detail.
pub fn count(responses: &[Response]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for response in responses {
        let detail = if response.status.is_success() { String::new() } else { response.json()["detail"].to_string() };
        *counts.entry(format!("{} {detail}", response.status.as_u16())).or_default() += 1;
    }
    counts
}

/// Asserts that one client succeeds and all others get `refusal`.
#[track_caller]
pub fn one_wins(responses: &[Response], success: &str, refusal: &str) {
    let expected = BTreeMap::from([(format!("{success} "), 1), (format!("400 \"{refusal}\""), TASKS - 1)]);
    assert_eq!(count(responses), expected);
}
