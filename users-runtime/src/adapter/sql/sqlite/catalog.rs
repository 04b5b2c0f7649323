//! SQLite: reading the catalog of the main database. Tables with the same names may also be in `temp`, which statements
//! search first, and in attached databases.

use sqlx::{AssertSqlSafe, Row as _, Sqlite, SqliteConnection, sqlite::SqliteRow};

use super::declarations::{generated, items, without_direction};
use crate::adapter::sql::{
    SqlResult,
    schema::{Catalog, FoundColumn, FoundIndex, FoundTable, KeyPart},
    sql_text::names,
};

/// The columns. `table_xinfo`, unlike `table_info`, includes generated columns (`hidden` is 2 or 3). The database fills
/// a primary key only if it is a single column of the type INTEGER without its own index: otherwise it is not the
/// rowid, as in a table `WITHOUT ROWID` or with `PRIMARY KEY DESC` (<https://sqlite.org/lang_createtable.html#rowid>).
const COLUMNS: &str = "SELECT name, type, \"notnull\" OR pk > 0, dflt_value IS NOT NULL OR hidden <> 0 OR \
     (pk > 0 AND upper(type) = 'INTEGER' AND (SELECT count(*) FROM pragma_table_xinfo($1, 'main') WHERE pk > 0) = 1 \
     AND NOT EXISTS (SELECT 1 FROM pragma_index_list($1, 'main') WHERE origin = 'pk')), hidden IN (2, 3) \
     FROM pragma_table_xinfo($1, 'main') ORDER BY cid";

/// One row for each part of each index, with the statement of the index, which indexes of constraints lack.
const INDEXES: &str = "SELECT l.name, l.\"unique\", l.origin, x.seqno, COALESCE(x.name, ''), x.coll, COALESCE(s.sql, '') \
     FROM pragma_index_list($1, 'main') AS l JOIN pragma_index_xinfo(l.name, 'main') AS x \
     LEFT JOIN main.sqlite_schema AS s ON s.type = 'index' AND s.name = l.name \
     WHERE x.key = 1 ORDER BY l.name, x.seqno";

/// The statement that created the table, the other database in which statements find a table of this name, and whether the table has
/// triggers and is `STRICT`.
const TABLE: &str = "SELECT \
     (SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = $1 COLLATE NOCASE), \
     (SELECT schema FROM pragma_table_list WHERE name = $1 COLLATE NOCASE AND (schema = 'temp' OR \
     (schema <> 'main' AND NOT EXISTS (SELECT 1 FROM pragma_table_xinfo($1, 'main'))))), \
     EXISTS (SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = $1 COLLATE NOCASE), \
     EXISTS (SELECT 1 FROM pragma_table_list WHERE schema = 'main' AND name = $1 COLLATE NOCASE AND strict = 1)";

pub(super) async fn describe(connection: &mut SqliteConnection, table: &str) -> SqlResult<FoundTable> {
    let column = |row: &SqliteRow| {
        Ok(FoundColumn {
            name: row.try_get(0)?,
            sql_type: row.try_get(1)?,
            nullable: !row.try_get::<bool, _>(2)?,
            filled: row.try_get(3)?,
            generated: row.try_get(4)?,
            encoding: None,
            rest: None,
        })
    };
    let columns = sqlx::query(COLUMNS).persistent(false).bind(table).fetch_all(&mut *connection).await?;
    let columns = columns.iter().map(column).collect::<SqlResult<_>>()?;
    let about = sqlx::query_as(TABLE).persistent(false).bind(table).fetch_all(&mut *connection).await?;
    let about: (Option<String>, Option<String>, bool, bool) = about.into_iter().next().unwrap_or_default();
    let (statement, elsewhere, has_triggers, strict) = about;
    let statement = statement.unwrap_or_default();
    let mut indexes: Vec<FoundIndex> = Vec::new();
    for row in sqlx::query(INDEXES).persistent(false).bind(table).fetch_all(connection).await? {
        let (name, sql): (String, String) = (row.try_get(0)?, row.try_get(6)?);
        let part = part(&row, &sql, &statement)?;
        match indexes.last_mut() {
            Some(index) if index.name == name => index.parts.push(part),
            _ => indexes.push(FoundIndex {
                over: over(&sql),
                unique: row.try_get(1)?,
                parts: vec![part],
                removal: (row.try_get::<String, _>(2)? == "c").then(|| format!("DROP INDEX {}", Sqlite::quoted(&name))),
                name,
            }),
        }
    }
    Ok(FoundTable { columns, indexes, has_triggers, elsewhere, strict })
}

/// Returns the columns or expression of an index, from its statement.
fn over(sql: &str) -> String {
    let words = Sqlite::normal_form(sql);
    let over = words.find('(').map(|start| &words[start + 1..]).unwrap_or_default();
    // A WHERE clause after the last parenthesis (a partial index) makes it a different index.
    over.strip_suffix(')').unwrap_or(over).to_owned()
}

fn part(row: &SqliteRow, sql: &str, create_table: &str) -> SqlResult<KeyPart> {
    let (position, name, collation): (i64, String, String) = (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
    let expression = if name.is_empty() {
        let parts = items(sql);
        let part = usize::try_from(position).ok().and_then(|position| parts.get(position).copied());
        without_direction(part.unwrap_or("NULL")).to_owned()
    } else {
        generated(create_table, &name).map_or_else(|| Sqlite::quoted(&name), str::to_owned)
    };
    let mut columns = names(&expression);
    columns.extend((!name.is_empty()).then(|| name.clone()));
    Ok(KeyPart {
        name,
        expression: format!("({expression}) COLLATE {}", Sqlite::quoted(&collation)),
        columns,
        prefix: None,
    })
}

/// Computes the parts for rows with these addresses.
pub(super) async fn equal_addresses(
    connection: &mut SqliteConnection,
    found: &FoundTable,
    email: &str,
    parts: &[&KeyPart],
    addresses: &[&str],
) -> SqlResult<Vec<(String, String)>> {
    let column = |column: &FoundColumn| {
        let value = if column.name.eq_ignore_ascii_case(email) { "value" } else { "NULL" };
        format!(", {value} AS {}", Sqlite::quoted(&column.name))
    };
    let columns: String = found.columns.iter().map(column).collect();
    let values: String = parts.iter().enumerate().map(|(n, part)| format!(", {} AS k{n}", part.expression)).collect();
    let equal: String = (0..parts.len()).map(|n| format!(" AND a.k{n} = b.k{n}")).collect();
    let sql = format!(
        "WITH probe AS (SELECT axum_users_probe{values} \
         FROM (SELECT value AS axum_users_probe{columns} FROM json_each($1))) \
         SELECT a.axum_users_probe, b.axum_users_probe FROM probe AS a JOIN probe AS b \
         ON a.axum_users_probe < b.axum_users_probe{equal}"
    );
    let addresses = serde_json::to_string(addresses).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let query = sqlx::query_as(AssertSqlSafe(sql)).persistent(false).bind(addresses);
    match query.fetch_all(connection).await {
        Err(sqlx::Error::Database(_)) => Ok(Vec::new()),
        pairs => pairs,
    }
}
