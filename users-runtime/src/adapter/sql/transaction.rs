//! Write transactions.

use std::ops::{Deref, DerefMut};

use sqlx::{Connection as _, Transaction};

use super::{Dialect, Driver, SqlResult, connection::Writer};

/// Statements that take effect together, or not at all. Pass it to [`finish`].
pub(super) enum Scope<'c, DB: Driver> {
    /// A separate transaction.
    Transaction(Transaction<'c, DB>),
    /// A savepoint in a transaction that is shared with others.
    Savepoint(&'c mut DB::Connection),
}

impl<DB: Driver> Deref for Scope<'_, DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        match self {
            Self::Transaction(transaction) => transaction,
            Self::Savepoint(connection) => connection,
        }
    }
}

impl<DB: Driver> DerefMut for Scope<'_, DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        match self {
            Self::Transaction(transaction) => transaction,
            Self::Savepoint(connection) => connection,
        }
    }
}

/// Begins a write transaction, or a savepoint in a transaction that others share. sqlx is not used for this, because it
/// rolls back twice if the caller is cancelled meanwhile, and so would also roll back the writes of others.
pub(super) async fn begin<DB: Dialect>(connection: &mut Writer<DB>) -> SqlResult<Scope<'_, DB>> {
    if connection.is_shared() {
        run::<DB>(connection, "SAVEPOINT axum_users").await?;
        return Ok(Scope::Savepoint(&mut **connection));
    }
    repair::<DB>(connection).await?;
    connection.begin_with(DB::BEGIN_WRITE).await.map(Scope::Transaction)
}

/// Undoes the writes of a caller in a transaction that is shared with others, if its savepoint still exists.
pub(super) async fn undo_savepoint<DB: Driver>(transaction: &mut DB::Connection) -> SqlResult<()> {
    run::<DB>(transaction, "ROLLBACK TO axum_users").await?;
    run::<DB>(transaction, "RELEASE axum_users").await
}

async fn run<DB: Driver>(connection: &mut DB::Connection, statement: &'static str) -> SqlResult<()> {
    DB::execute(connection, statement, DB::Arguments::default(), true).await.map(drop)
}

/// Ends a transaction that is open by mistake.
///
/// SQLite rolls back a transaction automatically when the disk is full or fails
/// (<https://sqlite.org/lang_transaction.html>, "Response To Errors Within A Transaction"). sqlx's `ROLLBACK` then fails
/// because there is no transaction, and sqlx counts one as open until the connection is closed and begins no other.
/// SQLite has a single connection for writes, so without this repair a full disk would stop all later transactions.
pub(super) async fn repair<DB: Driver>(connection: &mut DB::Connection) -> SqlResult<()> {
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
    Ok(())
}

/// Returns whether the transaction that should be open is lost: the database has rolled it back, or the connection fails.
pub(super) async fn is_lost<DB: Driver>(transaction: &mut DB::Connection) -> bool {
    // Fails in a transaction. Otherwise sqlx mistakes the new transaction for the old one, and rolls it back when the
    // old one is dropped.
    let begun = DB::execute(transaction, "BEGIN", DB::Arguments::default(), false).await;
    !matches!(begun, Err(sqlx::Error::Database(_)))
}

/// Commits a result of `Some` and rolls back otherwise. The rollback is immediate, because a dropped transaction keeps its
/// locks until sqlx uses the connection again.
pub(super) async fn finish<DB: Dialect, T, E: From<sqlx::Error>>(
    scope: Scope<'_, DB>,
    done: Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let transaction = match scope {
        Scope::Transaction(transaction) => transaction,
        Scope::Savepoint(connection) => {
            match &done {
                Ok(Some(_)) => run::<DB>(connection, "RELEASE axum_users").await?,
                Ok(None) => undo_savepoint::<DB>(connection).await?,
                // The first error is returned; the transaction is checked after it.
                Err(_) => drop(undo_savepoint::<DB>(connection).await),
            }
            return done;
        }
    };
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
