//! Writes that arrive together share a commit, in a database with one writer.
//!
//! A commit waits for the disk, far longer than the statements take. So the callers that wait for the only connection for
//! writes run their statements one after the other, in the order of arrival, in one transaction. The connection is passed
//! from one to the next as a [`Lease`]; each caller keeps its own statements and results. The last one commits, and only then do all
//! of them return. A caller that finds no other waiting has its own transaction, or a single statement that needs none.
//!
//! * A single statement is atomic by itself; several are in a savepoint, which [`begin`](super::transaction::begin)
//!   makes. A failure undoes only those of its caller.
//! * A caller that is cancelled drops the lease, which goes to the next one. Its statements in an open savepoint are undone;
//!   a single statement or a released savepoint is committed with the others, as if the caller had been cancelled later.
//! * Results wait for the commit even if they are errors, because they may depend on earlier writes of other callers.
//!   If the commit fails, it fails for all.
//! * If one caller causes the whole transaction to be rolled back, by violating a constraint that is checked at the
//!   commit or by making the database roll back, all repeat their operation in their own transaction, and only that one
//!   fails. The first caller in the transaction keeps its error, which does not depend on the others.
//! * There is no timer. The commit runs in a separate task, which is never cancelled.

use std::{
    collections::VecDeque,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sqlx::{Pool, Transaction, pool::PoolConnection};
use tokio::{
    runtime::Handle,
    sync::{Mutex as AsyncMutex, OwnedMutexGuard, oneshot},
    time::timeout,
};

use super::{
    Driver, SqlResult,
    error::{commit_failed, is_violation, undone_with_others},
    transaction::{is_lost, repair, undo_savepoint},
};
use crate::event::metric;

/// The maximum number of writes in one transaction, so that none waits long for those that arrive after it.
const MOST: usize = 256;

/// How a shared transaction ended.
#[derive(Debug, Clone)]
enum Outcome {
    Committed,
    /// The commit failed for all, with the code of this error.
    Failed(Arc<sqlx::Error>),
    /// It was rolled back, perhaps because of one of the members. Each repeats its operation in its own transaction.
    Undone,
}

/// The callers that wait for the connection for writes.
pub(super) struct WriteQueue<DB: Driver> {
    pool: Pool<DB>,
    state: Mutex<State<DB>>,
}

struct State<DB: Driver> {
    waiting: VecDeque<Waiting<DB>>,
    /// Whether there is a lease.
    leased: bool,
}

struct Waiting<DB: Driver> {
    next: oneshot::Sender<Lease<DB>>,
    exclusive: bool,
}

/// The right to write, of which a queue has at most one lease. Dropping it gives it to the next caller.
struct Lease<DB: Driver>(Option<Held<DB>>);

/// The lease in the task that ends a transaction. Dropping it, because the runtime shuts down, ends the transaction too.
struct Finishing<DB: Driver>(Option<Held<DB>>);

struct Held<DB: Driver> {
    queue: Arc<WriteQueue<DB>>,
    /// The open transaction, if callers share one. The holder of the lease locks it; there is no wait for the lock.
    shared: Option<Arc<AsyncMutex<Transaction<'static, DB>>>>,
    /// The callers that had a turn in it, even if they were cancelled.
    members: Vec<oneshot::Sender<Outcome>>,
}

/// A caller's turn to write. Pass it to [`Turn::end`] with the result of the operation.
pub(super) struct Turn<DB: Driver> {
    // Dropped before the lease is passed on.
    connection: Connection<DB>,
    lease: Lease<DB>,
}

enum Connection<DB: Driver> {
    Alone(PoolConnection<DB>),
    Shared(OwnedMutexGuard<Transaction<'static, DB>>),
}

impl<DB: Driver> WriteQueue<DB> {
    /// Returns the queue for a pool of one connection.
    #[cfg(feature = "sqlite")]
    pub(super) fn new(pool: Pool<DB>) -> Arc<Self> {
        let state = Mutex::new(State { waiting: VecDeque::new(), leased: false });
        Arc::new(Self { pool, state })
    }

    /// Returns the state. No code that can panic runs under the lock, so a poisoned lock still guards a valid state.
    fn state(&self) -> MutexGuard<'_, State<DB>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn, as long as for a connection of the pool. An exclusive one shares no transaction.
    pub(super) async fn turn(self: &Arc<Self>, exclusive: bool) -> SqlResult<Turn<DB>> {
        let mut lease = match self.join(exclusive) {
            Ok(lease) => lease,
            Err(next) => {
                let next = timeout(self.pool.options().get_acquire_timeout(), next).await;
                next.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::WorkerCrashed)?
            }
        };
        let Some(held) = &mut lease.0 else { return Err(sqlx::Error::WorkerCrashed) };
        if held.shared.is_none() {
            // All requests that are ready to run arrive before it is decided which of them share a transaction.
            tokio::task::yield_now().await;
            if !exclusive && self.is_wanted() {
                held.shared = Some(Arc::new(AsyncMutex::new(self.begin().await?)));
            }
        }
        let connection = match &held.shared {
            Some(transaction) => Connection::Shared(Arc::clone(transaction).lock_owned().await),
            None => Connection::Alone(match self.pool.try_acquire() {
                Some(connection) => connection,
                None => self.pool.acquire().await?,
            }),
        };
        Ok(Turn { connection, lease })
    }

    async fn begin(&self) -> SqlResult<Transaction<'static, DB>> {
        match self.pool.begin_with(DB::BEGIN_WRITE).await {
            Err(sqlx::Error::InvalidSavePointStatement) => {}
            begun => return begun,
        }
        let mut connection = self.pool.acquire().await?;
        repair::<DB>(&mut connection).await?;
        drop(connection);
        self.pool.begin_with(DB::BEGIN_WRITE).await
    }

    fn join(self: &Arc<Self>, exclusive: bool) -> Result<Lease<DB>, oneshot::Receiver<Lease<DB>>> {
        let mut state = self.state();
        if state.leased {
            let (next, receiver) = oneshot::channel();
            state.waiting.push_back(Waiting { next, exclusive });
            return Err(receiver);
        }
        state.leased = true;
        Ok(Lease(Some(Held { queue: Arc::clone(self), shared: None, members: Vec::new() })))
    }

    /// Returns whether the next caller can share a transaction.
    fn is_wanted(&self) -> bool {
        let state = self.state();
        state.waiting.iter().find(|waiting| !waiting.next.is_closed()).is_some_and(|next| !next.exclusive)
    }

    /// Returns the caller who gets the connection next, in the order of arrival. Without one, a lease that no transaction
    /// needs has ended.
    fn next(&self, held: &Held<DB>) -> Option<oneshot::Sender<Lease<DB>>> {
        let mut state = self.state();
        while let Some(first) = state.waiting.front() {
            if first.next.is_closed() {
                state.waiting.pop_front();
            } else if held.shared.is_some() && (first.exclusive || held.members.len() >= MOST) {
                return None;
            } else {
                return state.waiting.pop_front().map(|first| first.next);
            }
        }
        state.leased = held.shared.is_some();
        None
    }
}

