//! Connections from the pools, and statements on them.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sqlx::{Connection as _, Pool, SqlSafeStr, SqlStr};

#[cfg(feature = "sqlite")]
use super::sqlite::lookup_cache::LookupCache;
use super::{
    Dialect, Executed, SqlResult,
    base::Base,
    error,
    kept::{Kept, Taken},
    lost::{Pinged, alive, for_write},
    shared_commit::{Turn, WriteQueue},
    transaction::{begin, finish},
    uuid_form::Form,
};
use crate::{adapter::clock::monotonic, event::metric, port::BoxFuture};

/// An operation that is repeated on connections without old prepared statements.
pub(super) struct PrepareAnew(Arc<AtomicU32>);

impl Drop for PrepareAnew {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The connection pools. A database with a single writer has a separate pool for writes, so that writers wait in the
/// pool's queue, in order, instead of polling the database's lock.
pub(super) struct Pools<DB: Dialect> {
    pub(super) read: Pool<DB>,
    pub(super) write: Pool<DB>,
    /// `true` if connections keep prepared statements, `false` if their statement cache has no capacity.
    pub(super) keep_statements: bool,
    /// Connections that stay out of a pool that the store opened. Those of an application's pool never do, since it may
    /// have few connections, or hooks.
    pub(super) kept: Option<Arc<Kept<DB>>>,
    /// How a lost connection is detected before a write.
    pub(super) pinged: Pinged,
    /// The callers that wait for the connection for writes, in a database with one writer. They share commits.
    pub(super) queue: Option<Arc<WriteQueue<DB>>>,
    /// Whether every write has its own transaction.
    pub(super) exclusive: bool,
    /// Results of lookups, reused until the next commit. `None` unless the store opened an SQLite file itself.
    #[cfg(feature = "sqlite")]
    pub(super) lookup_cache: Option<Arc<LookupCache>>,
}

/// A connection for writes.
pub(super) enum Writer<DB: Dialect> {
    Own(Taken<DB>),
    Turn(Turn<DB>),
}

impl<DB: Dialect> Writer<DB> {
    /// Returns whether the connection is already in a transaction that is shared with others.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self, Self::Turn(turn) if turn.is_shared())
    }

    /// Closes the connection at the end of the operation, unless the database is in the same process.
    pub(super) fn close_on_drop(&mut self) {
        if let (true, Self::Own(connection)) = (DB::OVER_A_NETWORK, self) {
            connection.close_on_drop();
        }
    }
}

impl<DB: Dialect> Deref for Writer<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        match self {
            Self::Own(connection) => connection,
            Self::Turn(turn) => turn,
        }
    }
}

impl<DB: Dialect> DerefMut for Writer<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        match self {
            Self::Own(connection) => connection,
            Self::Turn(turn) => turn,
        }
    }
}

impl<DB: Dialect> Pools<DB> {
    /// Uses one pool for reads and writes.
    pub(super) fn shared(pool: Pool<DB>, keep_statements: bool) -> Self {
        Self { keep_statements, ..Self::of_two(pool.clone(), pool) }
    }

    /// Uses one pool for reads and one for writes, whose connections keep prepared statements.
    pub(super) fn of_two(read: Pool<DB>, write: Pool<DB>) -> Self {
        let pinged = Pinged::of(&write);
        Self {
            read,
            write,
            keep_statements: true,
            kept: None,
            pinged,
            queue: None,
            exclusive: false,
            #[cfg(feature = "sqlite")]
            lookup_cache: None,
        }
    }

    /// Returns the same for an operation that does not share its transaction.
    pub(super) fn alone(self) -> Self {
        Self { exclusive: true, ..self }
    }

    /// For a pool that the store opened, whose `before_acquire` is [`is_alive`](super::lost::is_alive).
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn of_our_own(self) -> Self {
        Self { kept: Some(Arc::new(Kept::new())), pinged: Pinged::IfRested, ..self }
    }

    /// Closes all connections after their current statements.
    pub(super) async fn close(&self) {
        self.kept.as_ref().inspect(|kept| kept.close());
        #[cfg(feature = "sqlite")]
        self.lookup_cache.as_ref().inspect(|cache| cache.close());
        self.read.close().await;
        self.write.close().await;
    }

    /// Returns a connection for reading.
    async fn take_to_read(&self) -> SqlResult<Taken<DB>> {
        let _waiting = match self.kept.as_ref().map(|kept| kept.take()) {
            Some(Ok(kept)) => return Ok(at_once("read", kept)),
            Some(Err(waiting)) => Some(waiting),
            None => None,
        };
        acquire(&self.read, "read").await
    }

    /// Returns a connection for writing from a pool that reads use as well.
    async fn take_to_write(&self) -> SqlResult<Taken<DB>> {
        let _waiting = match self.kept.as_ref().map(|kept| kept.take()) {
            Some(Ok(kept)) => match alive(kept).await {
                Some(kept) => return Ok(at_once("write", kept)),
                None => None,
            },
            Some(Err(waiting)) => Some(waiting),
            None => None,
        };
        for_write(acquire(&self.write, "write")).await
    }
}

