//! Tests of migrations on SQLite.

use sqlx::{Connection, Sqlite, SqliteConnection};

use super::*;
use crate::{
    adapter::sql::{
        SqlColumn, UserSql, column, ddl, json_column,
        tables::{IdColumn, OptionalTables},
        text_column,
    },
    domain::IdKind,
};

const SQL: UserSql = UserSql::USUAL;

/// Adds a column to a table that already has a row.
async fn add(own: SqlColumn) -> Result<(), Refusal> {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let before = "CREATE TABLE user (id CHAR(36) NOT NULL PRIMARY KEY, email TEXT NOT NULL, hashed_password TEXT NOT NULL, \
                  is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN NOT NULL); \
                  INSERT INTO user VALUES ('1', 'arthur@camelot.example', '', 1, 0, 0)";
    sqlx::raw_sql(before).execute(&mut connection).await.unwrap();
    let id = IdColumn { kind: IdKind::Uuid, made_by_database: false };
    let wanted = ddl::wanted::<Sqlite>(&SQL, &[own], id, &ddl::IdTypes::default(), OptionalTables::default());
    migrate::<Sqlite>(&mut connection, &wanted).await
}

#[tokio::test]
async fn a_column_without_a_value_for_existing_rows_is_refused_with_advice() {
    for own in [
        json_column::<Sqlite>("own", false),
        text_column::<Sqlite>("own", false),
        column::<Sqlite, Vec<u8>>("own", false),
    ] {
        let Err(Refusal::Schema(text)) = add(own).await else { panic!("it must be refused") };
        assert!(text.contains("\"own\" of \"user\"") && text.contains("default"), "{text}");
    }
}

#[tokio::test]
async fn a_column_with_a_value_for_existing_rows_is_added() {
    let id = uuid::Uuid::from_u128(7);
    for (own, fill) in [
        (column::<Sqlite, Option<i64>>("own", true), None),
        (column::<Sqlite, i64>("own", false), Some("0")),
        (column::<Sqlite, i64>("own", false).filled_with(&-5), Some("-5")),
        (column::<Sqlite, bool>("own", false).filled_with(&true), Some("TRUE")),
        (column::<Sqlite, String>("own", false).filled_with(&"it's"), Some("'it''s'")),
        (json_column::<Sqlite>("own", false).filled_with_json(&["it's"]), Some("'[\"it''s\"]'")),
        (column::<Sqlite, uuid::Uuid>("own", false).filled_with(&id), Some("x'00000000000000000000000000000007'")),
    ] {
        assert_eq!(own.fill.as_deref(), fill);
        assert!(add(own).await.is_ok(), "{fill:?}");
    }
}

#[test]
fn sqlite_converts_numeric_strings_and_numbers_in_text_columns() {
    for (found, wanted, holds) in [
        ("VARCHAR(320)", "TEXT", true),
        ("CHAR(36)", "CHAR(36)", true),
        ("", "TEXT", true),
        ("BLOB", "INTEGER", true),
        ("INTEGER", "TEXT", false),
        ("NUMERIC", "VARCHAR(320)", false),
        ("BOOLEAN", "TEXT", false),
        ("TEXT", "INTEGER", false),
        ("VARCHAR(5)", "BOOLEAN", false),
        ("TINYINT(1)", "BOOLEAN", true),
        ("CHARINT", "INTEGER", true),
        ("TIMESTAMP", "DATETIME", true),
        ("TEXT", "DATETIME", true),
        ("TEXT", "BLOB", true),
    ] {
        assert_eq!(Sqlite::holds(found, wanted), holds, "{found} for {wanted}");
    }
}
