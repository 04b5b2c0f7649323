//! MySQL and MariaDB: reading the catalog.

use sqlx::{AssertSqlSafe, MySql, MySqlConnection, Row as _, mysql::MySqlRow};

use crate::adapter::sql::{
    SqlResult,
    schema::{Catalog, Encoding, FoundColumn, FoundIndex, FoundTable, KeyPart},
    sql_text::names,
};

/// The table named by the next parameter, twice, in the database named by the parameter after it, or in the connection's
/// database. Names of tables differ by case unless the server says otherwise; the catalog ignores case.
macro_rules! of_table {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " table_name = ? AND (BINARY table_name = ? OR @@lower_case_table_names <> 0) \
             AND table_schema = COALESCE(?, DATABASE())",
            $after
        )
    };
}

/// The columns. The casts are for MySQL 8, which returns some of these as binary. The second to last has the clauses
/// that a change of the type must repeat; MariaDB shows a default as an expression, MySQL as a text.
const COLUMNS: &str = of_table!(
    "SELECT CAST(column_name AS CHAR), CAST(column_type AS CHAR), is_nullable = 'YES', \
     column_default IS NOT NULL OR extra LIKE '%auto_increment%' OR extra LIKE '%GENERATED%', \
     CAST(character_set_name AS CHAR), CAST(collation_name AS CHAR), \
     CAST(CONCAT( \
       CASE WHEN column_default IS NULL OR (VERSION() LIKE '%MariaDB%' AND column_default = 'NULL') THEN '' \
            WHEN VERSION() LIKE '%MariaDB%' THEN CONCAT(' DEFAULT ', column_default) \
            WHEN extra LIKE '%DEFAULT_GENERATED%' THEN CONCAT(' DEFAULT (', column_default, ')') \
            ELSE CONCAT(' DEFAULT ', QUOTE(column_default)) END, \
       IF(extra LIKE '%auto_increment%', ' AUTO_INCREMENT', ''), \
       IF(LOCATE('on update', LOWER(extra)) > 0, CONCAT(' ', SUBSTRING(extra, LOCATE('on update', LOWER(extra)))), ''), \
       IF(column_comment = '', '', CONCAT(' COMMENT ', QUOTE(column_comment)))) AS CHAR), \
     NULLIF(CAST(generation_expression AS CHAR), '') \
     FROM information_schema.columns WHERE",
    " ORDER BY ordinal_position"
);

/// One row per column of each index. An index on a prefix of a column counts as a different one. `expression` exists on
/// MySQL only.
const INDEXES: &str = of_table!(
    "SELECT CAST(i.index_name AS CHAR), i.non_unique = 0, CAST(i.column_name AS CHAR), CAST(i.sub_part AS SIGNED), i.* \
     FROM information_schema.statistics AS i WHERE",
    " ORDER BY i.index_name, i.seq_in_index"
);

/// The triggers of the table that run on an insert.
const TRIGGERS: &str = "SELECT 1 FROM information_schema.triggers WHERE event_object_table = ? \
     AND event_object_schema = COALESCE(?, DATABASE()) AND event_manipulation = 'INSERT'";

pub(super) async fn has_database(connection: &mut MySqlConnection, name: &str) -> SqlResult<bool> {
    let query = sqlx::query("SELECT 1 FROM information_schema.schemata WHERE schema_name = ?");
    Ok(!query.bind(name).fetch_all(connection).await?.is_empty())
}

async fn rows(
    connection: &mut MySqlConnection,
    sql: &'static str,
    schema: Option<&str>,
    table: &str,
) -> SqlResult<Vec<MySqlRow>> {
    sqlx::query(sql).bind(table).bind(table).bind(schema).fetch_all(connection).await
}

/// The columns with the expressions of those that are generated.
async fn columns_and_expressions(
    connection: &mut MySqlConnection,
    schema: Option<&str>,
    table: &str,
) -> SqlResult<Vec<(FoundColumn, Option<String>)>> {
    let column = |row: &MySqlRow| {
        let (characters, collation): (Option<String>, Option<String>) = (row.try_get(4)?, row.try_get(5)?);
        let expression: Option<String> = row.try_get(7)?;
        let column = FoundColumn {
            name: row.try_get(0)?,
            sql_type: row.try_get(1)?,
            nullable: row.try_get(2)?,
            filled: row.try_get(3)?,
            generated: expression.is_some(),
            encoding: characters.zip(collation).map(|(characters, collation)| Encoding { characters, collation }),
            rest: if expression.is_none() { Some(row.try_get(6)?) } else { None },
        };
        Ok((column, expression))
    };
    rows(connection, COLUMNS, schema, table).await?.iter().map(column).collect()
}

pub(super) async fn columns(
    connection: &mut MySqlConnection,
    schema: Option<&str>,
    table: &str,
) -> SqlResult<Vec<FoundColumn>> {
    let columns = columns_and_expressions(connection, schema, table).await?;
    Ok(columns.into_iter().map(|(column, _)| column).collect())
}

