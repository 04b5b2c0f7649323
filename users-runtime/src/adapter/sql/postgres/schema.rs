//! PostgreSQL: DDL and catalog.

use sqlx::{PgConnection, Postgres};

use super::catalog;
use crate::{
    adapter::sql::{
        SqlColumn, SqlResult, StoredAs, Written,
        casts::Cast,
        schema::{Catalog, FoundColumn, FoundTable, KeyPart, WantedColumn, WantedTable},
        sql_text::names,
        tables::{ColumnKind, IdColumn},
        unchanged::Sameness,
        uuid_form::{Declared, UuidForm},
    },
    domain::{IdKind, LONGEST_ID},
    port::BoxFuture,
};

/// The time that a migration waits for the one of another node, and for the locks of its statements.
const WAIT: &str = "SET LOCAL lock_timeout = '60s'";

/// The advisory lock of all migrations of axum-users in this database, held until the transaction ends: the letters
/// "axum-usr".
const LOCK: &str = "SELECT pg_advisory_xact_lock(7021802714573206386)";

/// Types of integers, from the narrowest.
const INTEGERS: [&str; 3] = ["int2", "int4", "int8"];
/// Types of floating-point numbers, from the narrowest.
const FLOATS: [&str; 2] = ["float4", "float8"];
/// Types of times.
const TIMES: [&str; 4] = ["timestamptz", "timestamp", "timetz", "time"];
/// The digits of the fraction of a second that are written.
const MICROSECONDS: u32 = 6;

impl Catalog for Postgres {
    const IF_NO_INDEX: &'static str = "IF NOT EXISTS ";
    const ON_CONFLICT_OF_TOKEN: &'static str = "ON CONFLICT (\"token_id\") DO UPDATE SET";
    const GREATEST: &'static str = "GREATEST";

    fn parameter(n: usize) -> String {
        format!("${n}")
    }

    fn sql_type(kind: &ColumnKind) -> String {
        match kind {
            ColumnKind::Key(IdColumn { kind: IdKind::Uuid, .. }) | ColumnKind::UserId(IdKind::Uuid) => {
                "UUID".to_owned()
            }
            ColumnKind::Key(IdColumn { kind: IdKind::Integer, made_by_database: true }) => "BIGSERIAL".to_owned(),
            ColumnKind::Key(IdColumn { kind: IdKind::Integer, .. })
            | ColumnKind::UserId(IdKind::Integer)
            | ColumnKind::Number => "BIGINT".to_owned(),
            ColumnKind::Key(IdColumn { kind: IdKind::Text, .. }) | ColumnKind::UserId(IdKind::Text) => {
                Self::sql_type(&ColumnKind::Exact(LONGEST_ID))
            }
            ColumnKind::Text(length) | ColumnKind::Exact(length) => format!("VARCHAR({length})"),
            ColumnKind::LongText => "TEXT".to_owned(),
            ColumnKind::UpstreamNumber => "INTEGER".to_owned(),
            ColumnKind::Flag => "BOOLEAN".to_owned(),
            ColumnKind::Time | ColumnKind::UpstreamTime => "TIMESTAMP WITH TIME ZONE".to_owned(),
            ColumnKind::Own(sql_type) | ColumnKind::Indexed(sql_type) => sql_type.clone(),
        }
    }

