//! The page about stored data.

use std::collections::BTreeSet;

use axum_users::store::SqlStore;

use super::page::{User, first_cells, read, rows};

/// The columns of all tables as `table.column`, read from the database.
async fn columns() -> BTreeSet<String> {
    let store = SqlStore::<User>::connect("sqlite::memory:").await.unwrap();
    let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(store.migration_sql().to_owned())).execute(&pool).await.unwrap();
    let all = "SELECT t.name || '.' || c.name FROM sqlite_schema AS t, pragma_table_xinfo(t.name) AS c \
               WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";
    sqlx::query_scalar(all).fetch_all(&pool).await.unwrap().into_iter().collect()
}

#[tokio::test]
async fn data_classes_match_schema() {
    let page = read("docs/guide/data.md");
    let rows = rows(&page);
    assert_eq!(first_cells(&rows), columns().await);
    for row in &rows {
        let [_, class, rest @ ..] = &row[..] else { panic!("{row:?}") };
        assert!(rest.len() == 3 && rest.iter().all(|cell| !cell.is_empty()), "{row:?}");
        assert!(page.contains(&format!("* **{class}**:")), "{class} is explained");
    }
}
