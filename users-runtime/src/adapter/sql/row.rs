//! One row of users, as generated code reads it.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Codec, Dialect, SqlResult};
use crate::domain::{PasswordHash, UserId};

/// One row of the table of users. Each call reads the next column, in the order of the table.
pub struct Row<'r, DB: Dialect> {
    row: &'r DB::Row,
    next: usize,
}

impl<'r, DB: Dialect> Row<'r, DB> {
    pub(crate) fn new(row: &'r DB::Row) -> Self {
        Self { row, next: 0 }
    }

    /// Reads the column at `index`, whichever was read last.
    ///
    /// # Errors
    /// If the column is missing or holds another type.
    pub(crate) fn at<T>(&self, index: usize) -> SqlResult<T>
    where
        DB: Codec<T>,
    {
        <DB as Codec<T>>::read(self.row, index)
    }

    fn advance(&mut self) -> usize {
        let index = self.next;
        self.next += 1;
        index
    }

    /// Reads the id.
    ///
    /// # Errors
    /// If the column is missing or holds another type.
    pub fn id<I: UserId>(&mut self) -> SqlResult<I> {
        DB::id_at(self.row, self.advance())
    }

    /// Reads a value that has a column type.
    ///
    /// # Errors
    /// If the column is missing or holds another type.
    pub fn get<T>(&mut self) -> SqlResult<T>
    where
        DB: Codec<T>,
    {
        let index = self.advance();
        self.at(index)
    }

    /// Reads the password hash.
    ///
    /// # Errors
    /// If the column is missing or holds another type.
    pub fn hash(&mut self) -> SqlResult<PasswordHash> {
        self.get::<String>().map(PasswordHash::from_stored)
    }

    /// Reads a value that is stored as JSON text. NULL is JSON's `null`.
    ///
    /// # Errors
    /// If the column is missing, or its text is not JSON of this type.
    pub fn json<T: DeserializeOwned>(&mut self) -> SqlResult<T> {
        let text: Option<String> = self.get()?;
        serde_json::from_str(text.as_deref().unwrap_or("null")).map_err(|error| self.foreign(&error))
    }

    /// Reads a value that is stored as the text into which serde turns it. NULL is JSON's `null`.
    ///
    /// # Errors
    /// If the column is missing, or the type does not know its text.
    pub fn text<T: DeserializeOwned>(&mut self) -> SqlResult<T> {
        let text: Option<String> = self.get()?;
        serde_json::from_value(text.map_or(Value::Null, Value::String)).map_err(|error| self.foreign(&error))
    }

    /// The column that was read last holds a value that the field's type does not know. serde's text is left out, since
    /// it may quote the value.
    fn foreign(&self, error: &serde_json::Error) -> sqlx::Error {
        let source = format!("the value is not what the field's type expects ({:?} error)", error.classify()).into();
        sqlx::Error::ColumnDecode { index: self.next.saturating_sub(1).to_string(), source }
    }
}
