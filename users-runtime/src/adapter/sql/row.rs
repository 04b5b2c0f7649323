//! One row, as generated code reads it.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Codec, Dialect, SqlResult};
use crate::domain::{PasswordHash, UserId};

/// One row of the user's table; columns are numbered as in [`UserSql::columns`](super::UserSql::columns).
pub struct Row<'r, DB: Dialect>(&'r DB::Row);

impl<'r, DB: Dialect> Row<'r, DB> {
    pub(crate) fn new(row: &'r DB::Row) -> Self {
        Self(row)
    }

    /// The id.
    ///
    /// # Errors
    /// If the column is missing or holds something else.
    pub fn id<I: UserId>(&self, index: usize) -> SqlResult<I> {
        DB::id_at(self.0, index)
    }

    /// A value that has a column type of its own.
    ///
    /// # Errors
    /// If the column is missing or holds something else.
    pub fn get<T>(&self, index: usize) -> SqlResult<T>
    where
        DB: Codec<T>,
    {
        <DB as Codec<T>>::read(self.0, index)
    }

    /// The password hash.
    ///
    /// # Errors
    /// If the column is missing or holds something else.
    pub fn hash(&self, index: usize) -> SqlResult<PasswordHash> {
        self.get::<String>(index).map(PasswordHash::from_stored)
    }

    /// A value stored as JSON text; NULL is JSON's `null`.
    ///
    /// # Errors
    /// If the column is missing, or its text is not JSON of this type.
    pub fn json<T: DeserializeOwned>(&self, index: usize) -> SqlResult<T> {
        let text: Option<String> = self.get(index)?;
        serde_json::from_str(text.as_deref().unwrap_or("null")).map_err(|error| foreign(index, &error))
    }

    /// A value stored as the text that serde makes of it; NULL is JSON's `null`.
    ///
    /// # Errors
    /// If the column is missing, or the type does not know its text.
    pub fn text<T: DeserializeOwned>(&self, index: usize) -> SqlResult<T> {
        let text: Option<String> = self.get(index)?;
        serde_json::from_value(text.map_or(Value::Null, Value::String)).map_err(|error| foreign(index, &error))
    }
}

/// The column holds what the field's type does not know. serde's text is left out, since it may quote the value.
fn foreign(index: usize, error: &serde_json::Error) -> sqlx::Error {
    let source = format!("the value is not what the field's type expects ({:?} error)", error.classify()).into();
    sqlx::Error::ColumnDecode { index: index.to_string(), source }
}