    /// For integers, the type BIGSERIAL implies it.
    fn made_by_database(kind: &ColumnKind) -> &'static str {
        match kind {
            ColumnKind::Key(IdColumn { kind: IdKind::Uuid, made_by_database: true }) => " DEFAULT gen_random_uuid()",
            _ => "",
        }
    }

    fn default_value(literal: &str, _sql_type: &str) -> String {
        literal.to_owned()
    }

    fn canonical_column(_email: &str) -> Option<WantedColumn> {
        None
    }

    fn canonical_form(email: &str) -> String {
        format!("lower(\"{email}\" COLLATE \"C\")") // with this collation lower() changes only ASCII, like the canonical form
    }

    fn table_options(_clustered: bool) -> &'static str {
        ""
    }

    /// PostgreSQL adds parentheses and casts when it prints an expression.
    fn normal_form(over: &str) -> String {
        let plain = over.replace("::text", "");
        plain.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '(' | ')')).collect::<String>().to_lowercase()
    }

    fn has_schema<'a>(connection: &'a mut PgConnection, schema: &'a str) -> BoxFuture<'a, SqlResult<bool>> {
        Box::pin(catalog::has_schema(connection, schema))
    }

    fn describe<'a>(
        connection: &'a mut PgConnection,
        schema: Option<&'a str>,
        table: &'a str,
    ) -> BoxFuture<'a, SqlResult<FoundTable>> {
        Box::pin(async move {
            let found = catalog::describe(connection, schema, &[table]).await?;
            Ok(found.into_iter().next().unwrap_or_default())
        })
    }

    fn describe_all<'a>(
        connection: &'a mut PgConnection,
        schema: Option<&'a str>,
        tables: &'a [&'a str],
    ) -> BoxFuture<'a, SqlResult<Vec<FoundTable>>> {
        Box::pin(catalog::describe(connection, schema, tables))
    }

    fn columns<'a>(
        connection: &'a mut PgConnection,
        schema: Option<&'a str>,
        table: &'a str,
    ) -> BoxFuture<'a, SqlResult<Vec<FoundColumn>>> {
        Box::pin(catalog::columns(connection, schema, table))
    }

    fn id_type(columns: &[FoundColumn], id: &str) -> Option<String> {
        columns.iter().find(|column| column.name == id).map(|column| column.sql_type.clone())
    }

    fn equal_addresses<'a>(
        connection: &'a mut PgConnection,
        table: &'a WantedTable,
        _found: &'a FoundTable,
        email: &'a str,
        parts: &'a [&'a KeyPart],
        addresses: &'a [&'a str],
    ) -> BoxFuture<'a, SqlResult<Vec<(String, String)>>> {
        Box::pin(catalog::equal_addresses(connection, table, email, parts, addresses))
    }

    /// Values are sent in binary, so a column must have the type of its field.
    fn holds(found: &str, wanted: &str) -> bool {
        let (found, wanted) = (base_type(found), base_type(wanted));
        match wanted.as_str() {
            "bigserial" => INTEGERS.contains(&&*found),
            text if TEXTS.contains(&text) => TEXTS.contains(&&*found),
            _ => is_same_type(&found, &wanted),
        }
    }

    /// Text is converted by the input function of every other type.
    fn cast(_stored_as: StoredAs, found: &str) -> Cast {
        let base = base_type(found);
        if TEXTS.contains(&&*base) {
            return Cast::default();
        }
        let write = match base.as_str() {
            "bit" => "bit varying".to_owned(), // a cast to a length would cut the value
            _ => without_length(found),
        };
        // The cast of an address to text adds the length of its network, which its own text lacks.
        let read = if base == "inet" { "abbrev({})" } else { "CAST({} AS TEXT)" };
        Cast { read: Some(read), write: Some(write) }
    }

    fn may_change(own: &SqlColumn, found: &str) -> Option<Sameness> {
        let base = base_type(found);
        match own.stored_as {
            Some(StoredAs::Text) if base == "numeric" => Some(Sameness::Number),
            Some(StoredAs::Text) if base == "uuid" => Some(Sameness::Uuid),
            Some(StoredAs::Text) if !TEXTS.contains(&&*base) => Some(Sameness::Exact),
            Some(_) | None => None,
        }
    }

    fn unfit(stored_as: StoredAs, found: &str) -> Option<&'static str> {
        let base = base_type(found);
        let is_json = ["json", "jsonb"].contains(&&*base);
        match stored_as {
            StoredAs::Json if is_json || TEXTS.contains(&&*base) => None,
            StoredAs::Json => Some("and a field marked `json` needs a column of the type jsonb, json or text"),
            StoredAs::Text if is_json => Some("which holds JSON: mark the field `json` instead of `text`"),
            StoredAs::Text if NUMBERS.contains(&&*base) => {
                Some("which writes numbers in its own way: use a number as the field")
            }
            StoredAs::Text if base == "bytea" => Some("which holds bytes: change the type of the column to text"),
            StoredAs::Text => None,
        }
    }

    fn declared_form(declared: &str) -> Declared {
        match base_type(declared).as_str() {
            "uuid" => Declared::Always(UuidForm::Native),
            "bytea" => Declared::Always(UuidForm::Bytes),
            text if TEXTS.contains(&text) => Declared::text(declared),
            _ => Declared::Never,
        }
    }

    fn is_char(declared: &str) -> bool {
        base_type(declared) == "bpchar"
    }

    fn has_form(column: &str, form: UuidForm) -> String {
        match form.as_text() {
            Some((length, upper)) => {
                let case = if upper { "upper" } else { "lower" };
                format!("length({column}) = {length} AND {column}::text = {case}({column}::text)")
            }
            None => format!("octet_length({column}) = 16"),
        }
    }

    fn in_form(column: &str, form: UuidForm) -> String {
        let digits = format!("replace(replace(replace({column}::text, '-', ''), '{{', ''), '}}', '')");
        let Some((length, upper)) = form.as_text() else { return column.to_owned() };
        let case = if upper { "upper" } else { "lower" };
        format!("{case}({digits}{})", if length == 36 { "::uuid::text" } else { "" })
    }

    /// One statement: foreign keys are checked at its end.
    fn with_references(statements: &[String]) -> String {
        match statements {
            [references @ .., ids] if !references.is_empty() => {
                let references: Vec<String> =
                    (1..).zip(references).map(|(number, sql)| format!("r{number} AS ({sql})")).collect();
                format!("WITH {} {ids}", references.join(", "))
            }
            _ => statements.concat(),
        }
    }

    fn shortfall(found: &FoundColumn, wanted: &WantedColumn) -> Option<String> {
        let (base, limit) = (base_type(&found.sql_type), limit(&found.sql_type));
        match (wanted.written, limit) {
            (Written::Any, _) if base == "numeric" && found.sql_type.contains('(') => {
                Some(format!("rounds numbers to the digits of {}, and the field has no limit", found.sql_type))
            }
            (Written::Unknown, _) | (Written::Any, None) => None,
            (Written::Any, Some(digits)) => (TIMES.contains(&&*base) && digits < MICROSECONDS)
                .then(|| format!("keeps {digits} digits of the fraction of a second, {MICROSECONDS} are written")),
            (Written::Text(text), limit) => {
                let limit = if base == "name" { Some(63) } else { limit.filter(|_| TEXTS.contains(&&*base)) };
                match limit {
                    Some(limit) if limit < text.longest => {
                        Some(format!("holds {limit} characters, and {}", text.describe()))
                    }
                    Some(limit) if base == "bpchar" && !(text.always_longest && limit == text.longest) => {
                        Some("pads texts with spaces".to_owned())
                    }
                    _ => None,
                }
            }
        }
    }

    fn widen(table: &str, found: &FoundColumn, wanted: &WantedColumn) -> Option<String> {
        let (from, to) = (base_type(&found.sql_type), base_type(&wanted.sql_type));
        let grows = |kinds: &[&str]| {
            let at = |name: &str| kinds.iter().position(|kind| *kind == name);
            at(&from).zip(at(&to)).is_some_and(|(from, to)| from < to)
        };
        let same = (TEXTS.contains(&&*from) && TEXTS.contains(&&*to)) || (TIMES.contains(&&*from) && from == to);
        (same || grows(&INTEGERS) || grows(&FLOATS)).then(|| {
            let column = Self::quoted(&found.name);
            format!("ALTER TABLE {table} ALTER COLUMN {column} TYPE {}", wanted.sql_type)
        })
    }

    fn set_nullable(table: &str, column: &FoundColumn, nullable: bool) -> Option<String> {
        let change = if nullable { "DROP" } else { "SET" };
        Some(format!("ALTER TABLE {table} ALTER COLUMN {} {change} NOT NULL", Self::quoted(&column.name)))
    }

    fn trimmed(column: &str) -> String {
        let spaces = [9, 10, 11, 12, 13, 32].map(|space| format!("chr({space})"));
        format!("btrim({column}, {})", spaces.join(" || "))
    }

    fn canonical_expression(email: &str) -> String {
        Self::canonical_form(email)
    }

    fn lock(connection: &mut PgConnection) -> BoxFuture<'_, SqlResult<bool>> {
        Box::pin(async move {
            sqlx::query(WAIT).persistent(false).execute(&mut *connection).await?;
            sqlx::query(LOCK).persistent(false).execute(&mut *connection).await?;
            Ok(true)
        })
    }
}

