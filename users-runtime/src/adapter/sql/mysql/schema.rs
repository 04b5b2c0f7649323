//! MySQL and MariaDB: DDL and catalog.

use sqlx::{MySql, MySqlConnection};

use super::{
    catalog,
    types::{self, Family, family},
};
use crate::{
    adapter::sql::{
        Driver, SqlColumn, SqlResult, StoredAs, Written,
        casts::Cast,
        schema::{Catalog, Encoding, FoundColumn, FoundTable, KeyPart, WantedColumn, WantedTable},
        tables::{ColumnKind, IdColumn},
        unchanged::Sameness,
        uuid_form::{Declared, UuidForm},
    },
    domain::{IdKind, LONGEST_ID},
    port::BoxFuture,
};

/// The lock for all migrations of axum-users in this database, held until the connection is closed. Its name may have
/// at most 64 characters.
const LOCK: &str = "SELECT GET_LOCK(CONCAT('axum-users migrates ', MD5(DATABASE())), 60) = 1";

/// The column with the canonical form of the address.
const CANONICAL: &str = "email_canonical";

impl Catalog for MySql {
    const QUOTE: char = '`';
    const IF_NO_INDEX: &'static str = ""; // MySQL, unlike MariaDB, does not support IF NOT EXISTS here
    const ON_CONFLICT_OF_TOKEN: &'static str = "ON DUPLICATE KEY UPDATE";
    const GREATEST: &'static str = "GREATEST";
    const INSERT_IF_NEW: (&'static str, &'static str) = ("INSERT IGNORE", "");
    const LIMITS_DELETIONS: bool = true;

    fn inserted(column: &str) -> String {
        format!("VALUES({column})")
    }

    fn parameter(_n: usize) -> String {
        "?".to_owned()
    }

    fn sql_type(kind: &ColumnKind) -> String {
        match kind {
            ColumnKind::Key(IdColumn { kind: IdKind::Uuid, .. }) | ColumnKind::UserId(IdKind::Uuid) => {
                "CHAR(36)".to_owned()
            }
            ColumnKind::Key(IdColumn { kind: IdKind::Integer, .. })
            | ColumnKind::UserId(IdKind::Integer)
            | ColumnKind::Number => "BIGINT".to_owned(),
            ColumnKind::Key(IdColumn { kind: IdKind::Text, .. }) | ColumnKind::UserId(IdKind::Text) => {
                Self::sql_type(&ColumnKind::Exact(LONGEST_ID))
            }
            ColumnKind::Text(length) => format!("VARCHAR({length})"),
            ColumnKind::Exact(length) => format!("VARCHAR({length}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"),
            ColumnKind::LongText => "TEXT".to_owned(),
            ColumnKind::UpstreamNumber => "INTEGER".to_owned(),
            ColumnKind::Flag => "BOOLEAN".to_owned(),
            ColumnKind::Time | ColumnKind::UpstreamTime => "DATETIME(6)".to_owned(),
            // An index needs a length limit, and tenants whose names differ only in case must stay distinct.
            ColumnKind::Indexed(sql_type) if sql_type == <Self as Driver>::TEXT => {
                Self::sql_type(&ColumnKind::Exact(255))
            }
            ColumnKind::Own(sql_type) | ColumnKind::Indexed(sql_type) => sql_type.clone(),
        }
    }

