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
pub(crate) struct Loader<U: AuthUser> {
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
    Lead(Leadership<U>),
    /// To ask the store for its own look-up only: the query for all failed, and one bad row must not fail its neighbours.
    AskAlone,
}

/// The right to run a query, and for whom. Whoever drops it, at the end or because the caller went away, passes it on.
struct Leadership<U: AuthUser> {
    shared: Arc<Shared<U>>,
    // Handed over with the right, so that a second query that ends now does not split those who waited.
    batch: Vec<Waiting<U>>,
}

impl<U: AuthUser> Loader<U> {
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
                    Ok(Reply::Lead(leadership)) => leadership,
                    Ok(Reply::AskAlone) => return self.shared.find_alone(lookup).await,
                    // The caller that led the query went away in the middle of it.
                    Err(_) => continue,
                },
            };
            return leadership.run(lookup).await;
        }
    }
}

impl<U: AuthUser> Clone for Loader<U> {
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
    fn join(self: &Arc<Self>, lookup: &Lookup<U::Id>) -> Result<Leadership<U>, oneshot::Receiver<Reply<U>>> {
        let mut queue = self.queue();
        if queue.queries < MAX_QUERIES {
            queue.queries += 1;
            return Ok(Leadership { shared: Arc::clone(self), batch: Vec::new() });
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

impl<U: AuthUser> Leadership<U> {
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

impl<U: AuthUser> Drop for Leadership<U> {
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
                next.reply.send(Reply::Lead(Leadership { shared: Arc::clone(&self.shared), batch }));
            return;
        }
        queue.queries -= 1;
    }
}

fn wrong_number() -> StoreError {
    StoreError::failed("the store did not answer every look-up")
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, time::Duration};

    use tokio::sync::Semaphore;
    use uuid::Uuid;

    use super::*;
    use crate::{
        adapter::MemoryStore,
        domain::{CanonicalEmail, PasswordHash, Status, Timestamp, TokenId},
        port::{BoxFuture, Change, SchemaDrift},
        testing::users::{User, user},
        user::NewAccount,
    };

    /// What a query of a [`Gate`] does when it is let through.
    #[derive(Clone, Copy, PartialEq)]
    enum Then {
        Answer,
        Unavailable,
        FailIfMany,
    }

    /// A store that notes every query and lets it through when told to.
    struct Gate {
        users: MemoryStore<User>,
        queries: Mutex<Vec<Vec<Uuid>>>,
        permits: Semaphore,
        then: Then,
    }

    impl UserStore<User> for Gate {
        fn find<'a>(
            &'a self,
            wanted: &'a [Lookup<Uuid>],
        ) -> BoxFuture<'a, Result<Vec<Option<Found<User>>>, StoreError>> {
            self.queries.lock().unwrap().push(wanted.iter().map(|wanted| wanted.id).collect());
            Box::pin(async move {
                self.permits.acquire().await.unwrap().forget();
                match self.then {
                    Then::Unavailable => Err(StoreError::unavailable("down")),
                    Then::FailIfMany if wanted.len() > 1 => Err(StoreError::failed("a bad row")),
                    _ => self.users.find(wanted).await,
                }
            })
        }

