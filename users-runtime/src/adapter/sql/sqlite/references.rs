//! SQLite: references that are checked at the end of a transaction (`DEFERRABLE INITIALLY DEFERRED`, which Django writes).

use sqlx::{AssertSqlSafe, Row as _, Sqlite, SqliteConnection, sqlite::SqliteArguments};

use crate::adapter::sql::{SqlResult, UserSql, schema::Catalog as _};

/// The references of a table: the number of each, the table that it refers to, and the columns on both sides. A reference
/// without columns on the other side is to the primary key.
const REFERENCES: &str = "SELECT f.id, f.\"table\", f.\"from\", COALESCE(f.\"to\", \
     (SELECT c.name FROM pragma_table_info(f.\"table\", 'main') AS c WHERE c.pk = f.seq + 1), '') \
     FROM pragma_foreign_key_list($1, 'main') AS f WHERE (SELECT foreign_keys FROM pragma_foreign_keys) = 1 \
     ORDER BY f.id, f.seq";

/// A reference to another table.
struct Reference {
    number: i64,
    table: String,
    /// The columns of the user, and those that they refer to.
    columns: Vec<(String, String)>,
}

/// Returns whether the user with this id refers to rows that exist only.
pub(super) async fn are_there(
    connection: &mut SqliteConnection,
    sql: &'static UserSql,
    id: SqliteArguments,
) -> SqlResult<bool> {
    let mut references: Vec<Reference> = Vec::new();
    for row in sqlx::query(REFERENCES).persistent(false).bind(sql.table).fetch_all(&mut *connection).await? {
        let (number, table): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
        let columns = (row.try_get(2)?, row.try_get(3)?);
        match references.last_mut() {
            Some(last) if last.number == number => last.columns.push(columns),
            _ => references.push(Reference { number, table, columns: vec![columns] }),
        }
    }
    if references.is_empty() {
        return Ok(true);
    }
    let missing: Vec<String> = references
        .iter()
        .map(|Reference { table, columns, .. }| {
            let each = |text: &dyn Fn(&str, &str) -> String| {
                let all = columns.iter().map(|(from, to)| text(&Sqlite::quoted(from), &Sqlite::quoted(to)));
                all.collect::<Vec<_>>().join(" AND ")
            };
            let (given, equal) =
                (each(&|from, _| format!("u.{from} IS NOT NULL")), each(&|from, to| format!("p.{to} = u.{from}")));
            format!("({given} AND NOT EXISTS (SELECT 1 FROM {} AS p WHERE {equal}))", Sqlite::quoted(table))
        })
        .collect();
    let (users, key) = (Sqlite::quoted(sql.table), Sqlite::quoted(sql.roles.id));
    let query = format!("SELECT 1 FROM {users} AS u WHERE u.{key} = $1 AND ({})", missing.join(" OR "));
    Ok(sqlx::query_with(AssertSqlSafe(query), id).persistent(false).fetch_all(connection).await?.is_empty())
}
