//! Transactions that write.

use sqlx::{Connection as _, Transaction};

use super::{Dialect, SqlResult};

/// Begins a transaction that writes.
///
/// SQLite itself rolls a transaction back when the disk is full or fails
/// (<https://sqlite.org/lang_transaction.html>, "Response To Errors Within A Transaction"). sqlx's `ROLLBACK` then finds no
/// transaction and fails, after which sqlx counts one as open for as long as the connection lives, and begins no other. One
/// connection writes to SQLite, so without the repair here a disk that was full once would stop all transactions.
pub(super) async fn begin<DB: Dialect>(connection: &mut DB::Connection) -> SqlResult<Transaction<'_, DB>> {
    if connection.is_in_transaction() {
        // The rollback of a transaction that was dropped may be under way.
        connection.ping().await?;
    }
    if connection.is_in_transaction() {
        // sqlx refuses to begin, and rolls back what it refused. The statement before gives it something to roll back; it
        // fails if there is something already.
        let _may_fail = DB::execute(connection, "BEGIN", DB::Arguments::default()).await;
        drop(connection.begin_with(DB::BEGIN_WRITE).await);
    }
    connection.begin_with(DB::BEGIN_WRITE).await
}

/// Commits if there is something to commit, else rolls back at once: a transaction that is only dropped holds its locks until
/// sqlx gets to it.
pub(super) async fn finish<DB: Dialect, T>(
    transaction: Transaction<'_, DB>,
    done: SqlResult<Option<T>>,
) -> SqlResult<Option<T>> {
    match done {
        Ok(Some(done)) => transaction.commit().await.map(|()| Some(done)),
        Ok(None) => transaction.rollback().await.map(|()| None),
        Err(error) => {
            // The first error is the one to return. A rollback that fails is repaired by the next `begin`.
            let _second = transaction.rollback().await;
            Err(error)
        }
    }
}
