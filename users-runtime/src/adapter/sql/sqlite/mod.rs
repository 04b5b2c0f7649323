//! SQLite: running statements and reading values.

mod catalog;
mod connect;
mod declarations;
pub(super) mod lookup_cache;
mod numbers;
mod references;
mod schema;
mod short;
mod times;

use sqlx::{
    Arguments as _, AssertSqlSafe, Decode, Encode, Row as _, SqlSafeStr, SqlStr, Sqlite, Type, TypeInfo as _,
    ValueRef as _,
    encode::IsNull,
    error::{BoxDynError, DatabaseError},
    sqlite,
};
use uuid::Uuid;

pub(super) use self::connect::{open, share};
use super::{
    ById, Column, Dialect, Driver, Executed, LoginSql, SqlResult, Statements, UserSql,
    dialect::sealed::Sealed,
    error::RefusedValue,
    lookups::{ids, session_keys},
    row::uuid_at,
    schema::FoundIndex,
    short::Reading,
    uuid_form::{Form, UuidForm},
};
use crate::{
    domain::{IdKind, IdValue, SessionKey, Timestamp},
    port::BoxFuture,
};

impl Sealed for Sqlite {}

impl Driver for Sqlite {
    const TEXT: &'static str = "TEXT";

    /// Takes the write lock immediately. A transaction that starts with a read and then writes would fail as busy
    /// without waiting if another one wrote in between.
    const BEGIN_WRITE: &'static str = "BEGIN IMMEDIATE";

    const RETURNS_ROWS: bool = true;
    const ID_FORM: UuidForm = UuidForm::Hyphenated;
    const UUID_FORM: UuidForm = UuidForm::Bytes;
    const OVER_A_NETWORK: bool = false;

    fn declared(type_name: &str) -> String {
        type_name.to_owned()
    }

