//! SQLite.

use sqlx::{Arguments as _, Row as _, Sqlite, ValueRef as _, sqlite};
use uuid::fmt::Hyphenated;

use super::{Dialect, Driver, SqlResult, Statements, UserSql, dialect::sealed::Sealed};
use crate::{
    domain::{IdValue, UserId},
    port::BoxFuture,
};

impl Sealed for Sqlite {}

impl Driver for Sqlite {
    const TEXT: &'static str = "TEXT";

    fn value_at(row: &sqlite::SqliteRow, index: usize) -> SqlResult<sqlite::SqliteValueRef<'_>> {
        row.try_get_raw(index)
    }

    fn zero(sql_type: &str) -> Option<&'static str> {
        Some(match sql_type {
            "TEXT" => "''",
            "INTEGER" | "REAL" | "NUMERIC" => "0",
            "BOOLEAN" => "FALSE",
            "DATETIME" => "'1970-01-01T00:00:00+00:00'",
            "DATE" => "'1970-01-01'",
            "TIME" => "'00:00:00'",
            _ => return None,
        })
    }

    fn id_at<I: UserId>(row: &sqlite::SqliteRow, index: usize) -> SqlResult<I> {
        let value = if I::MADE_BY_DATABASE {
            IdValue::Integer(row.try_get(index)?)
        } else {
            IdValue::Uuid(row.try_get::<Hyphenated, _>(index)?.into_uuid())
        };
        I::from_value(value).ok_or_else(|| sqlx::Error::ColumnDecode {
            index: index.to_string(),
            source: "the id is out of the range of its type".into(),
        })
    }

    fn add_id<I: UserId>(id: I, arguments: &mut sqlite::SqliteArguments) -> SqlResult<()> {
        match id.to_value() {
            IdValue::Integer(id) => arguments.add(id),
            IdValue::Uuid(id) => arguments.add(id.hyphenated()),
        }
        .map_err(sqlx::Error::Encode)
    }

    fn fetch_optional<'a>(
        connection: &'a mut sqlite::SqliteConnection,
        sql: &'static str,
        arguments: sqlite::SqliteArguments,
    ) -> BoxFuture<'a, SqlResult<Option<sqlite::SqliteRow>>> {
        Box::pin(sqlx::query_with(sql, arguments).fetch_optional(connection))
    }

    fn fetch_all<'a>(
        connection: &'a mut sqlite::SqliteConnection,
        sql: &'static str,
        arguments: sqlite::SqliteArguments,
    ) -> BoxFuture<'a, SqlResult<Vec<sqlite::SqliteRow>>> {
        Box::pin(sqlx::query_with(sql, arguments).fetch_all(connection))
    }

    fn execute<'a>(
        connection: &'a mut sqlite::SqliteConnection,
        sql: &'static str,
        arguments: sqlite::SqliteArguments,
    ) -> BoxFuture<'a, SqlResult<u64>> {
        Box::pin(async move { Ok(sqlx::query_with(sql, arguments).execute(connection).await?.rows_affected()) })
    }
}

impl Dialect for Sqlite {
    fn statements(sql: &'static UserSql) -> &'static Statements {
        &sql.sqlite
    }
}