pub(super) async fn describe(
    connection: &mut MySqlConnection,
    schema: Option<&str>,
    table: &str,
) -> SqlResult<FoundTable> {
    let columns = columns_and_expressions(&mut *connection, schema, table).await?;
    let place = MySql::qualified(schema, table);
    let mut indexes: Vec<FoundIndex> = Vec::new();
    for row in rows(&mut *connection, INDEXES, schema, table).await? {
        let (name, column): (String, Option<String>) = (row.try_get(0)?, row.try_get(2)?);
        let prefix: Option<i64> = row.try_get(3)?;
        let prefix = prefix.and_then(|prefix| u32::try_from(prefix).ok());
        let column = column.unwrap_or_default();
        let written = prefix.map(|prefix| format!("{column}({prefix})")).unwrap_or_else(|| column.clone());
        let over = MySql::normal_form(&written);
        let part = part(&row, column, prefix, &columns);
        match indexes.last_mut() {
            Some(index) if index.name == name => {
                index.over.push(',');
                index.over.push_str(&over);
                index.parts.push(part);
            }
            _ => indexes.push(FoundIndex {
                removal: (name != "PRIMARY")
                    .then(|| format!("ALTER TABLE {place} DROP INDEX {}", MySql::quoted(&name))),
                name,
                over,
                unique: row.try_get(1)?,
                parts: vec![part],
            }),
        }
    }
    let columns = columns.into_iter().map(|(column, _)| column).collect();
    let query = sqlx::query(TRIGGERS).bind(table).bind(schema);
    let has_triggers = !query.fetch_all(connection).await?.is_empty();
    Ok(FoundTable { columns, indexes, has_triggers, ..FoundTable::default() })
}

fn part(row: &MySqlRow, name: String, prefix: Option<u32>, columns: &[(FoundColumn, Option<String>)]) -> KeyPart {
    let column = columns.iter().find(|(column, _)| column.name == name);
    let expression = match column {
        Some((_, Some(expression))) => expression.clone(),
        Some((_, None)) => MySql::quoted(&name),
        None => row.try_get("EXPRESSION").unwrap_or_default(),
    };
    let mut reads = names(&expression);
    reads.push(name.clone());
    // The index compares with the collation of the column, even if the column is generated.
    let encoding = column.and_then(|(column, _)| column.encoding.as_ref());
    let expression = match encoding {
        Some(Encoding { characters, collation }) => {
            format!("CONVERT(({expression}) USING {characters}) COLLATE {collation}")
        }
        None => format!("({expression})"),
    };
    KeyPart { name, expression, columns: reads, prefix }
}

/// Computes the parts for rows with these addresses, in the character set and collation of the column.
pub(super) async fn equal_addresses(
    connection: &mut MySqlConnection,
    found: &FoundTable,
    email: &str,
    parts: &[&KeyPart],
    addresses: &[&str],
) -> SqlResult<Vec<(String, String)>> {
    let column = |column: &FoundColumn| {
        let name = MySql::quoted(&column.name);
        match &column.encoding {
            Some(Encoding { characters, collation }) if column.name.eq_ignore_ascii_case(email) => {
                format!(", CONVERT(probe.address USING {characters}) COLLATE {collation} AS {name}")
            }
            _ => format!(", NULL AS {name}"),
        }
    };
    let Some(encoding) = found.columns.iter().find(|column| column.name.eq_ignore_ascii_case(email)) else {
        return Ok(Vec::new());
    };
    let Some(Encoding { characters, .. }) = &encoding.encoding else { return Ok(Vec::new()) };
    let columns: String = found.columns.iter().map(column).collect();
    let probes = vec!["SELECT CONVERT(? USING utf8mb4) AS address"; addresses.len()].join(" UNION ALL ");
    let values: String = parts.iter().enumerate().map(|(n, part)| format!(", {} AS k{n}", part.expression)).collect();
    // The column refuses an address with characters that it cannot hold, so such an address is not equal to any other.
    let computed = format!(
        "SELECT axum_users_probe{values} FROM (SELECT probe.address AS axum_users_probe{columns} FROM ({probes}) AS probe \
         WHERE BINARY CONVERT(CONVERT(probe.address USING {characters}) USING utf8mb4) = BINARY probe.address) AS rows_of_probes"
    );
    let equal: String = (0..parts.len()).map(|n| format!(" AND a.k{n} = b.k{n}")).collect();
    let sql = format!(
        "SELECT CAST(a.axum_users_probe AS CHAR), CAST(b.axum_users_probe AS CHAR) FROM ({computed}) AS a \
         JOIN ({computed}) AS b ON BINARY a.axum_users_probe < BINARY b.axum_users_probe{equal}"
    );
    let mut query = sqlx::query_as(AssertSqlSafe(sql));
    for address in addresses.iter().chain(addresses) {
        query = query.bind(*address);
    }
    match query.fetch_all(connection).await {
        Err(sqlx::Error::Database(_)) => Ok(Vec::new()),
        pairs => pairs,
    }
}

/// Returns the clause of a character set and collation.
pub(super) fn clause(encoding: &Encoding) -> String {
    format!(" CHARACTER SET {} COLLATE {}", encoding.characters, encoding.collation)
}

/// Returns the statement that changes the type of a column, or whether it may be NULL, and repeats everything else.
pub(super) fn modify(table: &str, column: &FoundColumn, sql_type: &str, nullable: bool) -> Option<String> {
    let (null, rest) = (if nullable { " NULL" } else { " NOT NULL" }, column.rest.as_ref()?);
    Some(format!("ALTER TABLE {table} MODIFY COLUMN {} {sql_type}{null}{rest}", MySql::quoted(&column.name)))
}