    fn value_at(row: &sqlite::SqliteRow, index: usize) -> SqlResult<sqlite::SqliteValueRef<'_>> {
        row.try_get_raw(index)
    }

    fn convert<T>(value: &sqlite::SqliteValueRef<'_>) -> Option<Result<T, BoxDynError>>
    where
        T: Type<Self> + for<'r> Decode<'r, Self> + 'static,
    {
        numbers::convert(value)
    }

    fn zero(sql_type: &str) -> Option<&'static str> {
        Some(match sql_type {
            "TEXT" => "''",
            "INTEGER" | "REAL" | "NUMERIC" => "0",
            "BOOLEAN" => "FALSE",
            _ => return None,
        })
    }

    fn is_time_or_id(sql_type: &str) -> bool {
        matches!(sql_type, "DATETIME" | "DATE" | "TIME")
    }

    fn id_at(row: &sqlite::SqliteRow, index: usize, kind: IdKind) -> SqlResult<IdValue> {
        Ok(match kind {
            // sqlx would read NULL as 0: a key that is not the rowid can be NULL.
            IdKind::Integer => IdValue::Integer(<i64 as Column<Self>>::read(row, index)?),
            IdKind::Uuid => IdValue::Uuid(uuid_at::<Self>(row, index)?),
            IdKind::Text => IdValue::Text(<String as Column<Self>>::read(row, index)?),
        })
    }

    fn add_id(id: &IdValue, form: Form, arguments: &mut sqlite::SqliteArguments) -> SqlResult<()> {
        match id {
            IdValue::Integer(id) => arguments.add(id),
            IdValue::Uuid(id) => return Self::add_uuid(Some(*id), form, arguments),
            IdValue::Text(id) => arguments.add(id),
        }
        .map_err(sqlx::Error::Encode)
    }

    fn bytes_at(row: &sqlite::SqliteRow, index: usize) -> SqlResult<&[u8]> {
        row.try_get(index)
    }

    fn add_uuid(id: Option<Uuid>, form: Form, arguments: &mut sqlite::SqliteArguments) -> SqlResult<()> {
        match (form.uuid, id) {
            (_, None) => arguments.add(None::<String>),
            (UuidForm::Bytes, Some(id)) => arguments.add(id),
            (UuidForm::Hyphenated, Some(id)) => arguments.add(id.hyphenated()),
            (form, Some(id)) => arguments.add(form.text(id)),
        }
        .map_err(sqlx::Error::Encode)
    }

    fn add_value<T>(value: &T, arguments: &mut sqlite::SqliteArguments) -> Result<(), BoxDynError>
    where
        T: Type<Self> + for<'q> Encode<'q, Self>,
    {
        if matches!(T::type_info().name(), "DATE" | "DATETIME") && !has_four_digits(value)? {
            return Err("the year is out of range".into());
        }
        arguments.add(value)
    }

    fn is_null<T>(value: &T) -> bool
    where
        T: Type<Self> + for<'q> Encode<'q, Self>,
    {
        Self::is_stored_as_null(value)
    }

    fn is_stored_as_null<T>(value: &T) -> bool
    where
        T: Type<Self> + for<'q> Encode<'q, Self>,
    {
        matches!(value.encode_by_ref(&mut sqlite::SqliteArgumentsBuffer::default()), Ok(IsNull::Yes))
    }

    /// A column of the type `JSON` may have turned a text into a number. SQLite would write a floating-point number with 15
    /// digits, which are not enough.
    fn text_at(row: &sqlite::SqliteRow, index: usize) -> SqlResult<Option<String>> {
        let value = row.try_get_raw(index)?;
        let decoded = if value.type_info().name() == "REAL" {
            <f64 as Decode<'_, Sqlite>>::decode(value).map(|number| Some(format!("{number:?}")))
        } else {
            <Option<String> as Decode<'_, Sqlite>>::decode(value)
        };
        decoded.map_err(|source| sqlx::Error::ColumnDecode { index: index.to_string(), source })
    }

    fn add_time(time: Timestamp, arguments: &mut sqlite::SqliteArguments) -> SqlResult<()> {
        arguments.add(time).map_err(sqlx::Error::Encode)
    }

    fn upstream_time_at(row: &sqlite::SqliteRow, index: usize) -> SqlResult<Option<Timestamp>> {
        times::read(row, index)
    }

    fn add_upstream_time(time: Option<Timestamp>, arguments: &mut sqlite::SqliteArguments) -> SqlResult<()> {
        arguments.add(time.map(times::to_text)).map_err(sqlx::Error::Encode)
    }

    fn add_lookups(wanted: &[ById], _: IdKind, form: Form, arguments: &mut sqlite::SqliteArguments) -> SqlResult<()> {
        arguments.add(ids(wanted, form)?).map_err(sqlx::Error::Encode)
    }

    /// JSON has no bytes: ids that are stored as bytes are listed as hexadecimal digits.
    fn find_many(statement: SqlStr, kind: IdKind, form: Form) -> SqlStr {
        const ID: &str = "json_extract(w.\"value\", '$[0]')";
        match (kind, form.uuid) {
            (IdKind::Uuid, UuidForm::Bytes) => {
                AssertSqlSafe(statement.as_str().replace(ID, &format!("unhex({ID})"))).into_sql_str()
            }
            _ => statement,
        }
    }

    fn short(full: &str) -> Option<String> {
        short::statement(full)
    }

    fn read_short(row: &sqlite::SqliteRow, first: usize, key: Option<&SessionKey>) -> Reading {
        short::read(row, first, key)
    }

    fn add_session_keys(wanted: &[SessionKey], arguments: &mut sqlite::SqliteArguments) -> SqlResult<()> {
        arguments.add(session_keys(wanted)?).map_err(sqlx::Error::Encode)
    }

    fn violated_columns(refusal: &dyn DatabaseError, table: &str, known: Option<&[FoundIndex]>) -> Option<Vec<String>> {
        // SQLite reports the constraint only in the message: the columns of an ordinary index, or the name of an index
        // on an expression.
        let violated = refusal.message().strip_prefix("UNIQUE constraint failed: ")?;
        let known = known?;
        if let Some(name) = violated.strip_prefix("index '").and_then(|name| name.strip_suffix('\'')) {
            return known.iter().find(|key| key.name == name).map(FoundIndex::columns);
        }
        let columns = violated.split(", ").map(|column| {
            let (of, name) = column.split_once('.')?;
            of.eq_ignore_ascii_case(table).then_some(name)
        });
        // A trigger of the application may have written another table.
        let Some(columns) = columns.collect::<Option<Vec<&str>>>() else { return Some(Vec::new()) };
        // The columns may be generated from others.
        let same = |key: &&FoundIndex| key.parts.iter().map(|part| part.name.as_str()).eq(columns.iter().copied());
        known.iter().find(same).map(FoundIndex::columns)
    }

    fn refused_value(refusal: &dyn DatabaseError) -> Option<RefusedValue> {
        const TOO_BIG: i32 = 18;
        const CONSTRAINT: i32 = 19;
        const MISMATCH: i32 = 20;
        let code = refusal.code().and_then(|code| code.parse::<i32>().ok())?;
        let message = refusal.message();
        // A refusal by a function, in a generated column, an index or a trigger, has no specific error code.
        let of_function = ["malformed JSON", "bad JSON path", "JSON path error", "integer overflow"];
        let is_data = matches!(code & 0xff, TOO_BIG | CONSTRAINT | MISMATCH)
            || of_function.iter().any(|start| message.starts_with(start));
        // "NOT NULL constraint failed: user.note", "cannot store TEXT value in INTEGER column user.note",
        // "CHECK constraint failed: length(note) < 9". The message of a trigger may contain anything.
        let column = ["NOT NULL constraint failed: ", " column "].iter().find_map(|before| {
            let name = message.split_once(before)?.1;
            Some(name.rsplit('.').next().unwrap_or(name).to_owned())
        });
        let constraint = message.strip_prefix("CHECK constraint failed: ").map(str::to_owned);
        is_data.then(|| RefusedValue { column: column.filter(|_| constraint.is_none()), constraint })
    }

    fn names_objects_only(refusal: &dyn DatabaseError) -> bool {
        const ERROR: i32 = 1;
        const CONSTRAINT: i32 = 19;
        let code = refusal.code().and_then(|code| code.parse::<i32>().ok());
        match code.map(|code| code & 0xff) {
            // A function's message may quote its argument.
            Some(ERROR) => ["no such ", "table ", "near \""].iter().any(|start| refusal.message().starts_with(start)),
            Some(CONSTRAINT) | None => false,
            Some(_) => true,
        }
    }

    fn printed(arguments: &sqlite::SqliteArguments) -> String {
        format!("{arguments:?}")
    }

    fn meets_deferred_constraints<'a>(
        connection: &'a mut sqlite::SqliteConnection,
        sql: &'static UserSql,
        id: sqlite::SqliteArguments,
    ) -> BoxFuture<'a, SqlResult<bool>> {
        Box::pin(references::are_there(connection, sql, id))
    }

    /// A key `UNIQUE ON CONFLICT REPLACE` would delete the row of another user. The algorithm in the statement takes
    /// precedence (<https://sqlite.org/lang_conflict.html>).
    fn write_statement(statement: &str) -> Option<String> {
        ["INSERT INTO ", "UPDATE "].iter().find_map(|start| {
            let (rest, verb) = (statement.strip_prefix(start)?, start.split(' ').next()?);
            Some(format!("{verb} OR ABORT {}{rest}", &start[verb.len() + 1..]))
        })
    }

    fn is_unavailable(refusal: &dyn DatabaseError) -> bool {
        const BUSY: i32 = 5;
        const LOCKED: i32 = 6;
        const READONLY: i32 = 8;
        const IOERR: i32 = 10;
        const FULL: i32 = 13;
        const CANTOPEN: i32 = 14;
        let code = refusal.code().and_then(|code| code.parse::<i32>().ok());
        // The low byte is the primary code (https://sqlite.org/rescode.html).
        code.is_some_and(|code| matches!(code & 0xff, BUSY | LOCKED | READONLY | IOERR | FULL | CANTOPEN))
    }

    fn advice(refusal: &dyn DatabaseError) -> Option<&'static str> {
        const PERM: i32 = 3;
        const BUSY: i32 = 5;
        const READONLY: i32 = 8;
        const FULL: i32 = 13;
        const NOTADB: i32 = 26;
        Some(match refusal.code()?.parse::<i32>().ok()? & 0xff {
            PERM | READONLY => "This process may not write the file: check its permissions and those of its folder",
            BUSY => "Another process holds the lock of the file: stop it, or start again later",
            FULL => "The disk is full",
            NOTADB => "The file is not an SQLite database, or it is encrypted: check the path in the database URL",
            _ => return None,
        })
    }

    fn is_disconnected(_refusal: &dyn DatabaseError) -> bool {
        false
    }

    fn is_undone(_refusal: &dyn DatabaseError) -> bool {
        false // writers wait for each other; a timeout counts as unavailable
    }

    fn is_outdated(refusal: &dyn DatabaseError) -> bool {
        const SCHEMA: &str = "17"; // SQLite prepares statements again by itself, up to 50 times
        refusal.code().as_deref() == Some(SCHEMA)
    }

    fn fetch_all<'a>(
        connection: &'a mut sqlite::SqliteConnection,
        sql: impl SqlSafeStr,
        arguments: sqlite::SqliteArguments,
        keep: bool,
    ) -> BoxFuture<'a, SqlResult<Vec<sqlite::SqliteRow>>> {
        Box::pin(sqlx::query_with(sql, arguments).persistent(keep).fetch_all(connection))
    }

    fn read_first<'a>(
        connection: &'a mut sqlite::SqliteConnection,
        sql: impl SqlSafeStr,
        arguments: sqlite::SqliteArguments,
        keep: bool,
    ) -> BoxFuture<'a, SqlResult<Option<sqlite::SqliteRow>>> {
        short::read_first(connection, sql, arguments, keep)
    }

    fn execute<'a>(
        connection: &'a mut sqlite::SqliteConnection,
        sql: impl SqlSafeStr,
        arguments: sqlite::SqliteArguments,
        keep: bool,
    ) -> BoxFuture<'a, SqlResult<Executed>> {
        let query = sqlx::query_with(sql, arguments).persistent(keep);
        Box::pin(async move {
            let done = query.execute(connection).await?;
            Ok(Executed { rows: done.rows_affected(), last_id: None })
        })
    }
}

/// Returns `true` if a date or time has a year of four digits. chrono writes other years with a sign, which it does not read
/// back, and which sort incorrectly as text.
fn has_four_digits<T: Type<Sqlite> + for<'q> Encode<'q, Sqlite>>(value: &T) -> Result<bool, BoxDynError> {
    let mut arguments = sqlite::SqliteArguments::default();
    arguments.add(value)?;
    // sqlx has no other way to look at an argument: `… [Text("2026-11-28 …")] …`.
    let text = format!("{arguments:?}");
    Ok(!["(\"+", "(\"-"].iter().any(|signed| text.contains(signed)))
}

impl Dialect for Sqlite {
    fn statements(sql: &'static UserSql) -> &'static Statements {
        &sql.sqlite
    }

    fn login_statement(login: &'static LoginSql) -> &'static str {
        login.sqlite
    }
}
