//! SQLite: DDL and catalog.

use sqlx::{AssertSqlSafe, Row as _, Sqlite, SqliteConnection};

use crate::{
    adapter::sql::{
        Driver as _, SqlResult, StoredAs,
        schema::{Catalog, FoundColumn, FoundIndex, FoundTable, WantedColumn},
        tables::{ColumnKind, IdColumn},
        uuid_form::{Declared, UuidForm},
    },
    domain::{IdKind, LONGEST_ID},
    port::BoxFuture,
};

impl Catalog for Sqlite {
    const IF_NO_INDEX: &'static str = "IF NOT EXISTS ";
    const ON_CONFLICT_OF_TOKEN: &'static str = "ON CONFLICT (\"token_id\") DO UPDATE SET";
    const GREATEST: &'static str = "max";

    fn quoted(name: &str) -> String {
        format!("\"{name}\"")
    }

    fn parameter(n: usize) -> String {
        format!("${n}")
    }

    fn sql_type(kind: &ColumnKind) -> String {
        match kind {
            ColumnKind::Key(IdColumn { kind: IdKind::Uuid, .. }) | ColumnKind::UserId(IdKind::Uuid) => {
                "CHAR(36)".to_owned()
            }
            ColumnKind::Key(IdColumn { kind: IdKind::Integer, .. }) | ColumnKind::UserId(IdKind::Integer) => {
                "INTEGER".to_owned()
            }
            ColumnKind::Key(IdColumn { kind: IdKind::Text, .. }) | ColumnKind::UserId(IdKind::Text) => {
                Self::sql_type(&ColumnKind::Exact(LONGEST_ID))
            }
            ColumnKind::Text(length) | ColumnKind::Exact(length) => format!("VARCHAR({length})"),
            ColumnKind::Flag => "BOOLEAN".to_owned(),
            ColumnKind::Number => "BIGINT".to_owned(),
            ColumnKind::Time => "DATETIME".to_owned(),
            ColumnKind::UpstreamTime => "TIMESTAMP".to_owned(),
            ColumnKind::Own(sql_type) | ColumnKind::Tenant(sql_type) => sql_type.clone(),
        }
    }

