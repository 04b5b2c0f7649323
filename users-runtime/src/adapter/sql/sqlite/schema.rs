//! SQLite: the tables, and how the database describes itself.

use sqlx::{AssertSqlSafe, Row as _, Sqlite, SqliteConnection};

use crate::{
    adapter::sql::{
        SqlColumn, SqlResult, UserSql,
        schema::{Catalog, FoundColumn, FoundIndex, FoundTable, WantedColumn, WantedIndex, WantedSchema, WantedTable},
    },
    port::BoxFuture,
};

/// Index of the address among the columns.
pub(super) const EMAIL: usize = 1;

/// The name of the unique index over the canonical address.
pub(super) fn canonical_index(table: &str, email: &str) -> String {
    format!("ix_{table}_{email}_canonical")
}

impl Catalog for Sqlite {
    fn wanted(sql: &'static UserSql, custom: &[SqlColumn]) -> WantedSchema {
        let email = sql.columns.get(EMAIL).copied().unwrap_or("email");
        WantedSchema { tables: vec![users(sql, custom, email), token_state(sql)], user_table: sql.table, email }
    }

    fn describe<'a>(connection: &'a mut SqliteConnection, table: &'a str) -> BoxFuture<'a, SqlResult<FoundTable>> {
        Box::pin(async move {
            let mut found = FoundTable::default();
            // table_xinfo, unlike table_info, shows generated columns too (hidden = 2 or 3).
            let columns = sqlx::query(
                "SELECT name, type, \"notnull\" OR pk > 0, dflt_value IS NOT NULL OR hidden <> 0 OR pk > 0 \
                 FROM pragma_table_xinfo($1) ORDER BY cid",
            );
            for row in columns.bind(table).fetch_all(&mut *connection).await? {
                found.columns.push(FoundColumn {
                    name: row.try_get(0)?,
                    sql_type: row.try_get(1)?,
                    nullable: !row.try_get::<bool, _>(2)?,
                    filled: row.try_get(3)?,
                });
            }
            let indexes = sqlx::query(
                "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = $1 COLLATE NOCASE AND sql IS NOT NULL",
            );
            for row in indexes.bind(table).fetch_all(&mut *connection).await? {
                let sql: String = row.try_get(1)?;
                found.indexes.push(found_index(row.try_get(0)?, &sql));
            }
            Ok(found)
        })
    }

    /// By affinity (<https://sqlite.org/datatype3.html>): a text that looks like a number becomes one in a numeric
    /// column, and a number becomes a text in a column of text. Times are texts that look like no number, and blobs are
    /// never converted.
    fn holds(found: &str, wanted: &str) -> bool {
        match wanted {
            "DATETIME" | "DATE" | "TIME" | "BLOB" => true,
            _ => match (is_text(found), is_text(wanted)) {
                (true, wants_text) => wants_text,
                (false, wants_text) => !wants_text || is_blob(found),
            },
        }
    }

    fn add_column(table: &str, column: &WantedColumn) -> String {
        let WantedColumn { name, sql_type, nullable, fill } = column;
        let rest = match (nullable, fill) {
            (true, _) => String::new(),
            (false, Some(fill)) => format!(" NOT NULL DEFAULT {fill}"),
            (false, None) => " NOT NULL".to_owned(),
        };
        format!("ALTER TABLE \"{table}\" ADD COLUMN \"{name}\" {sql_type}{rest}")
    }

    fn set_nullable(_table: &str, _column: &str, _nullable: bool) -> Option<String> {
        None // only by building the table anew, which is for a person to decide
    }

    fn case_duplicates(wanted: &WantedSchema) -> String {
        let WantedSchema { user_table, email, .. } = wanted;
        format!(
            "SELECT lower(\"{email}\"), count(*) FROM \"{user_table}\" GROUP BY lower(\"{email}\") HAVING count(*) > 1"
        )
    }

    fn count_rows(connection: &mut SqliteConnection, sql: String) -> BoxFuture<'_, SqlResult<usize>> {
        Box::pin(async move { Ok(sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await?.len()) })
    }

    fn change_schema(connection: &mut SqliteConnection, sql: String) -> BoxFuture<'_, SqlResult<()>> {
        Box::pin(async move { sqlx::query(AssertSqlSafe(sql)).persistent(false).execute(connection).await.map(drop) })
    }
}