impl<DB: Dialect> Clone for Pools<DB> {
    fn clone(&self) -> Self {
        Self {
            read: self.read.clone(),
            write: self.write.clone(),
            kept: self.kept.clone(),
            queue: self.queue.clone(),
            #[cfg(feature = "sqlite")]
            lookup_cache: self.lookup_cache.clone(),
            ..*self
        }
    }
}

impl<DB: Dialect> Base<DB> {
    /// Returns a connection for reading. Pass it to [`Base::settle`] with the result of the operation.
    pub(super) async fn reader(&self) -> SqlResult<Taken<DB>> {
        let connection = self.pools.take_to_read().await?;
        if self.preparing_anew.load(Ordering::Acquire) > 0 {
            return Ok(self.without_old_statements(connection).await);
        }
        Ok(connection)
    }

    /// Returns a connection for writing that was used a moment ago or has just been pinged; see [`lost`](super::lost).
    /// Pass it to [`Base::settle`] with the result of the operation.
    pub(super) async fn writer(&self) -> SqlResult<Writer<DB>> {
        self.wait_to_write(self.pools.exclusive).await
    }

    /// Returns a connection like [`Base::writer`], for an operation that does not share its transaction.
    pub(super) async fn exclusive_writer(&self) -> SqlResult<Writer<DB>> {
        self.wait_to_write(true).await
    }

    async fn wait_to_write(&self, exclusive: bool) -> SqlResult<Writer<DB>> {
        if let Some(queue) = &self.pools.queue {
            return measured("write", queue.turn(exclusive)).await.map(Writer::Turn);
        }
        let mut attempts = self.attempts();
        loop {
            let mut connection = self.pools.take_to_write().await?;
            let ping =
                async { if self.pools.pinged == Pinged::BeforeWrites { connection.ping().await } else { Ok(()) } };
            match ping.await {
                Ok(()) if !DB::OVER_A_NETWORK => return Ok(Writer::Own(connection)),
                Ok(()) => return Ok(Writer::Own(self.without_old_statements(connection).await)),
                Err(_) if attempts > 1 => attempts -= 1,
                Err(error) => return Err(error),
            }
            connection.close_on_drop();
        }
    }

    /// Gives a connection back after an operation and passes on the result.
    ///
    /// A connection whose prepared statements are outdated, because the schema was changed, forgets all of them. The
    /// caller repeats the operation, which had no effect; see [`retry`](super::retry).
    pub(super) async fn settle<T>(&self, mut connection: Taken<DB>, done: SqlResult<T>) -> SqlResult<T> {
        match (&done, &self.pools.kept) {
            (Ok(_), Some(kept)) => kept.put(connection),
            (Err(error), _) if self.is_outdated(error) => {
                self.adapted.forget();
                if forget_statements::<DB>(&mut connection).await.is_err() {
                    connection.close_on_drop();
                }
            }
            _ => {}
        }
        done
    }

    /// Ends an operation like [`Base::settle`]. Returns when its writes are on disk.
    pub(super) async fn settle_write<T>(&self, connection: Writer<DB>, done: SqlResult<T>) -> SqlResult<T> {
        let mut turn = match connection {
            Writer::Own(connection) => return self.settle(connection, done).await,
            Writer::Turn(turn) => turn,
        };
        if let Err(error) = &done
            && self.is_outdated(error)
        {
            self.adapted.forget();
            // A connection in the same process fails only if it is closed.
            let _closed = forget_statements::<DB>(&mut turn).await;
        }
        turn.end(done).await
    }

    /// Returns a connection that prepares its statements again while an operation [requires it](Base::prepare_anew).
    async fn without_old_statements(&self, mut connection: Taken<DB>) -> Taken<DB> {
        if self.preparing_anew.load(Ordering::Acquire) > 0 && forget_statements::<DB>(&mut connection).await.is_err() {
            connection.close_on_drop();
        }
        connection
    }

    /// Makes connections prepare their statements again until the returned value is dropped. An operation failed,
    /// either because its statements were prepared before a change of the schema or because of the schema itself. If
    /// the next attempts fail in the same way, the schema is the cause.
    pub(super) fn prepare_anew(&self) -> PrepareAnew {
        self.preparing_anew.fetch_add(1, Ordering::AcqRel);
        PrepareAnew(Arc::clone(&self.preparing_anew))
    }

    /// Returns `true` for an error that may be caused by outdated statements or by a schema that does not fit.
    #[allow(clippy::unused_self, reason = "`retry` knows the database by the store only")]
    pub(super) fn is_perhaps_outdated(&self, error: &sqlx::Error) -> bool {
        error::is_perhaps_outdated::<DB>(error)
    }

    /// Returns `true` if the connection's prepared statements are outdated; the operation had no effect.
    #[allow(clippy::unused_self, reason = "`retry` knows the database by the store only")]
    pub(super) fn is_outdated(&self, error: &sqlx::Error) -> bool {
        error::is_outdated::<DB>(error)
    }

