//! SQLite: DDL and catalog.

use sqlx::{Sqlite, SqliteConnection};

use super::catalog;
use crate::{
    adapter::sql::{
        Driver as _, SqlColumn, SqlResult, StoredAs,
        schema::{Catalog, FoundColumn, FoundTable, KeyPart, WantedColumn, WantedTable},
        tables::{ColumnKind, IdColumn},
        unchanged::Sameness,
        uuid_form::{Declared, UuidForm},
    },
    domain::{IdKind, LONGEST_ID},
    port::BoxFuture,
};

impl Catalog for Sqlite {
    const IF_NO_INDEX: &'static str = "IF NOT EXISTS ";
    const ON_CONFLICT_OF_TOKEN: &'static str = "ON CONFLICT (\"token_id\") DO UPDATE SET";
    const GREATEST: &'static str = "max";
    const LOCK_ROWS: &'static str = ""; // a transaction for writing locks the database
    const HAS_SCHEMAS: bool = false;
    const TRIGGERS_FILL_COLUMNS: bool = false;

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
            ColumnKind::LongText => "TEXT".to_owned(),
            ColumnKind::UpstreamNumber => "INTEGER".to_owned(),
            ColumnKind::Flag => "BOOLEAN".to_owned(),
            ColumnKind::Number => "BIGINT".to_owned(),
            ColumnKind::Time => "DATETIME".to_owned(),
            ColumnKind::UpstreamTime => "TIMESTAMP".to_owned(),
            ColumnKind::Own(sql_type) | ColumnKind::Indexed(sql_type) => sql_type.clone(),
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

    fn qualified(_schema: Option<&str>, table: &str) -> String {
        Self::quoted(table)
    }

    fn has_schema<'a>(_connection: &'a mut SqliteConnection, _schema: &'a str) -> BoxFuture<'a, SqlResult<bool>> {
        Box::pin(async { Ok(true) })
    }

