//! Many clients that do something at the same moment.

use std::{future::Future, sync::Arc};

use axum::http::StatusCode;
use tokio::sync::Barrier;

use crate::support::Http;

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
        let start = Arc::new(Barrier::new(self.0.len()));
        let tasks: Vec<_> = self
            .0
            .iter()
            .enumerate()
            .map(|(number, client)| {
                let (start, act) = (Arc::clone(&start), act(number, Arc::clone(client)));
                tokio::spawn(async move {
                    start.wait().await;
                    act.await
                })
            })
            .collect();
        let mut results = Vec::with_capacity(tasks.len());
        for task in tasks {
            results.push(task.await.unwrap());
        }
        results
    }
}
