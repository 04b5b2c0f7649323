//! Errors of statements about users: which unique key a write violated.

use sqlx::error::DatabaseError;

use super::{
    Dialect, SqlResult,
    base::Base,
    error::{Names, store_error},
};
use crate::port::StoreError;

impl<DB: Dialect> Base<DB> {
    pub(super) fn error(&self, error: sqlx::Error) -> StoreError {
        let keys = self.keys.known();
        let (columns, custom) = (&self.columns, self.custom_fields);
        store_error::<DB>(error, &Names { sql: self.sql, columns, custom, keys: keys.as_deref() })
    }

    fn violated_columns(&self, refusal: &dyn DatabaseError) -> Option<Vec<String>> {
        DB::violated_columns(refusal, self.sql.table, self.keys.known().as_deref())
    }

    /// Reads the unique keys of the table after the first write, or if a write violated an unknown one: the response
    /// depends on their columns, because names of indexes are arbitrary. The catalog is read after the first write
    /// whether or not an address was taken, so that timing does not reveal it.
    pub(super) async fn learn_keys<T>(&self, written: SqlResult<T>) -> SqlResult<T> {
        let is_unknown = match &written {
            Ok(_) => self.keys.known().is_none(),
            Err(sqlx::Error::Database(refusal)) if refusal.is_unique_violation() => {
                self.violated_columns(refusal.as_ref()).is_none()
            }
            Err(_) => false,
        };
        if !is_unknown {
            return written;
        }
        let describe = async || {
            let mut connection = self.reader().await?;
            let table = DB::describe(&mut connection, self.schema(), self.sql.table).await;
            self.settle(connection, table).await
        };
        // Boxed, so that the future of every write stays small: it is moved to the heap as a whole.
        match (Box::pin(describe()).await, &written) {
            (Ok(table), _) => self.keys.learn(&table),
            (Err(_), Ok(_)) => {}
            (Err(error), Err(_)) => return Err(error),
        }
        written
    }

    /// Returns the schema of the tables, if one is named.
    pub(super) fn schema(&self) -> Option<&'static str> {
        self.sql.schema_on::<DB>()
    }
}
