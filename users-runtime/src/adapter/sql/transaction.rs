//! Write transactions.

use sqlx::{Connection as _, Transaction};

use super::{Dialect, SqlResult};

/// Begins a write transaction.
///
/// SQLite rolls back a transaction automatically when the disk is full or fails
/// (<https://sqlite.org/lang_transaction.html>, "Response To Errors Within A Transaction"). sqlx's `ROLLBACK` then fails
/// because there is no transaction, and sqlx counts one as open until the connection is closed and begins no other.
/// SQLite has a single connection for writes, so without this repair a full disk would stop all later transactions.
pub(super) async fn begin<DB: Dialect>(connection: &mut DB::Connection) -> SqlResult<Transaction<'_, DB>> {
    if connection.is_in_transaction() {
        // The rollback of a dropped transaction may still be pending.
        connection.ping().await?;
    }
    if connection.is_in_transaction() {
        // sqlx refuses to begin and then rolls back. The `BEGIN` gives it a transaction to roll back; it fails if there is
        // one already.
        let _may_fail = DB::execute(connection, "BEGIN", DB::Arguments::default(), false).await;
        drop(connection.begin_with(DB::BEGIN_WRITE).await);
    }
    connection.begin_with(DB::BEGIN_WRITE).await
}

/// Commits a result of `Some` and rolls back otherwise. The rollback is immediate, because a dropped transaction keeps its
/// locks until sqlx uses the connection again.
pub(super) async fn finish<DB: Dialect, T, E: From<sqlx::Error>>(
    transaction: Transaction<'_, DB>,
    done: Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    match done {
        Ok(Some(done)) => Ok(transaction.commit().await.map(|()| Some(done))?),
        Ok(None) => Ok(transaction.rollback().await.map(|()| None)?),
        Err(error) => {
            // The first error is returned; the next `begin` repairs a failed rollback.
            let _second = transaction.rollback().await;
            Err(error)
        }
    }
}