/// The types of numbers, except `numeric`, which keeps the digits of a text.
const NUMBERS: [&str; 6] = ["int2", "int4", "int8", "float4", "float8", "bool"];

/// The types that hold any text, and that are converted to each other.
const TEXTS: [&str; 5] = ["text", "varchar", "bpchar", "name", "citext"];

/// Returns a type without its length.
fn without_length(declared: &str) -> String {
    let mut name = declared.to_owned();
    if let (Some(start), Some(end)) = (name.find('('), name.find(')')) {
        name.replace_range(start..=end, "");
    }
    name
}

/// Returns whether two types are the same. The driver names a type of the application as the field does; the catalog quotes its
/// name and adds its schema where that is needed. The elements of an array are compared like types of their own.
fn is_same_type(found: &str, wanted: &str) -> bool {
    match (found.strip_suffix("[]"), wanted.strip_suffix("[]")) {
        (Some(found), Some(wanted)) => {
            is_same_type(found, wanted) || (TEXTS.contains(&found) && TEXTS.contains(&wanted) && !is_padded(found))
        }
        (None, None) => found == wanted || unqualified(found).eq_ignore_ascii_case(&unqualified(wanted)),
        _ => false,
    }
}

/// Returns `true` for the type of texts that are padded.
fn is_padded(base: &str) -> bool {
    base == "bpchar"
}

