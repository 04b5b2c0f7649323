//! Batched lookups, with a store whose queries wait for the test.

mod every_order;

use std::{sync::Mutex, task::Waker, time::Duration};

use tokio::sync::Semaphore;
use uuid::Uuid;

use super::*;
use crate::{
    adapter::MemoryStore,
    domain::{CanonicalEmail, PasswordHash, Reauthentication, Status, Timestamp, TokenId},
    port::{BoxFuture, Change, SchemaDrift},
    testing::users::{User, user},
    user::NewAccount,
};

/// The behavior of a query of a [`Gate`] after it is released.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Then {
    Succeed,
    Unavailable,
    FailIfMany,
}

/// A store that records every query and lets it proceed when the test releases it.
struct Gate {
    users: Arc<MemoryStore<User>>,
    queries: Mutex<Vec<Vec<Uuid>>>,
    permits: Arc<Semaphore>,
    /// Returns when the query with this number is released.
    released: Box<dyn Fn(usize) -> BoxFuture<'static, Then> + Send + Sync>,
}

impl UserStore<User> for Gate {
    fn find<'a>(&'a self, wanted: &'a [Lookup<Uuid>]) -> BoxFuture<'a, Result<Vec<Option<Found<User>>>, StoreError>> {
        let mut queries = self.queries.lock().unwrap();
        let released = (self.released)(queries.len());
        queries.push(wanted.iter().map(id_wanted).collect());
        Box::pin(async move {
            match released.await {
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

    fn reauthenticate<'a>(
        &'a self,
        id: Uuid,
        token: &'a TokenId,
        proof: Reauthentication,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.users.reauthenticate(id, token, proof, until)
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
    Lookup::by_id(Uuid::from_u128(number))
}

async fn users() -> Arc<MemoryStore<User>> {
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
    Arc::new(users)
}

async fn rig(then: Then) -> (Arc<Gate>, BatchLoader<User>) {
    let permits = Arc::new(Semaphore::new(0));
    let gate = Arc::new(Gate {
        permits: Arc::clone(&permits),
        ..Gate::new(users().await, move |_| {
            let permits = Arc::clone(&permits);
            Box::pin(async move {
                permits.acquire().await.unwrap().forget();
                then
            })
        })
    });
    (Arc::clone(&gate), BatchLoader::new(gate))
}

impl Gate {
    fn new(
        users: Arc<MemoryStore<User>>,
        released: impl Fn(usize) -> BoxFuture<'static, Then> + Send + Sync + 'static,
    ) -> Self {
        let (queries, permits) = (Mutex::default(), Arc::new(Semaphore::new(0)));
        Self { users, queries, permits, released: Box::new(released) }
    }

    fn sizes(&self) -> Vec<usize> {
        self.queries.lock().unwrap().iter().map(Vec::len).collect()
    }
}

type Task = tokio::task::JoinHandle<LookupResult<User>>;

/// Starts a lookup and lets it run until it waits.
async fn ask(loader: &BatchLoader<User>, number: u128) -> Task {
    let loader = loader.clone();
    let task = tokio::spawn(async move { loader.find(lookup(number)).await });
    settle().await;
    task
}

/// Lets other tasks run. On the test's single thread, every task runs until it waits.
async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

async fn id_of(task: Task) -> Option<u128> {
    task.await.unwrap().unwrap().map(|found| found.user.id.as_u128())
}

#[tokio::test]
async fn a_single_lookup_starts_immediately() {
    let (gate, loader) = rig(Then::Succeed).await;
    gate.permits.add_permits(2);
    assert_eq!(loader.find(lookup(7)).await.unwrap().unwrap().user.id, Uuid::from_u128(7));
    assert!(loader.find(lookup(999)).await.unwrap().is_none());
    assert_eq!(gate.sizes(), [1, 1]);
}

#[tokio::test]
async fn lookups_that_are_ready_together_share_one_query() {
    let (gate, loader) = rig(Then::Succeed).await;
    gate.permits.add_permits(1);
    let tasks: Vec<_> = (1..=USERS)
        .map(|number| {
            let loader = loader.clone();
            tokio::spawn(async move { loader.find(lookup(number)).await })
        })
        .collect();
    for (number, task) in (1..).zip(tasks) {
        assert_eq!(id_of(task).await, Some(number));
    }
    assert_eq!(gate.sizes(), [USERS as usize]);
}

/// Returns whether a lookup starts its query when it is polled for the first time, and ends it.
async fn starts_at_once(gate: &Gate, loader: &BatchLoader<User>) -> bool {
    let before = gate.sizes().len();
    let mut lookup = Box::pin(loader.find(lookup(7)));
    let polled = lookup.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let has_started = gate.sizes().len() > before;
    if polled.is_pending() {
        lookup.await.unwrap();
    }
    has_started
}

#[tokio::test]
async fn a_lookup_waits_for_others_unless_sixteen_before_it_were_alone() {
    let (gate, loader) = rig(Then::Succeed).await;
    gate.permits.add_permits(20);
    for number in 0..20 {
        assert_eq!(starts_at_once(&gate, &loader).await, number >= 16, "{number}");
    }
    let first = ask(&loader, 1).await;
    let during_its_query = ask(&loader, 2).await;
    gate.permits.add_permits(20);
    assert_eq!((id_of(first).await, id_of(during_its_query).await), (Some(1), Some(2)));
    assert!(!starts_at_once(&gate, &loader).await);
}

#[tokio::test]
async fn a_caller_that_stops_in_the_middle_of_its_turn_does_not_block_others() {
    let (gate, loader) = rig(Then::Succeed).await;
    gate.permits.add_permits(100);
    // Polled once and then not again, like a request whose task waits for something else.
    let mut stopped = Box::pin(loader.find(lookup(1)));
    let mut context = Context::from_waker(Waker::noop());
    assert!(stopped.as_mut().poll(&mut context).is_pending());
    assert_eq!(id_of(ask(&loader, 2).await).await, Some(2));
    assert_eq!(stopped.await.unwrap().unwrap().user.id, Uuid::from_u128(1));
}

#[tokio::test]
async fn lookups_that_arrive_during_queries_share_the_next_one() {
    let (gate, loader) = rig(Then::Succeed).await;
    let mut tasks = Vec::new();
    for number in 1..=USERS {
        tasks.push(ask(&loader, number).await);
    }
    assert_eq!(gate.sizes(), vec![1; MAX_QUERIES]);
    gate.permits.add_permits(1);
    settle().await;
    // The query that started later contains all waiting lookups.
    assert_eq!(gate.sizes().last(), Some(&(USERS as usize - MAX_QUERIES)));
    gate.permits.add_permits(100);
    for (number, task) in (1..).zip(tasks) {
        assert_eq!(id_of(task).await, Some(number));
    }
    assert_eq!(gate.sizes().len(), MAX_QUERIES + 1);
    assert!(loader.shared.queue.is_idle());
}

#[tokio::test]
async fn no_lookup_gets_its_result_from_a_query_that_started_before_it() {
    let (gate, loader) = rig(Then::Succeed).await;
    let first = ask(&loader, 1).await;
    let second = ask(&loader, 1).await;
    let third = ask(&loader, 1).await;
    gate.users.delete(Uuid::from_u128(1)).await.unwrap();
    let late = ask(&loader, 1).await;
    gate.permits.add_permits(100);
    for task in [first, second, third, late] {
        task.await.unwrap().unwrap();
    }
    // The lookups that arrived during two queries are in a third query.
    assert_eq!(gate.sizes(), [1, 1, 2]);
}

#[tokio::test]
async fn a_cancelled_leader_does_not_block_its_batch() {
    let (gate, loader) = rig(Then::Succeed).await;
    let busy = [ask(&loader, 1).await, ask(&loader, 2).await];
    let leader = ask(&loader, 3).await;
    let followers = [ask(&loader, 4).await, ask(&loader, 5).await];
    gate.permits.add_permits(1);
    settle().await;
    assert_eq!(gate.sizes(), [1, 1, 3], "the third lookup leads the batch");
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
    assert!(loader.shared.queue.is_idle());
}

#[tokio::test]
async fn a_caller_that_is_cancelled_while_it_waits_is_skipped() {
    let (gate, loader) = rig(Then::Succeed).await;
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
    assert!(loader.shared.queue.is_idle());
}

#[tokio::test]
async fn an_unavailable_store_is_reported_to_every_caller() {
    let (gate, loader) = rig(Then::Unavailable).await;
    let mut tasks = Vec::new();
    for number in 1..=8 {
        tasks.push(ask(&loader, number).await);
    }
    gate.permits.add_permits(100);
    for task in tasks {
        assert!(matches!(task.await.unwrap(), Err(StoreError::Unavailable(_))));
    }
    assert_eq!(gate.sizes(), [1, 1, 6], "an unavailable store is not queried again");
}

#[tokio::test]
async fn one_bad_row_does_not_fail_other_lookups() {
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
async fn every_caller_gets_its_own_result_under_load_and_cancellation() {
    let (gate, loader) = rig(Then::Succeed).await;
    gate.permits.add_permits(Semaphore::MAX_PERMITS >> 1);
    let tasks: Vec<_> = (0..32)
        .map(|task: u64| {
            let loader = loader.clone();
            tokio::spawn(async move {
                for round in 0..200_u64 {
                    let number = u128::from((task * 7 + round) % 40 + 1);
                    if round % 5 == 0 {
                        // Cancelled at a varying point, or completed.
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
        tokio::time::timeout(Duration::from_secs(60), task).await.expect("no caller waits forever").unwrap();
    }
    assert!(loader.shared.queue.is_idle());
}

fn id_wanted(lookup: &Lookup<Uuid>) -> Uuid {
    match lookup {
        Lookup::User { id, .. } => *id,
        Lookup::Session(_) => panic!("these tests look up by id"),
    }
}
