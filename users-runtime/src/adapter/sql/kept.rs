//! Connections that stay out of their pool between statements.
//!
//! sqlx spawns a task that pings a connection whenever it returns to its pool. Each statement then costs a second round
//! trip, to the server or on SQLite to another thread. So after a successful operation, a connection of a pool that the
//! store opened stays here for the next one. After a second it returns to the pool, which checks it, limits its age,
//! and closes it if it is not needed.
//!
//! An operation that finds no connection here waits for the pool; while an operation waits, no connection stays here.

use std::{
    mem,
    ops::{Deref, DerefMut},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sqlx::pool::PoolConnection;

use super::Driver;
use crate::adapter::clock::monotonic;

/// The time after which a connection goes back to its pool.
const STAYS: Duration = Duration::from_secs(1);

/// A connection that was taken from a pool.
pub(super) struct Taken<DB: Driver> {
    connection: PoolConnection<DB>,
    taken_at: Instant,
    used_at: Instant,
}

impl<DB: Driver> Taken<DB> {
    /// Wraps a connection that its pool has just handed out.
    pub(super) fn of(connection: PoolConnection<DB>) -> Self {
        let now = monotonic();
        Self { connection, taken_at: now, used_at: now }
    }

    /// Returns the time since the last operation.
    pub(super) fn rested(&self) -> Duration {
        monotonic() - self.used_at
    }

    /// Closes the connection when it is dropped.
    pub(super) fn close_on_drop(&mut self) {
        self.connection.close_on_drop();
    }
}

impl<DB: Driver> Deref for Taken<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        &self.connection
    }
}

impl<DB: Driver> DerefMut for Taken<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        &mut self.connection
    }
}

/// The connections of one pool that stay out of it.
pub(super) struct Kept<DB: Driver>(Mutex<State<DB>>);

struct State<DB: Driver> {
    idle: Vec<Taken<DB>>,
    /// The operations that wait for the pool.
    waiting: usize,
    is_closed: bool,
}

/// An operation that waits for the pool.
pub(super) struct Waiting<'k, DB: Driver>(&'k Kept<DB>);

impl<DB: Driver> Kept<DB> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State { idle: Vec::new(), waiting: 0, is_closed: false }))
    }

    /// Returns the state. No code that can panic runs under the lock, so a poisoned lock still guards a valid state.
    fn state(&self) -> MutexGuard<'_, State<DB>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a connection that stayed. Otherwise returns a value to keep while waiting for the pool.
    pub(super) fn take(&self) -> Result<Taken<DB>, Waiting<'_, DB>> {
        self.take_at(monotonic())
    }

    fn take_at(&self, now: Instant) -> Result<Taken<DB>, Waiting<'_, DB>> {
        let mut state = self.state();
        let old: Vec<_> =
            state.idle.extract_if(.., |kept| now.saturating_duration_since(kept.taken_at) >= STAYS).collect();
        let taken = state.idle.pop();
        if taken.is_none() {
            state.waiting += 1;
        }
        drop(state);
        drop(old);
        taken.ok_or_else(|| Waiting(self))
    }

    /// Keeps a connection after an operation that succeeded, or gives it back to its pool.
    pub(super) fn put(&self, connection: Taken<DB>) {
        let used_at = monotonic();
        let mut state = self.state();
        if state.waiting == 0 && !state.is_closed {
            state.idle.push(Taken { used_at, ..connection });
        } else {
            drop(state);
            drop(connection);
        }
    }

    /// Gives all connections back to their pool, now and from now on.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        let idle = mem::take(&mut state.idle);
        drop(state);
        drop(idle);
    }
}

impl<DB: Driver> Drop for Kept<DB> {
    fn drop(&mut self) {
        // A connection that goes back to its pool needs a runtime, which may have ended.
        for kept in mem::take(&mut self.state().idle) {
            drop(kept.connection.detach());
        }
    }
}

impl<DB: Driver> Drop for Waiting<'_, DB> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}

#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests {
    use sqlx::{Sqlite, SqlitePool, sqlite::SqlitePoolOptions};

    use super::*;

    async fn pool_of_one() -> SqlitePool {
        let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(20));
        pool.connect("sqlite::memory:").await.unwrap()
    }

    async fn taken(pool: &SqlitePool) -> Taken<Sqlite> {
        Taken::of(pool.acquire().await.unwrap())
    }

    #[tokio::test]
    async fn a_connection_stays_for_a_second_and_then_goes_back() {
        let (pool, kept) = (pool_of_one().await, Kept::new());
        assert!(kept.take().is_err(), "none has stayed");
        let first = taken(&pool).await;
        let at = first.taken_at;
        kept.put(first);
        for _ in 0..2 {
            let again = kept.take_at(at + STAYS - Duration::from_nanos(1)).ok().unwrap();
            assert_eq!(again.taken_at, at, "use does not prolong its stay");
            kept.put(again);
        }
        assert!(pool.try_acquire().is_none(), "it is not in the pool");
        assert!(kept.take_at(at + STAYS).is_err());
        taken(&pool).await;
    }

    #[tokio::test]
    async fn no_connection_stays_while_an_operation_waits_for_the_pool() {
        let (pool, kept) = (pool_of_one().await, Kept::new());
        let first = taken(&pool).await;
        let waiting = kept.take().err().unwrap();
        kept.put(first);
        let second = taken(&pool).await;
        drop(waiting);
        kept.put(second);
        assert!(kept.take().is_ok());
    }

    #[tokio::test]
    async fn the_pool_closes_all_connections_of_a_closed_store() {
        let (pool, kept) = (pool_of_one().await, Kept::new());
        kept.put(taken(&pool).await);
        kept.close();
        let again = taken(&pool).await;
        kept.put(again);
        pool.close().await;
        assert_eq!(pool.size(), 0);
    }

    #[test]
    fn a_store_may_outlive_the_runtime() {
        let kept = Kept::new();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { kept.put(taken(&pool_of_one().await).await) });
        drop(runtime);
        drop(kept);
    }
}