    /// SQLite generates primary keys of the type INTEGER by itself. It has no function for UUIDs.
    fn made_by_database(kind: &ColumnKind) -> &'static str {
        match kind {
            ColumnKind::Key(IdColumn { kind: IdKind::Uuid, made_by_database: true }) => {
                " DEFAULT (lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || \
                 substr(hex(randomblob(2)), 2) || '-' || substr('89ab', 1 + (random() & 3), 1) || \
                 substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))))"
            }
            _ => "",
        }
    }

    fn default_value(literal: &str, _sql_type: &str) -> String {
        literal.to_owned()
    }

    /// Only literals and keywords can do without parentheses.
    fn default_expression(sql: &str, _sql_type: &str) -> String {
        let is_word = sql.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if is_word || is_literal(sql) || sql.starts_with('(') { sql.to_owned() } else { format!("({sql})") }
    }

    /// SQLite adds only columns with a constant default (<https://sqlite.org/lang_altertable.html>).
    fn adds_default(sql: &str) -> bool {
        is_literal(sql) || ["NULL", "TRUE", "FALSE"].iter().any(|word| sql.eq_ignore_ascii_case(word))
    }

    fn canonical_column(_email: &str) -> Option<WantedColumn> {
        None
    }

    fn canonical_form(email: &str) -> String {
        format!("lower(\"{email}\")") // SQLite's lower() changes only ASCII, like the canonical form
    }

    fn table_options(clustered: bool) -> &'static str {
        if clustered { " WITHOUT ROWID" } else { "" }
    }

    fn normal_form(over: &str) -> String {
        let plain = over.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '`' | '[' | ']'));
        plain.collect::<String>().to_ascii_lowercase()
    }

    fn describe<'a>(connection: &'a mut SqliteConnection, table: &'a str) -> BoxFuture<'a, SqlResult<FoundTable>> {
        Box::pin(async move {
            let mut found = FoundTable::default();
            // table_xinfo, unlike table_info, includes generated columns (hidden = 2 or 3).
            let columns = sqlx::query(
                "SELECT name, type, \"notnull\" OR pk > 0, dflt_value IS NOT NULL OR hidden <> 0 OR pk > 0, hidden IN (2, 3) \
                 FROM pragma_table_xinfo($1) ORDER BY cid",
            );
            for row in columns.bind(table).fetch_all(&mut *connection).await? {
                found.columns.push(FoundColumn {
                    name: row.try_get(0)?,
                    sql_type: row.try_get(1)?,
                    nullable: !row.try_get::<bool, _>(2)?,
                    filled: row.try_get(3)?,
                    generated: row.try_get(4)?,
                });
            }
            let indexes = sqlx::query(
                "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = $1 COLLATE NOCASE AND sql IS NOT NULL",
            );
            for row in indexes.bind(table).fetch_all(&mut *connection).await? {
                let sql: String = row.try_get(1)?;
                found.indexes.push(found_index(row.try_get(0)?, &sql));
            }
            let triggers = "SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = $1 COLLATE NOCASE";
            found.has_triggers = !sqlx::query(triggers).bind(table).fetch_all(&mut *connection).await?.is_empty();
            Ok(found)
        })
    }

    /// Compares affinities (<https://sqlite.org/datatype3.html>): numeric columns convert strings that look like
    /// numbers, and text columns convert numbers. Times never look like numbers, and blobs are never converted.
    fn holds(found: &str, wanted: &str) -> bool {
        match wanted {
            // Text of this length is a UUID, which bytes are not.
            "BLOB" if ["CHAR(32)", "CHAR(36)"].iter().any(|uuid| found.to_ascii_uppercase().ends_with(uuid)) => false,
            "DATETIME" | "DATE" | "TIME" | "BLOB" => true,
            _ => match (is_text(found), is_text(wanted)) {
                (true, wants_text) => wants_text,
                (false, wants_text) => !wants_text || is_blob(found),
            },
        }
    }

    /// A column of the type `JSON`, as SQLAlchemy declares it, has the affinity NUMERIC: it turns numbers into numbers, which
    /// are text again when they are read.
    fn unfit(stored_as: StoredAs, found: &str) -> Option<&'static str> {
        let holds =
            Self::holds(found, Self::TEXT) || (stored_as == StoredAs::Json && found.eq_ignore_ascii_case("JSON"));
        (!holds).then_some("")
    }

    fn declared_form(declared: &str) -> Declared {
        match () {
            () if is_text(declared) => Declared::text(declared),
            () if is_blob(declared) || declared.to_ascii_uppercase().contains("BINARY") => {
                Declared::Likely(UuidForm::Bytes)
            }
            // No affinity of its own, but a text with hyphens is never taken for a number.
            () if declared.eq_ignore_ascii_case("UUID") => Declared::Likely(UuidForm::Hyphenated),
            () => Declared::Never,
        }
    }

    fn has_form(column: &str, form: UuidForm) -> String {
        match form.as_text() {
            Some((length, upper)) => {
                let case = if upper { "upper" } else { "lower" };
                format!(
                    "typeof({column}) = 'text' AND length({column}) = {length} \
                     AND {column} = {case}({column}) COLLATE BINARY"
                )
            }
            None => format!("typeof({column}) = 'blob' AND length({column}) = 16"),
        }
    }

    fn in_form(column: &str, form: UuidForm) -> String {
        let digits = format!(
            "CASE typeof({column}) WHEN 'blob' THEN hex({column}) \
             ELSE replace(replace(replace({column}, '-', ''), '{{', ''), '}}', '') END"
        );
        let part = |start: u8, length: u8| format!("substr({digits}, {start}, {length})");
        match form.as_text() {
            None => format!("unhex({digits})"),
            Some((length, upper)) => {
                let case = if upper { "upper" } else { "lower" };
                let parts = [part(1, 8), part(9, 4), part(13, 4), part(17, 4), part(21, 12)];
                format!("{case}({})", parts.join(if length == 36 { " || '-' || " } else { " || " }))
            }
        }
    }

    fn with_references(statements: &[String]) -> String {
        format!("BEGIN; PRAGMA defer_foreign_keys = ON; {}; COMMIT", statements.join("; "))
    }

    fn set_nullable(_table: &str, _column: &str, _nullable: bool) -> Option<String> {
        None // needs a rebuild of the table, which the operator has to decide
    }

    fn canonical_expression(email: &str) -> String {
        Self::canonical_form(email)
    }

    /// SQLite converts values, so a foreign key does not need the same type.
    fn id_type<'a>(
        _connection: &'a mut SqliteConnection,
        _table: &'a str,
        _id: &'a str,
    ) -> BoxFuture<'a, SqlResult<Option<String>>> {
        Box::pin(async { Ok(None) })
    }

    /// The transaction already holds the only lock.
    fn lock(_connection: &mut SqliteConnection) -> BoxFuture<'_, SqlResult<bool>> {
        Box::pin(async { Ok(true) })
    }

    fn count_rows(connection: &mut SqliteConnection, sql: String) -> BoxFuture<'_, SqlResult<usize>> {
        Box::pin(async move { Ok(sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await?.len()) })
    }

    fn change_schema(connection: &mut SqliteConnection, sql: String) -> BoxFuture<'_, SqlResult<()>> {
        Box::pin(async move { sqlx::query(AssertSqlSafe(sql)).persistent(false).execute(connection).await.map(drop) })
    }
}

/// Returns whether an SQL text is one number, string or blob.
fn is_literal(sql: &str) -> bool {
    let text = sql.trim_start_matches(['+', '-', 'x', 'X']);
    let is_string = text.len() > 1
        && text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).is_some_and(|inside| {
            // A quote inside a string is written twice.
            !inside.replace("''", "").contains('\'')
        });
    is_string || text.parse::<f64>().is_ok()
}

/// Parses the statement that created an index.
fn found_index(name: String, sql: &str) -> FoundIndex {
    let words = Sqlite::normal_form(sql);
    let over = words.find('(').map(|start| &words[start + 1..]).unwrap_or_default();
    // A WHERE clause after the last parenthesis (a partial index) makes it a different index.
    let over = over.strip_suffix(')').unwrap_or(over).to_owned();
    FoundIndex { name, over, unique: words.starts_with("createunique") }
}

/// Returns `true` if a declared type has the affinity TEXT.
fn is_text(declared: &str) -> bool {
    let declared = declared.to_ascii_uppercase();
    !declared.contains("INT") && ["CHAR", "CLOB", "TEXT"].iter().any(|word| declared.contains(word))
}

/// Returns `true` if a declared type has the affinity BLOB, which converts nothing.
fn is_blob(declared: &str) -> bool {
    let declared = declared.to_ascii_uppercase();
    declared.is_empty() || (declared.contains("BLOB") && !declared.contains("INT"))
}