    fn made_by_database(kind: &ColumnKind) -> &'static str {
        match kind {
            ColumnKind::Key(IdColumn { kind: IdKind::Integer, made_by_database: true }) => " AUTO_INCREMENT",
            ColumnKind::Key(IdColumn { kind: IdKind::Uuid, made_by_database: true }) => " DEFAULT (UUID())",
            _ => "",
        }
    }

    fn default_value(literal: &str, sql_type: &str) -> String {
        let Some(text) = literal.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) else {
            return literal.to_owned();
        };
        if sql_type.starts_with("DATETIME") {
            // Neither server supports the complete form of RFC 3339.
            let time = text.trim_end_matches('Z').trim_end_matches("+00:00").replacen('T', " ", 1);
            return format!("'{time}'");
        }
        let text = format!("'{}'", text.replace('\\', "\\\\"));
        // The default of a type without a length limit must be an expression.
        if needs_expression(sql_type) { format!("({text})") } else { text }
    }

    /// A default of a `DATETIME(6)` must have the same precision. Everything but literals and the current time needs
    /// parentheses.
    fn default_expression(sql: &str, sql_type: &str) -> String {
        let is_now = ["CURRENT_TIMESTAMP", "NOW(", "LOCALTIME"]
            .iter()
            .any(|word| sql.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)));
        if is_now {
            return if sql_type.ends_with("(6)") { with_microseconds(sql) } else { sql.to_owned() };
        }
        let is_word = sql.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let is_number = sql.parse::<f64>().is_ok();
        if sql.starts_with('(') || ((is_word || is_number) && !needs_expression(sql_type)) {
            return sql.to_owned();
        }
        let is_string = sql.starts_with('\'') && sql.ends_with('\'') && !needs_expression(sql_type);
        if is_string { sql.to_owned() } else { format!("({sql})") }
    }

    fn canonical_column(email: &str) -> Option<WantedColumn> {
        Some(WantedColumn {
            name: CANONICAL.to_owned(),
            sql_type: "VARBINARY(1280)".to_owned(), // 320 characters of 4 bytes
            nullable: true,                         // MariaDB does not support NOT NULL here
            fill: None,
            from_database: None,
            stored_as: None,
            generated: Some(format!(" GENERATED ALWAYS AS ({}) VIRTUAL", ascii_lower(email))),
            written: Written::Unknown,
            made_by_database: false,
            reads_null: false,
            is_shaped_bytes: false,
        })
    }

    fn canonical_form(_email: &str) -> String {
        Self::quoted(CANONICAL)
    }

    /// Compares byte for byte, like the other databases. An existing table of users keeps its settings.
    fn table_options(_clustered: bool) -> &'static str {
        " ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    }

    fn normal_form(over: &str) -> String {
        over.chars().filter(|c| !c.is_whitespace() && *c != '`').collect::<String>().to_lowercase()
    }

    /// In MySQL a schema is a database.
    fn has_schema<'a>(connection: &'a mut MySqlConnection, schema: &'a str) -> BoxFuture<'a, SqlResult<bool>> {
        Box::pin(catalog::has_database(connection, schema))
    }

    fn create_schema(schema: &str) -> String {
        format!("CREATE DATABASE IF NOT EXISTS {} CHARACTER SET utf8mb4", Self::quoted(schema))
    }

    fn describe<'a>(
        connection: &'a mut MySqlConnection,
        schema: Option<&'a str>,
        table: &'a str,
    ) -> BoxFuture<'a, SqlResult<FoundTable>> {
        Box::pin(catalog::describe(connection, schema, table))
    }

    fn columns<'a>(
        connection: &'a mut MySqlConnection,
        schema: Option<&'a str>,
        table: &'a str,
    ) -> BoxFuture<'a, SqlResult<Vec<FoundColumn>>> {
        Box::pin(catalog::columns(connection, schema, table))
    }

    /// A foreign key needs the same type, character set and collation.
    fn id_type(columns: &[FoundColumn], id: &str) -> Option<String> {
        let id = columns.iter().find(|column| column.name.eq_ignore_ascii_case(id))?;
        Some(match &id.encoding {
            Some(encoding) => format!("{}{}", id.sql_type, catalog::clause(encoding)),
            None => id.sql_type.clone(),
        })
    }

    fn equal_addresses<'a>(
        connection: &'a mut MySqlConnection,
        _table: &'a WantedTable,
        found: &'a FoundTable,
        email: &'a str,
        parts: &'a [&'a KeyPart],
        addresses: &'a [&'a str],
    ) -> BoxFuture<'a, SqlResult<Vec<(String, String)>>> {
        Box::pin(catalog::equal_addresses(connection, found, email, parts, addresses))
    }

    /// Compares families of types: strict mode refuses values that do not fit, so within a family no data is lost
    /// silently.
    fn holds(found: &str, wanted: &str) -> bool {
        types::holds(found, wanted)
    }

    /// The server converts text parameters to every type, so only values that are not read as text are converted.
    fn cast(_stored_as: StoredAs, found: &str) -> Cast {
        let is_text = matches!(family(found), Family::Text) && !found.eq_ignore_ascii_case("json");
        Cast { read: (!is_text).then_some("CAST({} AS CHAR)"), write: None }
    }

    /// `CHAR` loses spaces at the end, and `ENUM` has its own spelling of a value.
    fn may_change(own: &SqlColumn, found: &str) -> Option<Sameness> {
        let is_text = own.stored_as.is_some() || own.sql_type == <Self as Driver>::TEXT;
        match family(found) {
            Family::Text if is_text && types::changes_texts(found) => Some(Sameness::Exact),
            Family::Text | Family::Json => None,
            Family::Other(name) if own.stored_as == Some(StoredAs::Text) => Some(match name.as_str() {
                "decimal" => Sameness::Number,
                "uuid" => Sameness::Uuid,
                _ => Sameness::Exact,
            }),
            _ => (own.stored_as == Some(StoredAs::Text)).then_some(Sameness::Exact),
        }
    }

    fn unfit(stored_as: StoredAs, found: &str) -> Option<&'static str> {
        let family = family(found);
        let is_choice = ["enum", "set"].iter().any(|word| found.to_ascii_lowercase().starts_with(word));
        match stored_as {
            StoredAs::Json if family == Family::Json || (family == Family::Text && !is_choice) => None,
            StoredAs::Json => Some("and a field marked `json` needs a column of the type JSON or LONGTEXT"),
            StoredAs::Text if family == Family::Json => {
                Some("which holds JSON: mark the field `json` instead of `text`")
            }
            StoredAs::Text if is_number(found) || family == Family::Integer => {
                Some("which writes numbers in its own way: use a number as the field")
            }
            StoredAs::Text if matches!(family, Family::Bytes | Family::Flag) => {
                Some("which holds bytes or bits: change the type of the column to LONGTEXT")
            }
            StoredAs::Text => None,
        }
    }

    fn declared_form(declared: &str) -> Declared {
        match family(declared) {
            // MariaDB's type takes and returns text.
            Family::Other(name) if name == "uuid" => Declared::Always(UuidForm::Hyphenated),
            Family::Bytes if declared.to_ascii_lowercase().ends_with("binary(16)") => Declared::Always(UuidForm::Bytes),
            Family::Bytes => Declared::Likely(UuidForm::Bytes),
            Family::Text => Declared::text(declared),
            _ => Declared::Never,
        }
    }

    fn has_form(column: &str, form: UuidForm) -> String {
        match form.as_text() {
            Some((length, upper)) => {
                let case = if upper { "UPPER" } else { "LOWER" };
                format!("CHAR_LENGTH({column}) = {length} AND BINARY {column} = BINARY {case}({column})")
            }
            None => format!("OCTET_LENGTH({column}) = 16"),
        }
    }

    fn in_form(column: &str, form: UuidForm) -> String {
        let digits = format!(
            "IF(OCTET_LENGTH({column}) = 16, HEX({column}), \
             REPLACE(REPLACE(REPLACE({column}, '-', ''), '{{', ''), '}}', ''))"
        );
        let Some((length, upper)) = form.as_text() else { return format!("UNHEX({digits})") };
        let text = match length {
            36 => [21, 17, 13, 9].iter().fold(digits, |text, at| format!("INSERT({text}, {at}, 0, '-')")),
            _ => digits,
        };
        format!("{}({text})", if upper { "UPPER" } else { "LOWER" })
    }

    fn with_references(statements: &[String]) -> String {
        format!("SET foreign_key_checks = 0; {}; SET foreign_key_checks = 1", statements.join("; "))
    }

    fn shortfall(found: &FoundColumn, wanted: &WantedColumn) -> Option<String> {
        types::shortfall(found, wanted)
    }

    fn widen(table: &str, found: &FoundColumn, wanted: &WantedColumn) -> Option<String> {
        if matches!(family(&found.sql_type), Family::Other(_)) {
            return None; // a DECIMAL without digits is not wider
        }
        if !types::holds(&found.sql_type, &wanted.sql_type) && !types::is_wider(&wanted.sql_type, &found.sql_type) {
            return None;
        }
        // A type that the column already has may be wider in another respect.
        let sql_type = types::wider(&found.sql_type, &wanted.sql_type);
        let needs_unicode = matches!(wanted.written, Written::Text(text) if !text.ascii);
        let encoding = match &found.encoding {
            _ if sql_type.contains("CHARACTER SET") => String::new(),
            Some(Encoding { characters, .. }) if needs_unicode && !types::is_unicode(characters) => {
                " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin".to_owned()
            }
            Some(encoding) => catalog::clause(encoding),
            None => String::new(),
        };
        catalog::modify(table, found, &format!("{sql_type}{encoding}"), found.nullable)
    }

    fn set_nullable(table: &str, column: &FoundColumn, nullable: bool) -> Option<String> {
        let encoding = column.encoding.as_ref().map(catalog::clause).unwrap_or_default();
        catalog::modify(table, column, &format!("{}{encoding}", column.sql_type), nullable)
    }

    fn trimmed(column: &str) -> String {
        format!("REGEXP_REPLACE({column}, '^[[:space:]]+|[[:space:]]+$', '')")
    }

    fn canonical_expression(email: &str) -> String {
        ascii_lower(email)
    }

    fn lock(connection: &mut MySqlConnection) -> BoxFuture<'_, SqlResult<bool>> {
        Box::pin(async move {
            let got: Vec<Option<bool>> = sqlx::query_scalar(LOCK).fetch_all(connection).await?;
            Ok(got == [Some(true)])
        })
    }
}

