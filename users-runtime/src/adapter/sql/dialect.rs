//! What a database must bring so that the store can speak to it.

use sqlx::{
    Arguments as _, Database, Encode, SqlSafeStr, Type,
    error::{BoxDynError, DatabaseError},
};

use super::{ById, Codec, SqlResult, Statements, UserSql, schema::Catalog};
use crate::{
    domain::{SessionKey, Timestamp, UserId},
    port::BoxFuture,
};

pub(super) mod sealed {
    pub trait Sealed {}
}

/// Running statements and reading values, without sqlx's where-clauses: each database writes them once.
pub trait Driver: Database + sealed::Sealed {
    /// The column type of texts without a limit.
    const TEXT: &'static str;

    /// Begins a transaction that is going to write.
    const BEGIN_WRITE: &'static str;

    /// Whether a statement that writes a user can answer the row.
    const RETURNS_ROWS: bool;

    /// Whether connections may be lost while they rest in the pool.
    const OVER_A_NETWORK: bool;

    /// The type of a column for values of a type that sqlx calls `type_name`.
    fn declared(type_name: &str) -> String;

    /// The raw value of column number `index`.
    ///
    /// # Errors
    /// If the row has fewer columns.
    fn value_at(row: &Self::Row, index: usize) -> SqlResult<Self::ValueRef<'_>>;

    /// The zero of a column type as an SQL literal, for rows that are there before a column is.
    fn zero(sql_type: &str) -> Option<&'static str>;

    /// Reads an id.
    ///
    /// # Errors
    /// If the column is missing or does not hold such an id.
    fn id_at<I: UserId>(row: &Self::Row, index: usize) -> SqlResult<I>;

    /// Appends an id to a statement's arguments.
    ///
    /// # Errors
    /// If the driver refuses the value.
    fn add_id<I: UserId>(id: I, arguments: &mut Self::Arguments) -> SqlResult<()>;

    /// Appends a value of any type that has a column.
    ///
    /// # Errors
    /// Whatever the type's `Encode` answers.
    fn add_value<T>(value: &T, arguments: &mut Self::Arguments) -> Result<(), BoxDynError>
    where
        T: Type<Self> + for<'q> Encode<'q, Self>,
    {
        arguments.add(value)
    }

    /// Appends a point in time.
    ///
    /// # Errors
    /// If the driver refuses the value.
    fn add_time(time: Timestamp, arguments: &mut Self::Arguments) -> SqlResult<()>;

    /// Appends a time, or NULL, as fastapi-users writes it.
    ///
    /// # Errors
    /// If the driver refuses the value.
    fn add_upstream_time(time: Option<Timestamp>, arguments: &mut Self::Arguments) -> SqlResult<()>;

    /// Reads a time that fastapi-users may have written.
    ///
    /// # Errors
    /// If the column is missing or holds something else.
    fn upstream_time_at(row: &Self::Row, index: usize) -> SqlResult<Option<Timestamp>>;

    /// Appends several look-ups, as the one statement for many wants them.
    ///
    /// # Errors
    /// If the driver refuses a value.
    fn add_lookups<I: UserId>(wanted: &[ById<I>], arguments: &mut Self::Arguments) -> SqlResult<()>;

    /// Appends several keys of sessions, as the one statement for many wants them.
    ///
    /// # Errors
    /// If the driver refuses a value.
    fn add_session_keys(wanted: &[SessionKey], arguments: &mut Self::Arguments) -> SqlResult<()>;

    /// Whether a violated unique constraint is one on the address.
    fn is_email_taken(refusal: &dyn DatabaseError, sql: &UserSql) -> bool;

    /// Whether the database may do later what it refused now.
    fn is_unavailable(refusal: &dyn DatabaseError) -> bool;

    /// Whether the refusal is the last thing that this connection says.
    fn is_disconnected(refusal: &dyn DatabaseError) -> bool;

    /// Whether the database undid the whole transaction for the sake of another one, so that it may be tried again.
    fn is_undone(refusal: &dyn DatabaseError) -> bool;

    /// Runs a statement to its end and returns its rows.
    fn fetch_all<'a>(
        connection: &'a mut Self::Connection,
        sql: impl SqlSafeStr,
        arguments: Self::Arguments,
    ) -> BoxFuture<'a, SqlResult<Vec<Self::Row>>>;

    /// Runs a statement to its end and returns its first row.
    ///
    /// sqlx's own `fetch_optional` must not be used: on SQLite it resets the statement after the first row. Outside a
    /// transaction that commits, and an error of this commit (the disk is full, the file is locked) is lost.
    fn fetch_first<'a>(
        connection: &'a mut Self::Connection,
        sql: impl SqlSafeStr,
        arguments: Self::Arguments,
    ) -> BoxFuture<'a, SqlResult<Option<Self::Row>>> {
        let rows = Self::fetch_all(connection, sql, arguments);
        Box::pin(async move { Ok(rows.await?.into_iter().next()) })
    }

    /// Runs a statement to its end and returns what it did.
    fn execute<'a>(
        connection: &'a mut Self::Connection,
        sql: impl SqlSafeStr,
        arguments: Self::Arguments,
    ) -> BoxFuture<'a, SqlResult<Executed>>;
}

/// What a statement did that answers no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Executed {
    /// How many rows its condition found.
    pub rows: u64,
    /// The id that the database made, if it tells.
    pub last_id: Option<i64>,
}

/// A database that axum-users can keep users in: `sqlx::Sqlite`, `sqlx::Postgres` and `sqlx::MySql` (MariaDB too), each
/// with the Cargo feature of its name.
///
/// Sealed: the statements of a user type are finished text for the databases of [`UserSql`], so another database is
/// another [`UserStore`](crate::port::UserStore) and not another dialect.
pub trait Dialect:
    Catalog + Codec<bool> + Codec<Option<bool>> + Codec<i64> + Codec<Option<i64>> + Codec<String> + Codec<Option<String>>
{
    /// Its statements.
    fn statements(sql: &'static UserSql) -> &'static Statements;
}