    /// Returns `true` if the operation was rolled back together with others; it had no effect. It is repeated
    /// [`alone`](Base::alone).
    #[allow(clippy::unused_self, reason = "`retry` knows the database by the store only")]
    pub(super) fn was_undone_with_others(&self, error: &sqlx::Error) -> bool {
        error::was_undone_with_others(error)
    }

    /// Returns the number of attempts: every connection in the pool may be lost, and one more is new.
    pub(super) fn attempts(&self) -> u32 {
        if DB::OVER_A_NETWORK { self.pools.write.options().get_max_connections().saturating_add(1).min(16) } else { 1 }
    }

    /// Returns how often an operation with outdated statements is repeated: every connection in the pool may have some,
    /// and the schema may be changed again in between.
    pub(super) fn repeats(&self) -> u32 {
        let connections = self.pools.read.options().get_max_connections();
        connections.saturating_mul(2).clamp(8, 1000)
    }

    /// Runs a query on its own connection and returns its rows.
    pub(super) async fn read(&self, sql: impl SqlSafeStr, arguments: DB::Arguments) -> SqlResult<Vec<DB::Row>> {
        let mut connection = self.reader().await?;
        let rows = DB::fetch_all(&mut connection, sql, arguments, self.pools.keep_statements).await;
        self.settle(connection, rows).await
    }

    /// Runs a query on its own connection and returns its first row.
    pub(super) async fn read_first(&self, sql: SqlStr, arguments: DB::Arguments) -> SqlResult<Option<DB::Row>> {
        let mut connection = self.reader().await?;
        let row = DB::read_first(&mut connection, sql, arguments, self.pools.keep_statements).await;
        self.settle(connection, row).await
    }

    /// Runs a statement that returns no rows on its own connection and returns the number of rows that it wrote.
    pub(super) async fn write(&self, sql: impl SqlSafeStr, arguments: DB::Arguments) -> SqlResult<u64> {
        let mut connection = self.writer().await?;
        let done = async {
            if self.is_recording() {
                return self.write_and_record(&mut connection, sql, arguments).await;
            }
            Ok(DB::execute(&mut connection, sql, arguments, self.pools.keep_statements).await?.rows)
        };
        let done = done.await;
        self.settle_write(connection, done).await
    }

    /// Runs a statement, and writes the entries of the audit log in the same transaction if it wrote a row.
    async fn write_and_record(
        &self,
        connection: &mut Writer<DB>,
        sql: impl SqlSafeStr,
        arguments: DB::Arguments,
    ) -> SqlResult<u64> {
        let mut transaction = begin::<DB>(connection).await?;
        let done = async {
            let rows = self.execute_on(&mut transaction, sql, arguments).await?.rows;
            if rows == 0 {
                return Ok(None);
            }
            self.record_in(&mut transaction, None).await?;
            Ok(Some(rows))
        };
        let done: SqlResult<_> = done.await;
        Ok(finish(transaction, done).await?.unwrap_or_default())
    }

    /// Runs a statement that returns no rows, with the arguments from `bind`, which gets the form of ids.
    pub(super) async fn execute(
        &self,
        sql: impl SqlSafeStr,
        bind: impl Fn(&mut DB::Arguments, Form) -> SqlResult<()>,
    ) -> SqlResult<u64> {
        let mut arguments = DB::Arguments::default();
        bind(&mut arguments, self.adapted().await?.forms.id)?;
        self.write(sql, arguments).await
    }

    /// Runs one statement of an operation and returns its first row.
    pub(super) async fn fetch_first(
        &self,
        connection: &mut DB::Connection,
        sql: impl SqlSafeStr,
        arguments: DB::Arguments,
    ) -> SqlResult<Option<DB::Row>> {
        let rows = DB::fetch_all(connection, sql, arguments, self.pools.keep_statements).await?;
        Ok(rows.into_iter().next())
    }

    /// Runs one statement of an operation and returns its effect.
    pub(super) async fn execute_on(
        &self,
        connection: &mut DB::Connection,
        sql: impl SqlSafeStr,
        arguments: DB::Arguments,
    ) -> SqlResult<Executed> {
        DB::execute(connection, sql, arguments, self.pools.keep_statements).await
    }
}

/// Closes the prepared statements of a connection.
fn forget_statements<DB: Dialect>(connection: &mut DB::Connection) -> BoxFuture<'_, SqlResult<()>> {
    Box::pin(connection.clear_cached_statements())
}

async fn acquire<DB: Dialect>(pool: &Pool<DB>, name: &'static str) -> SqlResult<Taken<DB>> {
    measured(name, pool.acquire()).await.map(Taken::of)
}

/// Records that a connection was available at once.
fn at_once<DB: Dialect>(name: &'static str, connection: Taken<DB>) -> Taken<DB> {
    metric::waited_for_connection(name, Duration::ZERO);
    connection
}

/// Waits for a connection, and measures how long.
async fn measured<T>(name: &'static str, connection: impl Future<Output = T>) -> T {
    let start = monotonic();
    let connection = connection.await;
    metric::waited_for_connection(name, monotonic() - start);
    connection
}