/// The table of users: upstream's columns as upstream declares them, then the application's, then ours.
fn users(sql: &'static UserSql, custom: &[SqlColumn], email: &str) -> WantedTable {
    let table = sql.table;
    let id_type = id_type(sql);
    let roles = [id_type, "VARCHAR(320)", "VARCHAR(1024)", "BOOLEAN", "BOOLEAN", "BOOLEAN"];
    let role = |(name, sql_type): (&&str, &str)| WantedColumn {
        name: (*name).to_owned(),
        sql_type: sql_type.to_owned(),
        nullable: false,
        fill: None,
    };
    let mut columns: Vec<WantedColumn> = sql.columns.iter().zip(roles).map(role).collect();
    columns.extend(custom.iter().map(|column| WantedColumn {
        name: column.name.to_owned(),
        sql_type: column.sql_type.clone(),
        nullable: column.nullable,
        fill: column.fill.clone(),
    }));
    let mut lines: Vec<String> = columns.iter().map(declaration).collect();
    // With a default, so that programs which know nothing of it can still insert.
    columns.push(WantedColumn {
        name: "auth_epoch".to_owned(),
        sql_type: "BIGINT".to_owned(),
        nullable: false,
        fill: Some("0".to_owned()),
    });
    lines.push("\"auth_epoch\" BIGINT NOT NULL DEFAULT 0".to_owned());
    lines.push(format!("PRIMARY KEY (\"{}\")", sql.columns.first().copied().unwrap_or("id")));
    let canonical = canonical_index(table, email);
    WantedTable {
        name: table.to_owned(),
        create: format!("CREATE TABLE IF NOT EXISTS \"{table}\" ({})", lines.join(", ")),
        columns,
        indexes: vec![
            WantedIndex {
                create: format!(
                    "CREATE UNIQUE INDEX IF NOT EXISTS \"ix_{table}_{email}\" ON \"{table}\" (\"{email}\")"
                ),
                name: format!("ix_{table}_{email}"),
                over: email.to_owned(),
                unique: true,
                required: false, // the canonical one is the stricter
            },
            WantedIndex {
                create: format!(
                    "CREATE UNIQUE INDEX IF NOT EXISTS \"{canonical}\" ON \"{table}\" (lower(\"{email}\"))"
                ),
                name: canonical,
                over: format!("lower({email})"),
                unique: true,
                required: true,
            },
        ],
    }
}

/// The table of what is noted about tokens.
fn token_state(sql: &'static UserSql) -> WantedTable {
    let table = format!("{}_token_state", sql.table);
    let id_type = id_type(sql);
    let (users, id) = (sql.table, sql.columns.first().copied().unwrap_or("id"));
    let column = |name: &str, sql_type: &str, nullable: bool| WantedColumn {
        name: name.to_owned(),
        sql_type: sql_type.to_owned(),
        nullable,
        fill: None,
    };
    let index = |column: &str| WantedIndex {
        create: format!("CREATE INDEX IF NOT EXISTS \"ix_{table}_{column}\" ON \"{table}\" (\"{column}\")"),
        name: format!("ix_{table}_{column}"),
        over: column.to_owned(),
        unique: false,
        required: true,
    };
    WantedTable {
        create: format!(
            "CREATE TABLE IF NOT EXISTS \"{table}\" (\"token_id\" VARCHAR(22) NOT NULL, \"user_id\" {id_type}, \
             \"revoked\" BOOLEAN NOT NULL, \"kept_epoch\" BIGINT, \"expires_at\" DATETIME NOT NULL, \
             PRIMARY KEY (\"token_id\"), \
             FOREIGN KEY (\"user_id\") REFERENCES \"{users}\" (\"{id}\") ON DELETE CASCADE) WITHOUT ROWID"
        ),
        columns: vec![
            column("token_id", "VARCHAR(22)", false),
            column("user_id", id_type, true),
            column("revoked", "BOOLEAN", false),
            column("kept_epoch", "BIGINT", true),
            column("expires_at", "DATETIME", false),
        ],
        // By expiry for the purge, by user for the cascade of a deletion.
        indexes: vec![index("expires_at"), index("user_id")],
        name: table,
    }
}

fn id_type(sql: &UserSql) -> &'static str {
    if sql.id_made_by_database { "INTEGER" } else { "CHAR(36)" }
}

fn declaration(column: &WantedColumn) -> String {
    let not_null = if column.nullable { "" } else { " NOT NULL" };
    format!("\"{}\" {}{not_null}", column.name, column.sql_type)
}

/// Reads name, uniqueness and content out of the statement that made an index.
fn found_index(name: String, sql: &str) -> FoundIndex {
    let words: String = sql.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '`' | '[' | ']')).collect();
    let words = words.to_ascii_lowercase();
    let over = words.find('(').map(|start| &words[start + 1..]).unwrap_or_default();
    // What stands after the last parenthesis is the WHERE of a partial index and makes it another one.
    let over = over.strip_suffix(')').unwrap_or(over).to_owned();
    FoundIndex { name, over, unique: words.starts_with("createunique") }
}

/// Whether a declared type has the affinity TEXT.
fn is_text(declared: &str) -> bool {
    let declared = declared.to_ascii_uppercase();
    !declared.contains("INT") && ["CHAR", "CLOB", "TEXT"].iter().any(|word| declared.contains(word))
}

/// Whether a declared type has the affinity BLOB, which converts nothing.
fn is_blob(declared: &str) -> bool {
    let declared = declared.to_ascii_uppercase();
    declared.is_empty() || (declared.contains("BLOB") && !declared.contains("INT"))
}
