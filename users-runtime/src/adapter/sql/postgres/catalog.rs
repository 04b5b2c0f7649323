//! PostgreSQL: reading the catalog.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Postgres, Row as _, postgres::PgRow};

use crate::adapter::sql::{
    SqlResult,
    schema::{Catalog, FoundColumn, FoundIndex, FoundTable, KeyPart, WantedTable},
    sql_text::names,
};

/// The tables named by `$1` in the schema `$2`, or in the schema in which the connection creates tables: `w`, with NULL for what
/// does not exist. The search path may also contain the table of another application. PostgreSQL needs longer to plan a query on its
/// catalog than to run it, so one reads all tables.
macro_rules! of_tables {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " FROM (SELECT names.name, t.oid FROM unnest($1::text[]) AS names(name) \
             LEFT JOIN pg_namespace AS s ON s.nspname = COALESCE($2::text, current_schema()::text) \
             LEFT JOIN pg_class AS t ON t.relnamespace = s.oid AND t.relname = names.name \
             AND t.relkind IN ('r', 'p', 'f', 'v', 'm')) AS w ",
            $after
        )
    };
}

/// The columns. The type of a domain is the one that it restricts, at the end of a chain of domains.
const COLUMNS: &str = of_tables!(
    "SELECT a.attname::text, \
     CASE WHEN y.typtype = 'd' THEN (WITH RECURSIVE base AS ( \
         SELECT y.typbasetype AS type, y.typtypmod AS modifier, 1 AS depth \
         UNION ALL SELECT d.typbasetype, CASE WHEN base.modifier = -1 THEN d.typtypmod ELSE base.modifier END, depth + 1 \
         FROM base JOIN pg_type AS d ON d.oid = base.type AND d.typtype = 'd') \
       SELECT format_type(type, modifier) FROM base ORDER BY depth DESC LIMIT 1) \
     ELSE format_type(a.atttypid, a.atttypmod) END, \
     NOT (a.attnotnull OR y.typnotnull), \
     a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '' OR y.typdefault IS NOT NULL, \
     a.attgenerated <> '' OR a.attidentity = 'a', w.name",
    "JOIN pg_attribute AS a ON a.attrelid = w.oid JOIN pg_type AS y ON y.oid = a.atttypid \
     WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY w.name, a.attnum"
);

/// The indexes, with the columns or expressions that each compares and their collations. An index that is not valid
/// (`CREATE INDEX CONCURRENTLY`) does not enforce uniqueness of all rows.
const INDEXES: &str = of_tables!(
    "SELECT c.relname::text, pg_get_indexdef(i.indexrelid), i.indisunique, i.indisvalid, i.indisprimary, \
     n.nspname::text, k.conname::text, \
     ARRAY(SELECT COALESCE(a.attname::text, '') FROM generate_series(1, i.indnkeyatts) AS p(n) \
       LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p.n - 1] AND a.attnum <> 0 ORDER BY p.n), \
     ARRAY(SELECT COALESCE(pg_get_expr(d.adbin, d.adrelid), pg_get_indexdef(i.indexrelid, p.n, false)) \
       FROM generate_series(1, i.indnkeyatts) AS p(n) \
       LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p.n - 1] AND a.attgenerated <> '' \
       LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum ORDER BY p.n), \
     ARRAY(SELECT COALESCE(quote_ident(m.nspname) || '.' || quote_ident(o.collname), '') \
       FROM generate_series(1, i.indnkeyatts) AS p(n) LEFT JOIN pg_collation AS o ON o.oid = i.indcollation[p.n - 1] \
       LEFT JOIN pg_namespace AS m ON m.oid = o.collnamespace ORDER BY p.n), w.name",
    "JOIN pg_index AS i ON i.indrelid = w.oid \
     JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace \
     LEFT JOIN pg_constraint AS k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')"
);

/// The tables with a trigger that runs on an insert (bit 2 of the type).
const TRIGGERS: &str = of_tables!(
    "SELECT DISTINCT w.name",
    "JOIN pg_trigger AS g ON g.tgrelid = w.oid WHERE NOT g.tgisinternal AND g.tgtype & 4 <> 0"
);

/// The schemas in which statements without a schema find other tables.
const ELSEWHERE: &str = of_tables!(
    "SELECT w.name, n.nspname::text",
    "JOIN pg_class AS c ON c.oid = to_regclass(quote_ident(w.name)) JOIN pg_namespace AS n ON n.oid = c.relnamespace \
     WHERE $2::text IS NULL AND c.oid IS DISTINCT FROM w.oid"
);

pub(super) async fn has_schema(connection: &mut PgConnection, schema: &str) -> SqlResult<bool> {
    let query = sqlx::query("SELECT 1 FROM pg_namespace WHERE nspname = $1").persistent(false);
    Ok(!query.bind(schema).fetch_all(connection).await?.is_empty())
}