/// Returns the address with A to Z in lower case and everything else unchanged, compared byte for byte. `LOWER` would
/// change other Unicode letters too; in ISO 8859-8 no byte above 127 has a case, so there it changes only ASCII.
fn ascii_lower(email: &str) -> String {
    format!("CAST(LOWER(CONVERT(CAST(CONVERT(`{email}` USING utf8mb4) AS BINARY) USING hebrew)) AS BINARY)")
}

/// Returns whether a type holds numbers other than `DECIMAL`, which keeps the digits of a text.
fn is_number(declared: &str) -> bool {
    let declared = declared.to_ascii_lowercase();
    ["float", "double", "real"].iter().any(|word| declared.starts_with(word)) || declared.contains("unsigned")
}

/// Returns whether the default of a type must be an expression: the type has no length limit.
fn needs_expression(sql_type: &str) -> bool {
    sql_type.contains("TEXT") || sql_type.contains("BLOB") || sql_type == "JSON"
}

/// Returns a default with microseconds for each current time in it, such as `CURRENT_TIMESTAMP ON UPDATE NOW()`.
fn with_microseconds(sql: &str) -> String {
    let words = sql.split_whitespace().map(|word| {
        let name = word.trim_end_matches("()");
        let is_now = ["CURRENT_TIMESTAMP", "NOW", "LOCALTIME", "LOCALTIMESTAMP"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known));
        if is_now { format!("{name}(6)") } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_of_a_filled_column_has_the_form_that_its_type_needs() {
        for (sql, sql_type, expected) in [
            ("CURRENT_TIMESTAMP", "DATETIME(6)", "CURRENT_TIMESTAMP(6)"),
            ("current_timestamp()", "DATETIME(6)", "current_timestamp(6)"),
            ("CURRENT_TIMESTAMP ON UPDATE NOW()", "DATETIME(6)", "CURRENT_TIMESTAMP(6) ON UPDATE NOW(6)"),
            ("CURRENT_TIMESTAMP(6)", "DATETIME(6)", "CURRENT_TIMESTAMP(6)"),
            ("7", "BIGINT", "7"),
            ("-1.5", "DOUBLE", "-1.5"),
            ("TRUE", "BOOLEAN", "TRUE"),
            ("'free'", "VARCHAR(20)", "'free'"),
            ("'free'", "LONGTEXT", "('free')"),
            ("uuid()", "CHAR(36)", "(uuid())"),
            ("(uuid())", "CHAR(36)", "(uuid())"),
        ] {
            assert_eq!(MySql::default_expression(sql, sql_type), expected, "{sql} {sql_type}");
        }
    }
}
