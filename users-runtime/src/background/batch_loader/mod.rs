//! Batches concurrent user lookups into one query.
//!
//! There is no cache and no timer: every result comes from a query that started after the lookup arrived, and a lookup
//! that finds no query in progress starts one immediately. Lookups that arrive during queries wait for the next one.
//! The first of them is the leader: its caller runs the query for all of them and distributes the results. There is no
//! background task, so there is nothing to start, stop or leak.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::{
    event::metric,
    port::{Found, Lookup, StoreError, UserStore},
    user::AuthUser,
};

/// The maximum number of concurrent queries. More than one, so that a slow query does not delay all lookups; few, so
/// that lookups are batched.
const MAX_QUERIES: usize = 2;

/// The maximum number of lookups in a query.
const MAX_BATCH: usize = 256;

/// The result of a lookup.
type LookupResult<U> = Result<Option<Found<U>>, StoreError>;

/// Looks up users by id, with one query for many callers. Cheap to clone; clones share the queries.
pub(crate) struct BatchLoader<U: AuthUser> {
    shared: Arc<Shared<U>>,
}

struct Shared<U: AuthUser> {
    store: Arc<dyn UserStore<U>>,
    queue: Mutex<Queue<U>>,
}

struct Queue<U: AuthUser> {
    waiting: VecDeque<Waiting<U>>,
    queries: usize,
}

struct Waiting<U: AuthUser> {
    lookup: Lookup<U::Id>,
    reply: oneshot::Sender<Reply<U>>,
}

/// A message to a waiting caller.
enum Reply<U: AuthUser> {
    /// The result of its lookup.
    Result(LookupResult<U>),
    /// Run the next query.
    RunBatch(BatchLeader<U>),
    /// Query the store for this lookup only: the batch failed, and one bad row must not fail the other lookups.
    AskAlone,
}

/// The permission to run a query for a batch. Dropping it, at the end or because the caller was cancelled, passes it
/// on.
struct BatchLeader<U: AuthUser> {
    shared: Arc<Shared<U>>,
    // Passed on with the permission, so that another query that ends now does not split the batch.
    batch: Vec<Waiting<U>>,
}

impl<U: AuthUser> BatchLoader<U> {
    /// Returns a loader for a store.
    pub(crate) fn new(store: Arc<dyn UserStore<U>>) -> Self {
        Self { shared: Arc::new(Shared { store, queue: Mutex::new(Queue { waiting: VecDeque::new(), queries: 0 }) }) }
    }

    /// Looks up one user, together with the state that decides whether the token of the request is valid.
    ///
    /// # Errors
    /// Those of [`UserStore::find`]. All callers that share a query get the error of an unavailable store.
    pub(crate) async fn find(&self, lookup: Lookup<U::Id>) -> LookupResult<U> {
        loop {
            let leader = match self.shared.join(&lookup) {
                Ok(leader) => leader,
                Err(reply) => match reply.await {
                    Ok(Reply::Result(result)) => return result,
                    Ok(Reply::RunBatch(leader)) => leader,
                    Ok(Reply::AskAlone) => return self.shared.find_alone(lookup).await,
                    // The leader of the batch was cancelled.
                    Err(_) => continue,
                },
            };
            return leader.run(lookup).await;
        }
    }
}

impl<U: AuthUser> Clone for BatchLoader<U> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<U: AuthUser> Shared<U> {
    /// Returns the queue. No code that can panic runs under the lock, so a poisoned lock still guards a valid queue.
    fn queue(&self) -> MutexGuard<'_, Queue<U>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Becomes a leader if few queries are in progress, otherwise waits for a reply.
    fn join(self: &Arc<Self>, lookup: &Lookup<U::Id>) -> Result<BatchLeader<U>, oneshot::Receiver<Reply<U>>> {
        let mut queue = self.queue();
        if queue.queries < MAX_QUERIES {
            queue.queries += 1;
            return Ok(BatchLeader { shared: Arc::clone(self), batch: Vec::new() });
        }
        let (reply, receiver) = oneshot::channel();
        queue.waiting.push_back(Waiting { lookup: lookup.clone(), reply });
        Err(receiver)
    }

    async fn find_alone(&self, lookup: Lookup<U::Id>) -> LookupResult<U> {
        let results = self.store.find(&[lookup]).await?;
        results.into_iter().next().ok_or_else(wrong_number)
    }
}

impl<U: AuthUser> Queue<U> {
    /// Moves waiting lookups into a batch, up to its maximum size.
    fn fill(&mut self, batch: &mut Vec<Waiting<U>>) {
        let free = (MAX_BATCH - 1).saturating_sub(batch.len()); // one place is for the leader's lookup
        batch.extend(self.waiting.drain(..free.min(self.waiting.len())));
    }
}

impl<U: AuthUser> BatchLeader<U> {
    /// Runs one query for `own` and all waiting lookups.
    async fn run(mut self, own: Lookup<U::Id>) -> LookupResult<U> {
        let shared = Arc::clone(&self.shared);
        shared.queue().fill(&mut self.batch);
        metric::batch_of(self.batch.len() + 1);
        if self.batch.is_empty() {
            return shared.find_alone(own).await;
        }
        let mut lookups = Vec::with_capacity(self.batch.len() + 1);
        lookups.push(own.clone());
        lookups.extend(self.batch.iter().map(|waiting| waiting.lookup.clone()));

        let found = shared
            .store
            .find(&lookups)
            .await
            .and_then(|results| if results.len() == lookups.len() { Ok(results) } else { Err(wrong_number()) });
        let batch = std::mem::take(&mut self.batch);
        drop(self); // the next query may start while the results are distributed

        // If `send` fails, the caller was cancelled and needs no result.
        match found {
            Ok(results) => {
                let mut results = results.into_iter();
                let own = results.next().flatten();
                for (waiting, result) in batch.into_iter().zip(results) {
                    let _gone = waiting.reply.send(Reply::Result(Ok(result)));
                }
                Ok(own)
            }
            Err(error @ StoreError::Unavailable(_)) => {
                for waiting in batch {
                    let _gone = waiting.reply.send(Reply::Result(Err(error.clone())));
                }
                Err(error)
            }
            Err(_) => {
                for waiting in batch {
                    let _gone = waiting.reply.send(Reply::AskAlone);
                }
                shared.find_alone(own).await
            }
        }
    }
}

impl<U: AuthUser> Drop for BatchLeader<U> {
    /// If the leader is dropped with its batch, the callers in it find their reply dropped and join again.
    fn drop(&mut self) {
        let mut queue = self.shared.queue();
        // Checking first keeps a `BatchLeader` from being returned unread and dropped here under the lock. A caller
        // that is cancelled after the check drops it with the reply, and that passes it on.
        while let Some(next) = queue.waiting.pop_front() {
            if next.reply.is_closed() {
                continue;
            }
            let mut batch = Vec::new();
            queue.fill(&mut batch);
            drop(queue);
            let _passed_on_when_dropped =
                next.reply.send(Reply::RunBatch(BatchLeader { shared: Arc::clone(&self.shared), batch }));
            return;
        }
        queue.queries -= 1;
    }
}

fn wrong_number() -> StoreError {
    StoreError::failed("the store did not return a result for every lookup")
}

#[cfg(test)]
mod tests;
