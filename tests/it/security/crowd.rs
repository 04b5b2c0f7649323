//! Many clients that do something at the same moment.

use std::{collections::BTreeMap, future::Future, sync::Arc};

use axum::http::StatusCode;
use tokio::sync::Barrier;

use crate::support::{Answer, Http};

/// How many do it at once.
pub const TASKS: usize = 16;
/// How often, since a race that shows once in ten rounds is a race.
pub const ROUNDS: usize = 50;

/// Clients, each with connections of its own.
pub struct Crowd(Vec<Arc<Http>>);

impl Crowd {
    /// [`TASKS`] clients, all connected.
    pub async fn of(service: &Http) -> Self {
        let mut clients = Vec::with_capacity(TASKS);
        for _ in 0..TASKS {
            let client = service.another();
            assert_eq!(client.get("/nothing-here").send().await.status, StatusCode::NOT_FOUND);
            clients.push(Arc::new(client));
        }
        Self(clients)
    }

    /// Runs one task per client, all released at the same moment; answers in the order of the clients.
    pub async fn at_once<T, Fut>(&self, act: impl Fn(usize, Arc<Http>) -> Fut) -> Vec<T>
    where
        Fut: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        together(self.0.len(), |number| act(number, Arc::clone(&self.0[number]))).await
    }
}

/// Runs so many tasks, all released at the same moment; answers in their order.
pub async fn together<T, Fut>(tasks: usize, act: impl Fn(usize) -> Fut) -> Vec<T>
where
    Fut: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let start = Arc::new(Barrier::new(tasks));
    let running: Vec<_> = (0..tasks)
        .map(|number| {
            let (start, act) = (Arc::clone(&start), act(number));
            tokio::spawn(async move {
                start.wait().await;
                act.await
            })
        })
        .collect();
    let mut results = Vec::with_capacity(tasks);
    for task in running {
        results.push(task.await.unwrap());
    }
    results
}

/// How often each answer was given, by status and detail.
pub fn count(answers: &[Answer]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        let detail = if answer.status.is_success() { String::new() } else { answer.json()["detail"].to_string() };
        *counts.entry(format!("{} {detail}", answer.status.as_u16())).or_default() += 1;
    }
    counts
}

/// One winner and a crowd that is told `refusal`.
#[track_caller]
pub fn one_wins(answers: &[Answer], success: &str, refusal: &str) {
    let expected = BTreeMap::from([(format!("{success} "), 1), (format!("400 \"{refusal}\""), TASKS - 1)]);
    assert_eq!(count(answers), expected);
}
