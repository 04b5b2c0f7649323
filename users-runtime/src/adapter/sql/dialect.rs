//! What a database must bring so that the store can speak to it.

use sqlx::{Database, error::DatabaseError};

use super::{ById, Codec, SqlResult, Statements, UserSql, schema::Catalog};
use crate::{
    domain::{Timestamp, UserId},
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

    /// Appends several look-ups, as the one statement for many wants them.
    ///
    /// # Errors
    /// If the driver refuses a value.
    fn add_lookups<I: UserId>(wanted: &[ById<I>], arguments: &mut Self::Arguments) -> SqlResult<()>;

    /// Whether a violated unique constraint is one on the address.
    fn is_email_taken(refusal: &dyn DatabaseError, sql: &UserSql) -> bool;

    /// Whether the database may do later what it refused now.
    fn is_unavailable(refusal: &dyn DatabaseError) -> bool;

    /// Runs a statement that answers one row at most.
    fn fetch_optional<'a>(
        connection: &'a mut Self::Connection,
        sql: &'static str,
        arguments: Self::Arguments,
    ) -> BoxFuture<'a, SqlResult<Option<Self::Row>>>;

    /// Runs a statement that answers rows.
    fn fetch_all<'a>(
        connection: &'a mut Self::Connection,
        sql: &'static str,
        arguments: Self::Arguments,
    ) -> BoxFuture<'a, SqlResult<Vec<Self::Row>>>;

    /// Runs a statement and answers how many rows it changed.
    fn execute<'a>(
        connection: &'a mut Self::Connection,
        sql: &'static str,
        arguments: Self::Arguments,
    ) -> BoxFuture<'a, SqlResult<u64>>;
}

/// A database that axum-users can keep users in: [`sqlx::Sqlite`] with the feature `sqlite`.
///
/// Sealed: the statements of a user type are finished text for the databases of [`UserSql`], so another database is
/// another [`UserStore`](crate::port::UserStore) and not another dialect.
pub trait Dialect:
    Catalog
    + Codec<bool>
    + Codec<Option<bool>>
    + Codec<i64>
    + Codec<Option<i64>>
    + Codec<String>
    + Codec<Option<String>>
    + Codec<Timestamp>
{
    /// Its statements.
    fn statements(sql: &'static UserSql) -> &'static Statements;
}
