//! Reads the row of a user, for generated code.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Codec, Dialect, SqlResult};
use crate::domain::{PasswordHash, UserId};

/// A row of the user table. Each call reads the next column, in the order of the table.
pub struct Row<'r, DB: Dialect> {
    row: &'r DB::Row,
    next: usize,
}

impl<'r, DB: Dialect> Row<'r, DB> {
    pub(crate) fn new(row: &'r DB::Row) -> Self {
        Self { row, next: 0 }
    }

    /// Reads the column at `index` without advancing.
    ///
    /// # Errors
    /// [`sqlx::Error`] if the column is missing or contains another type.
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
    /// [`sqlx::Error`] if the column is missing or contains another type.
    pub fn id<I: UserId>(&mut self) -> SqlResult<I> {
        DB::id_at(self.row, self.advance())
    }

    /// Reads a value of a type with a column type.
    ///
    /// # Errors
    /// [`sqlx::Error`] if the column is missing or contains another type.
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
    /// [`sqlx::Error`] if the column is missing or contains another type.
    pub fn hash(&mut self) -> SqlResult<PasswordHash> {
        self.get::<String>().map(PasswordHash::from_stored)
    }

    /// Reads a value that is stored as JSON text. NULL is read as JSON's `null`.
    ///
    /// # Errors
    /// [`sqlx::Error`] if the column is missing or does not contain JSON of this type.
    pub fn json<T: DeserializeOwned>(&mut self) -> SqlResult<T> {
        let text: Option<String> = self.get()?;
        serde_json::from_str(text.as_deref().unwrap_or("null")).map_err(|error| self.mismatch(&error))
    }

    /// Reads a value that is stored as the string that serde makes of it. NULL is read as JSON's `null`.
    ///
    /// # Errors
    /// [`sqlx::Error`] if the column is missing or the type does not accept its text.
    pub fn text<T: DeserializeOwned>(&mut self) -> SqlResult<T> {
        let text: Option<String> = self.get()?;
        serde_json::from_value(text.map_or(Value::Null, Value::String)).map_err(|error| self.mismatch(&error))
    }

    /// Returns the error for a value of the last column that the field's type does not accept. serde's message is
    /// omitted, because it may quote the value.
    fn mismatch(&self, error: &serde_json::Error) -> sqlx::Error {
        let source = format!("the value is not what the field's type expects ({:?} error)", error.classify()).into();
        sqlx::Error::ColumnDecode { index: self.next.saturating_sub(1).to_string(), source }
    }
}
