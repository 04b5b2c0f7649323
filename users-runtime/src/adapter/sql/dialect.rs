//! The interface between the store and a database.

use sqlx::{
    Arguments as _, Database, Decode, Encode, SqlSafeStr, SqlStr, Type,
    database::HasStatementCache,
    error::{BoxDynError, DatabaseError},
};
use uuid::Uuid;

use super::{
    ById, Codec, LoginSql, SqlResult, Statements, UserSql,
    error::RefusedValue,
    schema::{Catalog, FoundIndex},
    short::Reading,
    uuid_form::{Form, UuidForm},
};
use crate::{
    domain::{IdKind, IdValue, SessionKey, Timestamp},
    port::BoxFuture,
};

pub(super) mod sealed {
    pub trait Sealed {}
}

/// Runs statements and reads values. Each database implements it once, so that other code needs none of sqlx's trait
/// bounds.
pub trait Driver: Database + HasStatementCache + sealed::Sealed {
    /// The column type of strings without a length limit.
    const TEXT: &'static str;

    /// The statement that begins a transaction for writing.
    const BEGIN_WRITE: &'static str;

    /// `true` if a statement that writes a user can return the row.
    const RETURNS_ROWS: bool;

    /// The form of UUID ids in a table that axum-users created.
    const ID_FORM: UuidForm;

    /// The form in which the driver binds the UUIDs of custom columns.
    const UUID_FORM: UuidForm;

    /// `true` if idle connections in the pool may be lost.
    const OVER_A_NETWORK: bool;

    /// Returns the column type for values of the type that sqlx calls `type_name`.
    fn declared(type_name: &str) -> String;

    /// Returns the raw value of the column at `index`.
    ///
    /// # Errors
    /// [`sqlx::Error::ColumnIndexOutOfBounds`] if the row has fewer columns.
    fn value_at(row: &Self::Row, index: usize) -> SqlResult<Self::ValueRef<'_>>;

    /// Reads a value of another type than `T` if `T` has the same value. Returns `None` for types without such values.
    fn convert<T>(value: &Self::ValueRef<'_>) -> Option<Result<T, BoxDynError>>
    where
        T: Type<Self> + for<'r> Decode<'r, Self> + 'static,
    {
        let _ = value;
        None
    }

    /// Returns the zero value of a column type as an SQL literal, for existing rows when a column is added. Times, dates
    /// and ids have none.
    fn zero(sql_type: &str) -> Option<&'static str>;

    /// Returns `true` for the type of a column that holds times, dates or UUIDs and nothing else.
    fn is_time_or_id(sql_type: &str) -> bool;

    /// Reads an id from a column of this kind.
    ///
    /// # Errors
    /// [`sqlx::Error`] if the column is missing or contains another type.
    fn id_at(row: &Self::Row, index: usize, kind: IdKind) -> SqlResult<IdValue>;

    /// Appends an id to a statement's arguments.
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] if the driver refuses the value.
    fn add_id(id: &IdValue, form: Form, arguments: &mut Self::Arguments) -> SqlResult<()>;

    /// Returns the bytes of a column of bytes or text as they are stored. A UUID of PostgreSQL has 16 bytes.
    ///
    /// # Errors
    /// [`sqlx::Error`] if the column is missing, NULL, or contains another type.
    fn bytes_at(row: &Self::Row, index: usize) -> SqlResult<&[u8]>;