/// Returns the name of a type without its schema and its quotes.
fn unqualified(name: &str) -> String {
    match names(name).pop() {
        Some(last) if name.contains(['.', '"']) => last,
        _ => name.to_owned(),
    }
}

/// Returns a canonical name of a type, without its length. The catalog and the driver write that of an array differently:
/// `character varying(20)[]`, `VARCHAR[]`.
fn base_type(declared: &str) -> String {
    if let Some(element) = declared.strip_suffix("[]") {
        return format!("{}[]", base_type(element));
    }
    let base = without_length(declared).to_ascii_lowercase();
    match base.as_str() {
        // An extension may be in a schema that is not searched.
        other if other.ends_with(".citext") => "citext",
        "character varying" => "varchar",
        "character" | "char" => "bpchar",
        "smallint" => "int2",
        "integer" | "int" | "serial" => "int4",
        "bigint" => "int8",
        "real" => "float4",
        "double precision" => "float8",
        "boolean" => "bool",
        "timestamp with time zone" => "timestamptz",
        "timestamp without time zone" => "timestamp",
        "bit varying" => "varbit",
        "time with time zone" => "timetz",
        "time without time zone" => "time",
        other => other,
    }
    .to_owned()
}

/// Returns the number in parentheses: the length of a text, or the precision of a time.
fn limit(declared: &str) -> Option<u32> {
    declared.split_once('(')?.1.split_once(')')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_the_same_in_the_words_of_the_driver_and_of_the_catalog() {
        for (found, wanted) in [
            ("integer[]", "INT4[]"),
            ("bigint[]", "INT8[]"),
            ("boolean[]", "BOOL[]"),
            ("double precision[]", "FLOAT8[]"),
            ("timestamp with time zone[]", "TIMESTAMPTZ[]"),
            ("timestamp(6) without time zone[]", "TIMESTAMP[]"),
            ("text[]", "TEXT[]"),
            ("character varying(20)[]", "TEXT[]"),
            ("uuid[]", "UUID[]"),
            ("bit varying(8)", "VARBIT"),
            ("numeric(10,2)", "NUMERIC"),
            ("\"Mood\"", "Mood"),
            ("mood", "mood"),
            ("app.mood", "mood"),
            ("app.\"Mood\"", "Mood"),
            ("app.\"Mood\"[]", "Mood[]"),
            ("int4range", "INT4RANGE"),
        ] {
            assert!(Postgres::holds(found, wanted), "{found} for {wanted}");
        }
        for (found, wanted) in [
            ("integer[]", "INT8[]"),
            ("integer", "INT4[]"),
            ("integer[]", "INT4"),
            ("character(20)[]", "TEXT[]"),
            ("app.mood", "temper"),
            ("text[]", "INT4[]"),
        ] {
            assert!(!Postgres::holds(found, wanted), "{found} for {wanted}");
        }
    }
}