impl<DB: Driver> Turn<DB> {
    /// Returns whether there already is a transaction that is shared with others.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self.connection, Connection::Shared(_))
    }

    /// Passes the connection on, and returns the result of the operation as soon as it is on disk.
    pub(super) async fn end<T>(self, done: SqlResult<T>) -> SqlResult<T> {
        let Self { connection, mut lease } = self;
        drop(connection);
        let Some(mut held) = lease.0.take() else { return done };
        if held.shared.is_none() {
            held.pass_on();
            return done;
        }
        let is_first = held.members.is_empty();
        let (member, outcome) = oneshot::channel();
        held.members.push(member);
        if done.is_ok() {
            held.pass_on();
        } else {
            held.finish(Last::Doubtful);
        }
        match outcome.await {
            _ if is_first && done.is_err() => done,
            Ok(Outcome::Committed) => done,
            Ok(Outcome::Failed(error)) => Err(commit_failed::<DB>(&error)),
            Ok(Outcome::Undone) => Err(undone_with_others()),
            Err(_) => Err(sqlx::Error::WorkerCrashed),
        }
    }
}

impl<DB: Driver> Deref for Turn<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        match &self.connection {
            Connection::Alone(connection) => connection,
            Connection::Shared(transaction) => transaction,
        }
    }
}

