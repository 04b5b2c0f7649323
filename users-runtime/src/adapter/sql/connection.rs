//! Connections from the pools, and statements on them.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use sqlx::{Connection as _, Pool, SqlSafeStr, pool::PoolConnection};

use super::{
    Dialect, Executed, SqlResult,
    base::Base,
    error,
    transaction::{begin, finish},
    uuid_form::Form,
};
use crate::{adapter::clock::monotonic, event::metric};

/// An operation that runs again on connections without statements from before.
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
}

impl<DB: Dialect> Pools<DB> {
    /// Uses one pool for reads and writes.
    pub(super) fn shared(pool: Pool<DB>, keep_statements: bool) -> Self {
        Self { read: pool.clone(), write: pool, keep_statements }
    }
}

impl<DB: Dialect> Clone for Pools<DB> {
    fn clone(&self) -> Self {
        Self { read: self.read.clone(), write: self.write.clone(), keep_statements: self.keep_statements }
    }
}

impl<DB: Dialect> Base<DB> {
    /// Returns a connection for reading. Pass it to [`Base::settle`] with the result of the operation.
    pub(super) async fn reader(&self) -> SqlResult<PoolConnection<DB>> {
        let connection = acquire(&self.pools.read, "read").await?;
        Ok(self.without_old_statements(connection).await)
    }

    /// Returns a connection for writing that was just tested. A write without a response cannot simply be retried,
    /// because it may have taken effect, so writes pay one round trip for a ping. Reads do not; see
    /// [`retry`](super::retry). Pass it to [`Base::settle`] with the result of the operation.
    pub(super) async fn writer(&self) -> SqlResult<PoolConnection<DB>> {
        let mut attempts = self.attempts();
        loop {
            let mut connection = acquire(&self.pools.write, "write").await?;
            if !DB::OVER_A_NETWORK {
                return Ok(connection);
            }
            match connection.ping().await {
                Ok(()) => return Ok(self.without_old_statements(connection).await),
                Err(_) if attempts > 1 => attempts -= 1,
                Err(error) => return Err(error),
            }
            connection.close_on_drop();
        }
    }

    /// Returns a connection to its pool after an operation and passes on the result.
    ///
    /// A connection whose prepared statements are outdated, because the schema was changed, forgets all of them. The
    /// caller repeats the operation, which had no effect; see [`retry`](super::retry).
    pub(super) async fn settle<T>(&self, mut connection: PoolConnection<DB>, done: SqlResult<T>) -> SqlResult<T> {
        if let Err(error) = &done
            && self.is_outdated(error)
        {
            self.adapted.forget();
            if connection.clear_cached_statements().await.is_err() {
                connection.close_on_drop();
            }
        }
        done
    }

    /// Returns a connection that prepares its statements anew while an operation [asks for it](Base::prepare_anew).
    async fn without_old_statements(&self, mut connection: PoolConnection<DB>) -> PoolConnection<DB> {
        if self.preparing_anew.load(Ordering::Acquire) > 0 && connection.clear_cached_statements().await.is_err() {
            connection.close_on_drop();
        }
        connection
    }

    /// Makes connections prepare their statements anew until the returned value is dropped: an operation failed in a way that
    /// may be due to statements of before a change of the schema, or due to the schema itself. If the next attempts fail
    /// alike, it is the schema.
    pub(super) fn prepare_anew(&self) -> PrepareAnew {
        self.preparing_anew.fetch_add(1, Ordering::AcqRel);
        PrepareAnew(Arc::clone(&self.preparing_anew))
    }

    /// Returns `true` for an error that outdated statements cause as well as a schema which does not fit.
    #[allow(clippy::unused_self, reason = "`retry` knows the database by the store only")]
    pub(super) fn is_perhaps_outdated(&self, error: &sqlx::Error) -> bool {
        error::is_perhaps_outdated::<DB>(error)
    }

    /// Returns `true` if the connection's prepared statements are outdated; the operation had no effect.
    #[allow(clippy::unused_self, reason = "`retry` knows the database by the store only")]
    pub(super) fn is_outdated(&self, error: &sqlx::Error) -> bool {
        error::is_outdated::<DB>(error)
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
        self.settle(connection, done).await
    }

    /// Runs a statement, and writes the entries of the audit log in the same transaction if it wrote a row.
    async fn write_and_record(
        &self,
        connection: &mut DB::Connection,
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

/// Waits for a connection, and measures how long.
async fn acquire<DB: Dialect>(pool: &Pool<DB>, name: &'static str) -> SqlResult<PoolConnection<DB>> {
    let start = monotonic();
    let connection = pool.acquire().await;
    metric::waited_for_connection(name, monotonic() - start);
    connection
}
