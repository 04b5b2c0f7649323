//! Batches concurrent user lookups into one query.
//!
//! There is no timer: every result comes from a query that started after the lookup arrived, unless the store knows the result
//! without a query. A lookup first yields once, so that all requests that are ready to run can queue theirs as well, unless the
//! previous lookups were single ones. Then the first caller that is polled while few queries are in progress takes the whole
//! queue and runs one query for all of it. There is no background task, so there is nothing to start, stop or leak.
//!
//! No caller holds a permission without using it: while a query may start, every waiting caller that is polled starts it.
//! The end of a query wakes the first one, and a caller that is dropped wakes the next.

mod queue;

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
};

use self::queue::{Queue, Slot};
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
    queue: Queue<Lookup<U::Id>, Reply<U>>,
}

/// A lookup of a user, and the slot in which its caller waits.
type Place<U> = Arc<Slot<Lookup<<U as AuthUser>::Id>, Reply<U>>>;

/// The reply to a caller.
enum Reply<U: AuthUser> {
    /// The result of its lookup.
    Result(LookupResult<U>),
    /// Query the store for this lookup only: the batch failed, and one bad row must not fail the other lookups.
    AskAlone,
}

/// The next step of a waiting caller.
enum Next<U: AuthUser> {
    Receive(Reply<U>),
    Run(Batch<U>),
}

/// A lookup that waits for its result. Dropping it withdraws the lookup.
struct Waiting<U: AuthUser> {
    shared: Arc<Shared<U>>,
    slot: Place<U>,
}

/// Lookups for one query, and the permission to run it. If it is dropped without results, because the caller was
/// cancelled, the lookups return to the front of the queue.
struct Batch<U: AuthUser> {
    shared: Arc<Shared<U>>,
    slots: Vec<Place<U>>,
}

impl<U: AuthUser> BatchLoader<U> {
    /// Returns a loader for a store.
    pub(crate) fn new(store: Arc<dyn UserStore<U>>) -> Self {
        Self::with_limits(store, MAX_QUERIES, MAX_BATCH)
    }

    fn with_limits(store: Arc<dyn UserStore<U>>, most_queries: usize, largest_batch: usize) -> Self {
        Self { shared: Arc::new(Shared { store, queue: Queue::new(most_queries, largest_batch) }) }
    }

    /// Looks up one user, together with the state that decides whether the token of the request is valid.
    ///
    /// # Errors
    /// Those of [`UserStore::find`]. All callers that share a query get the error of an unavailable store.
    pub(crate) async fn find(&self, lookup: Lookup<U::Id>) -> LookupResult<U> {
        if let Some(found) = self.shared.store.find_at_once(&lookup) {
            return Ok(Some(found));
        }
        let (slot, may_have_company) = self.shared.queue.join(lookup);
        let waiting = Waiting { shared: Arc::clone(&self.shared), slot };
        if may_have_company {
            // All requests that are ready to run arrive before the first of them starts a query.
            tokio::task::yield_now().await;
        }
        loop {
            match poll_fn(|context| waiting.poll_next(context)).await {
                Next::Run(batch) => batch.run().await,
                Next::Receive(Reply::Result(result)) => return result,
                Next::Receive(Reply::AskAlone) => return self.shared.find_alone(waiting.slot.item().clone()).await,
            }
        }
    }
}

impl<U: AuthUser> Clone for BatchLoader<U> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<U: AuthUser> Shared<U> {
    async fn find_alone(&self, lookup: Lookup<U::Id>) -> LookupResult<U> {
        let results = self.store.find(&[lookup]).await?;
        results.into_iter().next().ok_or_else(wrong_number)
    }
}

impl<U: AuthUser> Waiting<U> {
    fn poll_next(&self, context: &mut Context<'_>) -> Poll<Next<U>> {
        if let Some(reply) = self.slot.poll_reply(context) {
            return Poll::Ready(Next::Receive(reply));
        }
        match self.shared.queue.start(&self.slot) {
            Some(slots) => Poll::Ready(Next::Run(Batch { shared: Arc::clone(&self.shared), slots })),
            None => Poll::Pending,
        }
    }
}

impl<U: AuthUser> Drop for Waiting<U> {
    fn drop(&mut self) {
        self.shared.queue.leave(&self.slot);
    }
}

impl<U: AuthUser> Batch<U> {
    /// Runs one query and replies to all callers, including the one that runs it.
    async fn run(mut self) {
        metric::batch_of(self.slots.len());
        let lookups: Vec<_> = self.slots.iter().map(|slot| slot.item().clone()).collect();
        let found = self.shared.store.find(&lookups).await;
        let found =
            found.and_then(|results| if results.len() == lookups.len() { Ok(results) } else { Err(wrong_number()) });
        let slots = std::mem::take(&mut self.slots);
        drop(self); // the next query may start while the results are distributed
        match found {
            Ok(results) => {
                for (slot, result) in slots.iter().zip(results) {
                    slot.answer(Reply::Result(Ok(result)));
                }
            }
            Err(error) => {
                let is_shared = slots.len() == 1 || matches!(error, StoreError::Unavailable(_));
                for slot in slots {
                    slot.answer(if is_shared { Reply::Result(Err(error.clone())) } else { Reply::AskAlone });
                }
            }
        }
    }
}

impl<U: AuthUser> Drop for Batch<U> {
    fn drop(&mut self) {
        self.shared.queue.end(std::mem::take(&mut self.slots));
    }
}

fn wrong_number() -> StoreError {
    StoreError::failed("the store did not return a result for every lookup")
}

#[cfg(test)]
mod tests;