/// Reads the definitions of these tables, in this order.
pub(super) async fn describe(
    connection: &mut PgConnection,
    schema: Option<&str>,
    tables: &[&str],
) -> SqlResult<Vec<FoundTable>> {
    let mut found = vec![FoundTable::default(); tables.len()];
    let position = |name: &str| tables.iter().position(|table| *table == name).ok_or(sqlx::Error::RowNotFound);
    let query = sqlx::query(COLUMNS).persistent(false).bind(tables).bind(schema);
    for row in query.fetch_all(&mut *connection).await? {
        found[position(row.try_get(5)?)?].columns.push(column(&row)?);
    }
    let query = sqlx::query(INDEXES).persistent(false).bind(tables).bind(schema);
    for row in query.fetch_all(&mut *connection).await? {
        let table = row.try_get(10)?;
        found[position(table)?].indexes.push(index(&row, table)?);
    }
    let query = sqlx::query_as::<_, (String, String)>(ELSEWHERE).persistent(false).bind(tables).bind(schema);
    for (table, schema) in query.fetch_all(&mut *connection).await? {
        found[position(&table)?].elsewhere = Some(schema);
    }
    let query = sqlx::query_scalar::<_, String>(TRIGGERS).persistent(false).bind(tables).bind(schema);
    for table in query.fetch_all(connection).await? {
        found[position(&table)?].has_triggers = true;
    }
    Ok(found)
}

pub(super) async fn columns(
    connection: &mut PgConnection,
    schema: Option<&str>,
    table: &str,
) -> SqlResult<Vec<FoundColumn>> {
    let query = sqlx::query(COLUMNS).persistent(false).bind([table]).bind(schema);
    query.fetch_all(connection).await?.iter().map(column).collect()
}

fn column(row: &PgRow) -> SqlResult<FoundColumn> {
    Ok(FoundColumn {
        name: row.try_get(0)?,
        sql_type: row.try_get(1)?,
        nullable: row.try_get(2)?,
        filled: row.try_get(3)?,
        generated: row.try_get(4)?,
        encoding: None,
        rest: None,
    })
}

fn index(row: &PgRow, table: &str) -> SqlResult<FoundIndex> {
    let (name, made_by): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    let (valid, primary): (bool, bool) = (row.try_get(3)?, row.try_get(4)?);
    let (schema, constraint): (String, Option<String>) = (row.try_get(5)?, row.try_get(6)?);
    // CREATE INDEX … USING btree (columns or expression) INCLUDE … WHERE …
    let over = made_by.split_once(" USING ").and_then(|(_, rest)| rest.split_once(' '));
    let over = if valid { over.map_or("", |(_, over)| over) } else { "" };
    let removal = match constraint {
        _ if primary => None,
        Some(constraint) => {
            let table = format!("{}.{}", Postgres::quoted(&schema), Postgres::quoted(table));
            Some(format!("ALTER TABLE {table} DROP CONSTRAINT {}", Postgres::quoted(&constraint)))
        }
        None => Some(format!("DROP INDEX {}.{}", Postgres::quoted(&schema), Postgres::quoted(&name))),
    };
    Ok(FoundIndex {
        name,
        over: Postgres::normal_form(over),
        unique: row.try_get(2)?,
        parts: parts(row.try_get(7)?, row.try_get(8)?, row.try_get(9)?),
        removal,
    })
}

fn parts(names_of: Vec<String>, expressions: Vec<String>, collations: Vec<String>) -> Vec<KeyPart> {
    let parts = names_of.into_iter().zip(expressions).zip(collations);
    let part = |((name, expression), collation): ((String, String), String)| {
        let mut columns = names(&expression);
        columns.extend((!name.is_empty()).then(|| name.clone()));
        let collate = if collation.is_empty() { String::new() } else { format!(" COLLATE {collation}") };
        KeyPart { name, expression: format!("({expression}){collate}"), columns, prefix: None }
    };
    parts.map(part).collect()
}

/// Computes the parts for rows with these addresses, which have the types and collations of the table.
pub(super) async fn equal_addresses(
    connection: &mut PgConnection,
    table: &WantedTable,
    email: &str,
    parts: &[&KeyPart],
    addresses: &[&str],
) -> SqlResult<Vec<(String, String)>> {
    let values: String = parts.iter().enumerate().map(|(n, part)| format!(", {} AS k{n}", part.expression)).collect();
    let equal: String = (0..parts.len()).map(|n| format!(" AND a.k{n} = b.k{n}")).collect();
    let sql = format!(
        "WITH probe AS (SELECT axum_users_probe{values} FROM unnest($1::text[]) AS p(axum_users_probe), \
         LATERAL jsonb_populate_record(NULL::{table}, jsonb_build_object('{email}', p.axum_users_probe)) AS r) \
         SELECT a.axum_users_probe, b.axum_users_probe FROM probe AS a JOIN probe AS b \
         ON a.axum_users_probe < b.axum_users_probe{equal}",
        table = table.quoted,
    );
    // An error, for example of a function that does not accept other columns to be NULL, must not end the caller's
    // transaction.
    let mut savepoint = connection.begin().await?;
    let query = sqlx::query_as(AssertSqlSafe(sql)).persistent(false).bind(addresses);
    let pairs = query.fetch_all(&mut *savepoint).await;
    savepoint.rollback().await?;
    match pairs {
        Err(sqlx::Error::Database(_)) => Ok(Vec::new()),
        pairs => pairs,
    }
}
