//! Reads the row of a user, for generated code.

use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::ValueRef as _;
use uuid::Uuid;

use super::{Codec, Dialect, Driver, SqlResult, error::WrongType, uuid_form::read_uuid};
use crate::domain::{PasswordHash, UserId, id_kind};

/// Reads a UUID in any of its forms.
pub(super) fn uuid_at<DB: Driver>(row: &DB::Row, index: usize) -> SqlResult<Uuid> {
    read_uuid(DB::bytes_at(row, index)?)
        .ok_or_else(|| sqlx::Error::ColumnDecode { index: index.to_string(), source: "the value is not a UUID".into() })
}

/// A row of the user table. Each call reads the next column, in the order of the table.
pub struct Row<'r, DB: Dialect> {
    row: &'r DB::Row,
    next: usize,
    /// Another user, whose values replace those that cannot be read.
    substitute: Option<&'r DB::Row>,
    /// The columns that were replaced.
    replaced: Vec<usize>,
}

impl<'r, DB: Dialect> Row<'r, DB> {
    pub(crate) fn new(row: &'r DB::Row) -> Self {
        Self { row, next: 0, substitute: None, replaced: Vec::new() }
    }

    /// Reads a row that has values which cannot be read. `substitute` is the row of a user that can be read.
    pub(crate) fn damaged(row: &'r DB::Row, substitute: &'r DB::Row) -> Self {
        Self { substitute: Some(substitute), ..Self::new(row) }
    }

    /// Returns the columns whose values were taken from the substitute.
    pub(crate) fn into_replaced(self) -> Vec<usize> {
        self.replaced
    }

    /// Reads the next column, from the substitute if it cannot be read.
    fn read_next<T>(&mut self, read: impl Fn(&DB::Row, usize) -> SqlResult<T>) -> SqlResult<T> {
        let index = self.advance();
        match (read(self.row, index), self.substitute) {
            (Err(_), Some(substitute)) => {
                self.replaced.push(index);
                read(substitute, index)
            }
            (result, _) => result,
        }
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
        let index = self.advance();
        let id = DB::id_at(self.row, index, id_kind::<I>())?;
        I::from_value(id).ok_or_else(|| sqlx::Error::ColumnDecode {
            index: index.to_string(),
            source: "the id is out of the range of its type".into(),
        })
    }

    /// Reads a value of a type with a column type.
    ///
    /// # Errors
    /// [`sqlx::Error`] if the column is missing or contains another type.
    pub fn get<T>(&mut self) -> SqlResult<T>
    where
        DB: Codec<T>,
    {
        self.read_next(<DB as Codec<T>>::read)
    }

    /// Reads the password hash. NULL is read as [`PasswordHash::NONE`], and bytes that are not text as a hash that no
    /// password matches.
    ///
    /// # Errors
    /// [`sqlx::Error`] if the column is missing.
    pub fn hash(&mut self) -> SqlResult<PasswordHash> {
        let index = self.advance();
        let row = self.row;
        if DB::value_at(row, index)?.is_null() {
            return Ok(PasswordHash::NONE);
        }
        Ok(<DB as Codec<String>>::read(row, index)
            .map_or_else(|_| PasswordHash::unreadable(), PasswordHash::from_stored))
    }

    /// Reads a value that is stored as JSON text. NULL is read as JSON's `null`.
    ///
    /// # Errors
    /// [`sqlx::Error`] if the column is missing or does not contain JSON of this type.
    pub fn json<T: DeserializeOwned>(&mut self) -> SqlResult<T> {
        self.read_next(|row, index| {
            let text = DB::text_at(row, index)?;
            serde_json::from_str(text.as_deref().unwrap_or("null")).map_err(|error| mismatch(index, &error))
        })
    }

    /// Reads a value that is stored as its serde representation, a string. NULL is read as JSON's `null`.
    ///
    /// # Errors
    /// [`sqlx::Error`] if the column is missing or the type does not accept its text.
    pub fn text<T: DeserializeOwned>(&mut self) -> SqlResult<T> {
        self.read_next(|row, index| {
            let text = DB::text_at(row, index)?;
            serde_json::from_value(text.map_or(Value::Null, Value::String)).map_err(|error| mismatch(index, &error))
        })
    }
}

/// Returns the error for a value that the field's type does not accept. serde's message is omitted, because it may quote the
/// value.
fn mismatch(index: usize, error: &serde_json::Error) -> sqlx::Error {
    let reason = format!("is not what the field's type expects ({:?} error)", error.classify());
    sqlx::Error::ColumnDecode { index: index.to_string(), source: WrongType(reason).into() }
}
