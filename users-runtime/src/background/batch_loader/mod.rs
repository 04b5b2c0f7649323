//! Look-ups that arrive together share one query.
//!
//! No cache and no timer: every answer comes from a query that started after the look-up arrived, and a look-up that
//! finds nothing under way starts its query at once. Look-ups that arrive while queries are under way wait for the next
//! one, and the first of them leads it: its caller runs the query for all of them and hands the answers out. There is
//! no task in the background, so there is nothing to start, to stop or to leak.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::{
    port::{Found, Lookup, StoreError, UserStore},
    user::AuthUser,
};

/// How many queries may be under way at once. More than one, so that a slow query does not hold up everybody; few, so
/// that look-ups find each other.
const MAX_QUERIES: usize = 2;

/// How many look-ups share a query at most.
const MAX_BATCH: usize = 256;

/// What a look-up answers.
type Answer<U> = Result<Option<Found<U>>, StoreError>;

/// Looks users up by id, many callers with one query. Cheap to clone; clones share the queries.
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

/// What a waiting caller is told.
enum Reply<U: AuthUser> {
    /// The answer to its look-up.
    Answer(Answer<U>),
    /// To run the next query.
    RunBatch(BatchLeader<U>),
    /// To ask the store for its own look-up only: the query for all failed, and one bad row must not fail its neighbours.
    AskAlone,
}

/// The right to run a query, and for whom. Whoever drops it, at the end or because the caller went away, passes it on.
struct BatchLeader<U: AuthUser> {
    shared: Arc<Shared<U>>,
    // Handed over with the right, so that a second query that ends now does not split those who waited.
    batch: Vec<Waiting<U>>,
}

impl<U: AuthUser> BatchLoader<U> {
    /// A loader in front of a store.
    pub(crate) fn new(store: Arc<dyn UserStore<U>>) -> Self {
        Self { shared: Arc::new(Shared { store, queue: Mutex::new(Queue { waiting: VecDeque::new(), queries: 0 }) }) }
    }

    /// Looks one user up, with what decides about the token that names the user.
    ///
    /// # Errors
    /// Those of [`UserStore::find`]; an unavailable store is reported to everybody who shared the query.
    pub(crate) async fn find(&self, lookup: Lookup<U::Id>) -> Answer<U> {
        loop {
            let leadership = match self.shared.join(&lookup) {
                Ok(leadership) => leadership,
                Err(reply) => match reply.await {
                    Ok(Reply::Answer(answer)) => return answer,
                    Ok(Reply::RunBatch(leadership)) => leadership,
                    Ok(Reply::AskAlone) => return self.shared.find_alone(lookup).await,
                    // The caller that led the query went away in the middle of it.
                    Err(_) => continue,
                },
            };
            return leadership.run(lookup).await;
        }
    }
}

impl<U: AuthUser> Clone for BatchLoader<U> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<U: AuthUser> Shared<U> {
    /// No code that can panic runs under the lock, so a poisoned one is whole.
    fn queue(&self) -> MutexGuard<'_, Queue<U>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leads a query at once if few are under way, otherwise waits for a reply.
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

    async fn find_alone(&self, lookup: Lookup<U::Id>) -> Answer<U> {
        let answers = self.store.find(&[lookup]).await?;
        answers.into_iter().next().ok_or_else(wrong_number)
    }
}

impl<U: AuthUser> Queue<U> {
    /// Moves those who wait into a batch, as far as it has room.
    fn fill(&mut self, batch: &mut Vec<Waiting<U>>) {
        let room = (MAX_BATCH - 1).saturating_sub(batch.len()); // one is the leader's own
        batch.extend(self.waiting.drain(..room.min(self.waiting.len())));
    }
}

impl<U: AuthUser> BatchLeader<U> {
    /// Runs one query for `own` and everybody who waits now.
    async fn run(mut self, own: Lookup<U::Id>) -> Answer<U> {
        let shared = Arc::clone(&self.shared);
        shared.queue().fill(&mut self.batch);
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
            .and_then(|answers| if answers.len() == lookups.len() { Ok(answers) } else { Err(wrong_number()) });
        let batch = std::mem::take(&mut self.batch);
        drop(self); // the next query may start while the answers are handed out

        // A caller that is gone does not want its answer: `send` fails, and that is all.
        match found {
            Ok(answers) => {
                let mut answers = answers.into_iter();
                let own = answers.next().flatten();
                for (waiting, answer) in batch.into_iter().zip(answers) {
                    let _gone = waiting.reply.send(Reply::Answer(Ok(answer)));
                }
                Ok(own)
            }
            Err(error @ StoreError::Unavailable(_)) => {
                for waiting in batch {
                    let _gone = waiting.reply.send(Reply::Answer(Err(error.clone())));
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
    /// If the leader went away with its batch, those in it find their reply dropped and join again.
    fn drop(&mut self) {
        let mut queue = self.shared.queue();
        // Asking first keeps a leadership from coming back unread and being dropped here under the lock. Who goes away
        // after the question drops it with the reply, and that passes it on.
        while let Some(next) = queue.waiting.pop_front() {
            if next.reply.is_closed() {
                continue;
            }
            let mut batch = Vec::new();
            queue.fill(&mut batch);
            drop(queue);
            let _passed_on_by_its_own_drop =
                next.reply.send(Reply::RunBatch(BatchLeader { shared: Arc::clone(&self.shared), batch }));
            return;
        }
        queue.queries -= 1;
    }
}

fn wrong_number() -> StoreError {
    StoreError::failed("the store did not answer every look-up")
}

#[cfg(test)]
mod tests;