impl<DB: Driver> DerefMut for Turn<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        match &mut self.connection {
            Connection::Alone(connection) => connection,
            Connection::Shared(transaction) => transaction,
        }
    }
}

impl<DB: Driver> Drop for Lease<DB> {
    fn drop(&mut self) {
        match self.0.take() {
            Some(mut held) if held.shared.is_some() => {
                // The results of others may depend on what it wrote.
                held.members.push(oneshot::channel().0);
                held.finish(Last::Doubtful);
            }
            Some(held) => held.pass_on(),
            None => {}
        }
    }
}

impl<DB: Driver> Drop for Finishing<DB> {
    fn drop(&mut self) {
        if let Some(held) = self.0.take() {
            held.abandon();
        }
    }
}

/// The state of the last operation in a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    /// All operations are done.
    Done,
    /// It failed or was cancelled. The database may have rolled the transaction back.
    Doubtful,
}

impl<DB: Driver> Held<DB> {
    /// Gives the lease to the next caller. Without one, the transaction is committed.
    fn pass_on(mut self) {
        while let Some(next) = self.queue.next(&self) {
            match next.send(Lease(Some(self))) {
                Ok(()) => return,
                Err(mut lease) => match lease.0.take() {
                    Some(held) => self = held,
                    None => return,
                },
            }
        }
        if self.shared.is_some() {
            self.finish(Last::Done);
        }
    }

    /// Commits the transaction or checks it, in a task that is never cancelled, and then passes the lease on.
    fn finish(self, last: Last) {
        let Ok(runtime) = Handle::try_current() else { return self.abandon() };
        let mut finishing = Finishing(Some(self));
        runtime.spawn(async move {
            if let Some(held) = &mut finishing.0 {
                match last {
                    Last::Done => held.commit().await,
                    Last::Doubtful => held.check().await,
                }
            }
            if let Some(held) = finishing.0.take() {
                held.pass_on();
            }
        });
    }

    /// Rolls back without waiting, unless the commit has begun: then its result is not reported.
    fn abandon(mut self) {
        let shared = self.shared.take();
        if shared.is_some() {
            self.tell(&Outcome::Undone);
        }
        self.members.clear();
        self.pass_on();
        // Last, because a connection of the pool panics if it is dropped outside a runtime.
        drop(shared);
    }

    /// Commits the transaction and notifies its members.
    async fn commit(&mut self) {
        let Some(transaction) = self.shared.take().and_then(Arc::into_inner) else { return };
        metric::commit_of(self.members.len());
        let outcome = match transaction.into_inner().commit().await {
            Ok(()) => Outcome::Committed,
            Err(error) if is_violation::<DB>(&error) => Outcome::Undone,
            Err(error) => Outcome::Failed(Arc::new(error)),
        };
        self.tell(&outcome);
    }

    /// Undoes the unfinished statements of the last caller, and ends the transaction for all members if it is lost: the
    /// database rolls it back when the disk is full, or because of a trigger.
    async fn check(&mut self) {
        let Some(transaction) = self.shared.clone() else { return };
        let mut transaction = transaction.lock_owned().await;
        // Usually there is no savepoint.
        let _undone = undo_savepoint::<DB>(&mut transaction).await;
        let is_lost = is_lost::<DB>(&mut transaction).await;
        drop(transaction);
        if is_lost {
            self.shared = None;
            self.tell(&Outcome::Undone);
        }
    }

    /// Notifies the members of the outcome of the transaction.
    fn tell(&mut self, outcome: &Outcome) {
        for member in self.members.drain(..) {
            // If `send` fails, the caller was cancelled.
            let _gone = member.send(outcome.clone());
        }
    }
}