        fn find_by_email<'a>(
            &'a self,
            email: &'a CanonicalEmail,
        ) -> BoxFuture<'a, Result<Option<Found<User>>, StoreError>> {
            self.users.find_by_email(email)
        }

        fn insert(&self, user: User) -> BoxFuture<'_, Result<User, StoreError>> {
            self.users.insert(user)
        }

        fn update(&self, change: Change<User>) -> BoxFuture<'_, Result<Option<User>, StoreError>> {
            self.users.update(change)
        }

        fn delete(&self, id: Uuid) -> BoxFuture<'_, Result<bool, StoreError>> {
            self.users.delete(id)
        }

        fn end_sessions(&self, whose: Option<Uuid>) -> BoxFuture<'_, Result<(), StoreError>> {
            self.users.end_sessions(whose)
        }

        fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StoreError>> {
            self.users.revoke(token, until)
        }

        fn purge_expired(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
            self.users.purge_expired(now)
        }

        fn migrate(&self) -> BoxFuture<'_, Result<(), StoreError>> {
            self.users.migrate()
        }

        fn check_schema(&self) -> BoxFuture<'_, Result<Vec<SchemaDrift>, StoreError>> {
            self.users.check_schema()
        }
    }

    const USERS: u128 = 40;

    fn lookup(number: u128) -> Lookup<Uuid> {
        Lookup { id: Uuid::from_u128(number), token: None }
    }

    async fn rig(then: Then) -> (Arc<Gate>, Loader<User>) {
        let users = MemoryStore::new();
        for number in 1..=USERS {
            let account = NewAccount {
                id: Uuid::from_u128(number),
                email: format!("{number}@camelot.example"),
                hashed_password: PasswordHash::from_stored(""),
                status: Status::NEW,
            };
            users.insert(user(account)).await.unwrap();
        }
        let gate = Arc::new(Gate { users, queries: Mutex::default(), permits: Semaphore::new(0), then });
        (Arc::clone(&gate), Loader::new(gate))
    }

    impl Gate {
        fn sizes(&self) -> Vec<usize> {
            self.queries.lock().unwrap().iter().map(Vec::len).collect()
        }
    }

    type Task = tokio::task::JoinHandle<Answer<User>>;

    /// Starts a look-up and lets it get as far as it can.
    async fn ask(loader: &Loader<User>, number: u128) -> Task {
        let loader = loader.clone();
        let task = tokio::spawn(async move { loader.find(lookup(number)).await });
        settle().await;
        task
    }

    /// On the test's one thread every other task runs until it waits.
    async fn settle() {
        for _ in 0..64 {
            tokio::task::yield_now().await;
        }
    }

    async fn id_of(task: Task) -> Option<u128> {
        task.await.unwrap().unwrap().map(|found| found.user.id.as_u128())
    }

    #[tokio::test]
    async fn a_look_up_alone_starts_at_once() {
        let (gate, loader) = rig(Then::Answer).await;
        gate.permits.add_permits(2);
        assert_eq!(loader.find(lookup(7)).await.unwrap().unwrap().user.id, Uuid::from_u128(7));
        assert!(loader.find(lookup(999)).await.unwrap().is_none());
        assert_eq!(gate.sizes(), [1, 1]);
    }

    #[tokio::test]
    async fn look_ups_that_arrive_during_queries_share_the_next_one() {
        let (gate, loader) = rig(Then::Answer).await;
        let mut tasks = Vec::new();
        for number in 1..=USERS {
            tasks.push(ask(&loader, number).await);
        }
        assert_eq!(gate.sizes(), vec![1; MAX_QUERIES]);
        gate.permits.add_permits(1);
        settle().await;
        // The one that started later has everybody in it who waited.
        assert_eq!(gate.sizes().last(), Some(&(USERS as usize - MAX_QUERIES)));
        gate.permits.add_permits(100);
        for (number, task) in (1..).zip(tasks) {
            assert_eq!(id_of(task).await, Some(number));
        }
        assert_eq!(gate.sizes().len(), MAX_QUERIES + 1);
        assert_eq!(loader.shared.queue().queries, 0);
    }

    #[tokio::test]
    async fn no_look_up_is_answered_by_a_query_that_started_before_it() {
        let (gate, loader) = rig(Then::Answer).await;
        let first = ask(&loader, 1).await;
        let second = ask(&loader, 1).await;
        let third = ask(&loader, 1).await;
        gate.users.delete(Uuid::from_u128(1)).await.unwrap();
        let late = ask(&loader, 1).await;
        gate.permits.add_permits(100);
        for task in [first, second, third, late] {
            task.await.unwrap().unwrap();
        }
        // Whoever arrived while two were under way is in a third query, and not answered by those.
        assert_eq!(gate.sizes(), [1, 1, 2]);
    }

    #[tokio::test]
    async fn a_leader_that_goes_away_leaves_nobody_behind() {
        let (gate, loader) = rig(Then::Answer).await;
        let busy = [ask(&loader, 1).await, ask(&loader, 2).await];
        let leader = ask(&loader, 3).await;
        let followers = [ask(&loader, 4).await, ask(&loader, 5).await];
        gate.permits.add_permits(1);
        settle().await;
        assert_eq!(gate.sizes(), [1, 1, 3], "the third leads the others");
        leader.abort();
        settle().await;
        gate.permits.add_permits(100);
        for (number, task) in (4..).zip(followers) {
            assert_eq!(id_of(task).await, Some(number));
        }
        for task in busy {
            task.await.unwrap().unwrap();
        }
        assert!(leader.await.unwrap_err().is_cancelled());
        assert_eq!(loader.shared.queue().queries, 0);
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_while_it_waits_is_passed_over() {
        let (gate, loader) = rig(Then::Answer).await;
        let busy = [ask(&loader, 1).await, ask(&loader, 2).await];
        let gone = [ask(&loader, 3).await, ask(&loader, 4).await];
        let stays = ask(&loader, 5).await;
        for task in gone {
            task.abort();
        }
        settle().await;
        gate.permits.add_permits(100);
        assert_eq!(id_of(stays).await, Some(5));
        for task in busy {
            task.await.unwrap().unwrap();
        }
        assert_eq!(loader.shared.queue().queries, 0);
    }

    #[tokio::test]
    async fn an_unavailable_store_is_reported_to_everybody() {
        let (gate, loader) = rig(Then::Unavailable).await;
        let mut tasks = Vec::new();
        for number in 1..=8 {
            tasks.push(ask(&loader, number).await);
        }
        gate.permits.add_permits(100);
        for task in tasks {
            assert!(matches!(task.await.unwrap(), Err(StoreError::Unavailable(_))));
        }
        assert_eq!(gate.sizes(), [1, 1, 6], "nobody asks an unavailable store again");
    }

    #[tokio::test]
    async fn one_bad_row_does_not_fail_its_neighbours() {
        let (gate, loader) = rig(Then::FailIfMany).await;
        let mut tasks = Vec::new();
        for number in 1..=8 {
            tasks.push(ask(&loader, number).await);
        }
        gate.permits.add_permits(100);
        for (number, task) in (1..).zip(tasks) {
            assert_eq!(id_of(task).await, Some(number));
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn every_caller_gets_its_own_answer_under_load_and_cancellation() {
        let (gate, loader) = rig(Then::Answer).await;
        gate.permits.add_permits(Semaphore::MAX_PERMITS >> 1);
        let tasks: Vec<_> = (0..32)
            .map(|task: u64| {
                let loader = loader.clone();
                tokio::spawn(async move {
                    for round in 0..200_u64 {
                        let number = u128::from((task * 7 + round) % 40 + 1);
                        if round % 5 == 0 {
                            // Dropped somewhere on its way, or not.
                            let wait = Duration::from_micros(task + round % 50);
                            let _elapsed = tokio::time::timeout(wait, loader.find(lookup(number))).await;
                        }
                        let found = loader.find(lookup(number)).await.unwrap().unwrap();
                        assert_eq!(found.user.id.as_u128(), number);
                    }
                })
            })
            .collect();
        for task in tasks {
            tokio::time::timeout(Duration::from_secs(60), task).await.expect("nobody waits for ever").unwrap();
        }
        assert_eq!(loader.shared.queue().queries, 0);
    }
}
