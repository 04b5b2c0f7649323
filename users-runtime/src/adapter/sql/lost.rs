//! How a write detects that its connection was lost while it was idle in the pool.
//!
//! A write without a response cannot simply be repeated, because it may have taken effect. So a connection that has
//! been idle is pinged before a write. Reads are repeated instead; see [`retry`](super::retry).

use std::time::Duration;

#[cfg(any(feature = "postgres", feature = "mysql"))]
use sqlx::pool::PoolConnectionMetadata;
use sqlx::{Connection, Pool};

use super::{Driver, kept::Taken};

/// The time after which a connection is pinged before a write. A connection that was used a moment ago is no more
/// likely to be lost now than during the write itself; the write then fails as unavailable. Under load no connection is
/// idle for this long; without load the round trip does not matter.
const RESTED: Duration = Duration::from_millis(10);

/// What pings connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pinged {
    /// Nothing: the database is in the same process.
    Never,
    /// The pool, before a write if the connection has been idle: [`is_alive`].
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    IfRested,
    /// The application's pool, every time.
    ByPool,
    /// The store, before every write, because the application's pool does not.
    BeforeWrites,
}

impl Pinged {
    /// Returns what pings the connections of a pool of the application.
    pub(super) fn of<DB: Driver>(pool: &Pool<DB>) -> Self {
        match (DB::OVER_A_NETWORK, pool.options().get_test_before_acquire()) {
            (false, _) => Self::Never,
            (true, true) => Self::ByPool,
            (true, false) => Self::BeforeWrites,
        }
    }
}

tokio::task_local! {
    /// Whether the connection that is taken from a pool is for a write.
    static WRITES: ();
}

/// Takes a connection from a pool for a write.
pub(super) async fn for_write<F: Future>(acquire: F) -> F::Output {
    WRITES.scope((), acquire).await
}

/// The `before_acquire` of the store's own pools: pings a connection that has been idle, if it is for a write. The pool
/// replaces a lost one.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) async fn is_alive<C: Connection>(connection: &mut C, rested: PoolConnectionMetadata) -> bool {
    let is_for_write = WRITES.try_with(|()| ()).is_ok();
    !is_for_write || rested.idle_for < RESTED || connection.ping().await.is_ok()
}

/// Returns a connection for a write that did not go back to its pool. Pings it if it has been idle; a lost one is closed.
pub(super) async fn alive<DB: Driver>(mut kept: Taken<DB>) -> Option<Taken<DB>> {
    if kept.rested() < RESTED || kept.ping().await.is_ok() {
        return Some(kept);
    }
    kept.close_on_drop();
    None
}
