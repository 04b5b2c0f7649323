//! The database file: transactions, the write lock, sequences, and the mapping of the engine's errors.

use std::{io::ErrorKind, marker::PhantomData, path::PathBuf, sync::Arc, time::Duration};

use axum_users::store::StoreError;
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use tokio::{sync::Mutex, task::spawn_blocking, time::timeout};

/// The last number of each sequence.
pub const LAST: TableDefinition<&str, i64> = TableDefinition::new("last");

/// The time that a write waits for the lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// Users in a redb file.
pub struct RedbStore<U> {
    db: Arc<Database>,
    /// redb has one writer at a time, and waiting for it would block a thread. With this lock a task waits instead.
    turn: Arc<Mutex<()>>,
    users: PhantomData<fn() -> U>,
}

impl<U> RedbStore<U> {
    /// Opens or creates the file.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        let db = blocking(move || Ok(Database::create(path)?)).await?;
        Ok(Self { db: Arc::new(db), turn: Arc::default(), users: PhantomData })
    }

    /// Reads from one snapshot.
    pub async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&ReadTransaction) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, StoreError> {
        let db = Arc::clone(&self.db);
        blocking(move || look(&db.begin_read()?)).await
    }

    /// Runs `work` in a durable transaction, which is rolled back on an error.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, StoreError> {
        let db = Arc::clone(&self.db);
        let turn = timeout(LOCK_TIMEOUT, Arc::clone(&self.turn).lock_owned()).await.map_err(StoreError::unavailable)?;
        blocking(move || {
            let _turn = turn; // moved here, so that the lock is held until the work ends even if the caller is gone
            let transaction = db.begin_write()?;
            let result = work(&transaction)?; // on an error the transaction is dropped, which rolls it back
            transaction.commit()?; // to the disk: `Durability::Immediate` is redb's default
            Ok(result)
        })
        .await
    }
}

/// Runs calls of the engine on a blocking thread. Once started they complete even if the caller is gone.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refused> + Send + 'static,
) -> Result<T, StoreError> {
    spawn_blocking(work).await.map_err(StoreError::failed)?.map_err(|Refused(error)| error)
}

/// Returns the next number of a sequence. Numbers are never reused, even after a deletion.
pub fn next(transaction: &WriteTransaction, kind: &str) -> Result<i64, Refused> {
    let mut last = transaction.open_table(LAST)?;
    let number = last.get(kind)?.map_or(0, |number| number.value()) + 1;
    last.insert(kind, number)?;
    Ok(number)
}

/// The reason for rolling back a transaction. It exists so that `?` converts the engine's errors.
pub struct Refused(pub StoreError);

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<serde_json::Error> for Refused {
    fn from(error: serde_json::Error) -> Self {
        Self(StoreError::failed(error))
    }
}

macro_rules! from_engine {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for Refused {
            fn from(error: redb::$error) -> Self {
                Self(meaning(error.into()))
            }
        }
    )*};
}

from_engine!(DatabaseError, TransactionError, TableError, StorageError, CommitError);

/// Temporary errors, which need no change of the program or the file, are `Unavailable`: clients get 503 and retry.
fn meaning(error: redb::Error) -> StoreError {
    use redb::Error::{DatabaseAlreadyOpen, DatabaseClosed, Io, PreviousIo};
    match &error {
        DatabaseAlreadyOpen | DatabaseClosed | PreviousIo => StoreError::unavailable(error),
        Io(cause) => match cause.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem => {
                StoreError::unavailable(error)
            }
            _ => StoreError::failed(error),
        },
        _ => StoreError::failed(error),
    }
}