    fn describe<'a>(
        connection: &'a mut SqliteConnection,
        _schema: Option<&'a str>,
        table: &'a str,
    ) -> BoxFuture<'a, SqlResult<FoundTable>> {
        Box::pin(catalog::describe(connection, table))
    }

    fn equal_addresses<'a>(
        connection: &'a mut SqliteConnection,
        _table: &'a WantedTable,
        found: &'a FoundTable,
        email: &'a str,
        parts: &'a [&'a KeyPart],
        addresses: &'a [&'a str],
    ) -> BoxFuture<'a, SqlResult<Vec<(String, String)>>> {
        Box::pin(catalog::equal_addresses(connection, found, email, parts, addresses))
    }

    /// Compares affinities (<https://sqlite.org/datatype3.html>): numeric columns convert strings that look like
    /// numbers, and text columns convert numbers. Times never look like numbers, and blobs are never converted. A
    /// number that a numeric column stores in another class is read as the type of the field, if it has the same value.
    fn holds(found: &str, wanted: &str) -> bool {
        match wanted {
            // Text of this length is a UUID; bytes are not.
            "BLOB" if ["CHAR(32)", "CHAR(36)"].iter().any(|uuid| found.to_ascii_uppercase().ends_with(uuid)) => false,
            "DATETIME" | "TIMESTAMP" | "DATE" | "TIME" | "BLOB" => true,
            _ => match (is_text(found), is_text(wanted)) {
                (true, wants_text) => wants_text,
                (false, wants_text) => !wants_text || is_blob(found),
            },
        }
    }

    /// A column of the type `JSON`, as SQLAlchemy declares it, has the affinity NUMERIC: it stores texts that look like
    /// numbers as numbers, which are converted back to text when they are read.
    fn unfit(stored_as: StoredAs, found: &str) -> Option<&'static str> {
        let holds =
            Self::holds(found, Self::TEXT) || (stored_as == StoredAs::Json && found.eq_ignore_ascii_case("JSON"));
        (!holds).then_some("")
    }

    fn may_change(own: &SqlColumn, found: &str) -> Option<Sameness> {
        let is_number = matches!(own.sql_type.as_str(), "INTEGER" | "BOOLEAN" | "REAL" | "NUMERIC");
        let changes = match own.stored_as {
            // A numeric affinity turns texts that look like numbers into numbers.
            Some(_) => !is_text(found) && !is_blob(found),
            None if own.sql_type == Self::TEXT => !is_text(found) && !is_blob(found),
            None if is_number => is_text(found) || (own.sql_type == "INTEGER" && is_real(found)),
            None => false,
        };
        changes.then_some(Sameness::Exact)
    }

    fn writes_bytes_into_text(found: &str) -> bool {
        is_text(found)
    }

    fn declared_form(declared: &str) -> Declared {
        match () {
            () if is_text(declared) => Declared::text(declared),
            () if is_blob(declared) || declared.to_ascii_uppercase().contains("BINARY") => {
                Declared::Likely(UuidForm::Bytes)
            }
            // The type has numeric affinity, but a text with hyphens is never converted to a number.
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

    /// `STRICT` tables accept only these type names.
    fn added_type<'c>(column: &'c WantedColumn, found: &FoundTable) -> &'c str {
        let declared = column.sql_type.as_str();
        match declared {
            _ if !found.strict => declared,
            "INTEGER" | "BIGINT" | "BOOLEAN" => "INTEGER",
            "REAL" | "BLOB" => declared,
            _ => "TEXT",
        }
    }

    /// SQLite does not enforce declared lengths.
    fn shortfall(_found: &FoundColumn, _wanted: &WantedColumn) -> Option<String> {
        None
    }

    fn widen(_table: &str, _found: &FoundColumn, _wanted: &WantedColumn) -> Option<String> {
        None
    }

    fn set_nullable(_table: &str, _column: &FoundColumn, _nullable: bool) -> Option<String> {
        None // needs a rebuild of the table, which the operator has to decide
    }

    fn trimmed(column: &str) -> String {
        format!("trim({column}, char(9, 10, 11, 12, 13, 32, 160))")
    }

    fn canonical_expression(email: &str) -> String {
        Self::canonical_form(email)
    }

    /// SQLite converts values, so a foreign key does not need the same type.
    fn id_type(_columns: &[FoundColumn], _id: &str) -> Option<String> {
        None
    }

    /// The transaction already holds the only lock.
    fn lock(_connection: &mut SqliteConnection) -> BoxFuture<'_, SqlResult<bool>> {
        Box::pin(async { Ok(true) })
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

/// Returns `true` if a declared type has the affinity TEXT.
fn is_text(declared: &str) -> bool {
    let declared = declared.to_ascii_uppercase();
    !declared.contains("INT") && ["CHAR", "CLOB", "TEXT"].iter().any(|word| declared.contains(word))
}

/// Returns `true` if a declared type has the affinity REAL, which has no integers above 2^53.
fn is_real(declared: &str) -> bool {
    let upper = declared.to_ascii_uppercase();
    let is_named = ["REAL", "FLOA", "DOUB"].iter().any(|word| upper.contains(word));
    is_named && !upper.contains("INT") && !is_text(declared) && !is_blob(declared)
}

/// Returns `true` if a declared type has the affinity BLOB, which converts nothing.
fn is_blob(declared: &str) -> bool {
    let declared = declared.to_ascii_uppercase();
    declared.is_empty() || (declared.contains("BLOB") && !declared.contains("INT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_of_a_filled_column_is_in_parentheses_unless_it_is_a_literal_or_a_word() {
        for (sql, expected, adds) in [
            ("CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP", false),
            ("lower(hex(randomblob(16)))", "(lower(hex(randomblob(16))))", false),
            ("(random())", "(random())", false),
            ("'it''s'", "'it''s'", true),
            ("'a' || 'b'", "('a' || 'b')", false),
            ("-7", "-7", true),
            ("x'00'", "x'00'", true),
            ("FALSE", "FALSE", true),
        ] {
            assert_eq!(Sqlite::default_expression(sql, "TEXT"), expected, "{sql}");
            assert_eq!(Sqlite::adds_default(sql), adds, "{sql}");
        }
    }
}
