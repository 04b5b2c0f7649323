//! The page about what is stored.

use std::collections::BTreeSet;

use axum_users::{AuthUser, PasswordHash, store::SqlStore};
use uuid::Uuid;

use super::page::{first_cells, read, rows};

/// A user without fields of its own: what is stored is all the library's.
#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

/// The columns of all tables, as `table.column`, asked of the database itself.
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
    let stored = columns().await;
    assert!(stored.contains("user.hashed_password") && stored.len() >= 12, "{stored:?}");
    assert_eq!(first_cells(&rows), stored);
    for row in &rows {
        let [_, class, what, protected, until] = &row[..] else { panic!("not five cells: {row:?}") };
        assert!(["secret", "personal", "internal"].contains(&class.as_str()), "{row:?}");
        assert!([what, protected, until].iter().all(|cell| !cell.is_empty()), "{row:?}");
        assert!(page.contains(&format!("* **{class}**:")), "{class} is explained");
    }
}