    /// Appends a UUID or NULL in the form of its column.
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] if the driver refuses the value.
    fn add_uuid(id: Option<Uuid>, form: Form, arguments: &mut Self::Arguments) -> SqlResult<()>;

    /// Appends a value of any type that has a column.
    ///
    /// # Errors
    /// The error of the type's `Encode` implementation.
    fn add_value<T>(value: &T, arguments: &mut Self::Arguments) -> Result<(), BoxDynError>
    where
        T: Type<Self> + for<'q> Encode<'q, Self>,
    {
        arguments.add(value)
    }

    /// Returns `true` if this value corresponds to NULL. Only called for a value that was decoded from NULL: on SQLite,
    /// sqlx decodes NULL as 0, false or an empty text, which is not what another program wrote.
    fn is_null<T>(value: &T) -> bool
    where
        T: Type<Self> + for<'q> Encode<'q, Self>,
    {
        let _ = value;
        true
    }

    /// Returns whether a value of any type that has a column is stored as NULL.
    fn is_stored_as_null<T>(value: &T) -> bool
    where
        T: Type<Self> + for<'q> Encode<'q, Self>;

    /// Reads a column of text, or one that a statement reads as text.
    ///
    /// # Errors
    /// [`sqlx::Error`] if the column is missing or contains another type.
    fn text_at(row: &Self::Row, index: usize) -> SqlResult<Option<String>>;

    /// Appends a time.
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] if the driver refuses the value.
    fn add_time(time: Timestamp, arguments: &mut Self::Arguments) -> SqlResult<()>;

    /// Appends a time or NULL in the format of fastapi-users.
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] if the driver refuses the value.
    fn add_upstream_time(time: Option<Timestamp>, arguments: &mut Self::Arguments) -> SqlResult<()>;

    /// Reads a time in the format of fastapi-users.
    ///
    /// # Errors
    /// [`sqlx::Error`] if the column is missing or contains another type.
    fn upstream_time_at(row: &Self::Row, index: usize) -> SqlResult<Option<Timestamp>>;

    /// Appends several lookups, in the form of [`Statements::find_many`].
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] if the driver refuses a value.
    fn add_lookups(wanted: &[ById], kind: IdKind, form: Form, arguments: &mut Self::Arguments) -> SqlResult<()>;

    /// Returns the statement [`Statements::find_many`] for ids of this kind and form, which the derive does not know.
    fn find_many(statement: SqlStr, kind: IdKind, form: Form) -> SqlStr {
        let _ = (kind, form);
        statement
    }

    /// Returns the short form of a statement that finds users, if this database has one; see [`short`](super::short).
    fn short(full: &str) -> Option<String> {
        let _ = full;
        None
    }

    /// Reads the columns that a short form returns after those of the user, from the column `first`. `key` is that of a
    /// lookup by session.
    fn read_short(row: &Self::Row, first: usize, key: Option<&SessionKey>) -> Reading {
        let _ = (row, first, key);
        Reading::Unusual
    }

    /// Appends several session keys, in the form of [`Statements::find_sessions`].
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] if the driver refuses a value.
    fn add_session_keys(wanted: &[SessionKey], arguments: &mut Self::Arguments) -> SqlResult<()>;

    /// Returns the columns that the violated unique key of a table compares, none if the key is of another table. `known`
    /// has the keys of the table, if they were read. Returns `None` if they must be read first, or again.
    fn violated_columns(refusal: &dyn DatabaseError, table: &str, known: Option<&[FoundIndex]>) -> Option<Vec<String>>;

    /// Returns `true` for a violated constraint that compares the row with others, as a unique constraint does.
    fn is_conflict(refusal: &dyn DatabaseError) -> bool {
        let _ = refusal;
        false
    }

    /// Returns the database's description of a value that it refuses: the value does not fit the column, violates a
    /// constraint, or is refused by a trigger.
    fn refused_value(refusal: &dyn DatabaseError) -> Option<RefusedValue>;

    /// Returns the code of an error, as the documentation of the database lists it.
    fn code(refusal: &dyn DatabaseError) -> Option<String> {
        refusal.code().map(|code| code.into_owned())
    }

    /// Returns `true` if the message of an error is the database's own and names nothing but objects of the database. A
    /// trigger can build a message from values, with the code of any error.
    fn names_objects_only(refusal: &dyn DatabaseError) -> bool;

    /// Returns `true` if the operation may succeed later.
    fn is_unavailable(refusal: &dyn DatabaseError) -> bool;

    /// Returns what an operator can do about an error while connecting or migrating.
    fn advice(refusal: &dyn DatabaseError) -> Option<&'static str>;

    /// Returns `true` if the server closes the connection after this error.
    fn is_disconnected(refusal: &dyn DatabaseError) -> bool;

    /// Returns `true` if the database rolled back the whole transaction because of a conflict, so that it can be
    /// retried.
    fn is_undone(refusal: &dyn DatabaseError) -> bool;

    /// Returns `true` if the connection's prepared statements are outdated because the schema was changed. The statement
    /// had no effect.
    fn is_outdated(refusal: &dyn DatabaseError) -> bool;

    /// Returns `true` for errors of [`Driver::is_outdated`] that a column of the wrong type also causes, permanently.
    fn is_perhaps_outdated(refusal: &dyn DatabaseError) -> bool {
        let _ = refusal;
        false
    }

    /// Returns another form of a statement that inserts or changes a user, if this database needs one.
    fn write_statement(statement: &str) -> Option<String> {
        let _ = statement;
        None
    }

    /// Returns the text of encoded values, to compare them with others.
    fn printed(arguments: &Self::Arguments) -> String;

    /// Checks the constraints that the database checks only at the end of the transaction, for the row with this id that the
    /// transaction has inserted into the table of users. Returns `false`, or the error of the database, if one is violated.
    fn meets_deferred_constraints<'a>(
        connection: &'a mut Self::Connection,
        sql: &'static UserSql,
        id: Self::Arguments,
    ) -> BoxFuture<'a, SqlResult<bool>> {
        let _ = (connection, sql, id);
        Box::pin(std::future::ready(Ok(true)))
    }

    /// Returns the problems with the settings of a session that a pool of the application opened.
    fn session_faults(connection: &mut Self::Connection) -> BoxFuture<'_, SqlResult<Vec<&'static str>>> {
        let _ = connection;
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Runs a statement to its end and returns its rows. `keep` says whether the connection keeps the prepared statement.
    ///
    /// Replaces sqlx's `fetch_optional` as well, which on SQLite resets the statement after the first row. Outside a
    /// transaction the reset commits, and an error of this commit (disk full, file locked) is lost.
    fn fetch_all<'a>(
        connection: &'a mut Self::Connection,
        sql: impl SqlSafeStr,
        arguments: Self::Arguments,
        keep: bool,
    ) -> BoxFuture<'a, SqlResult<Vec<Self::Row>>>;

    /// Runs a statement that only reads, and returns its first row.
    fn read_first<'a>(
        connection: &'a mut Self::Connection,
        sql: impl SqlSafeStr,
        arguments: Self::Arguments,
        keep: bool,
    ) -> BoxFuture<'a, SqlResult<Option<Self::Row>>> {
        let rows = Self::fetch_all(connection, sql, arguments, keep);
        Box::pin(async move { Ok(rows.await?.into_iter().next()) })
    }

    /// Runs a statement to its end and returns its effect.
    fn execute<'a>(
        connection: &'a mut Self::Connection,
        sql: impl SqlSafeStr,
        arguments: Self::Arguments,
        keep: bool,
    ) -> BoxFuture<'a, SqlResult<Executed>>;
}

/// The effect of a statement that returns no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Executed {
    /// The number of rows that matched.
    pub rows: u64,
    /// The id that the database generated, if it reports one.
    pub last_id: Option<i64>,
}

/// A database that axum-users supports: `sqlx::Sqlite`, `sqlx::Postgres` and `sqlx::MySql` (also MariaDB), each with
/// the Cargo feature of its name.
///
/// Sealed, because the statements of a user type are generated at compile time for the databases of [`UserSql`].
/// Implement [`UserStore`](crate::port::UserStore) for other databases.
pub trait Dialect:
    Catalog + Codec<bool> + Codec<Option<bool>> + Codec<i64> + Codec<Option<i64>> + Codec<String> + Codec<Option<String>>
{
    /// Returns the statements for this database.
    fn statements(sql: &'static UserSql) -> &'static Statements;

    /// Returns the statement for this database that finds a user by the login name.
    fn login_statement(login: &'static LoginSql) -> &'static str;
}
