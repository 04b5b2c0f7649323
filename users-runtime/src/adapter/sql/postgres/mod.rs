//! PostgreSQL: running statements and reading values.

mod catalog;
mod connect;
mod pooler;
mod schema;

use sqlx::{
    Arguments as _, Encode, Postgres, Row as _, SqlSafeStr, Type, TypeInfo as _, ValueRef as _,
    encode::IsNull,
    error::{BoxDynError, DatabaseError},
    postgres,
};
use uuid::Uuid;

pub(super) use self::connect::{open, share};
use super::{
    ById, Dialect, Driver, Executed, LoginSql, SqlResult, Statements, UserSql,
    dialect::sealed::Sealed,
    error::RefusedValue,
    row::uuid_at,
    schema::FoundIndex,
    uuid_form::{Form, UuidForm},
};
use crate::{
    domain::{IdKind, IdValue, SessionKey, StoredId, Timestamp},
    port::BoxFuture,
};

impl Sealed for Postgres {}

/// A text for a column of the type `CHAR(n)`. Compared with a text of another type, the index would not be used.
struct Char(String);

impl Char {
    const OID: postgres::types::Oid = postgres::types::Oid(1042);
    const ARRAY: postgres::types::Oid = postgres::types::Oid(1014);
}

impl Type<Postgres> for Char {
    fn type_info() -> postgres::PgTypeInfo {
        postgres::PgTypeInfo::with_oid(Self::OID)
    }
}

impl postgres::PgHasArrayType for Char {
    fn array_type_info() -> postgres::PgTypeInfo {
        postgres::PgTypeInfo::with_oid(Self::ARRAY)
    }
}

impl Encode<'_, Postgres> for Char {
    fn encode_by_ref(&self, buffer: &mut postgres::PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <&str as Encode<'_, Postgres>>::encode_by_ref(&self.0.as_str(), buffer)
    }
}

/// Appends an array of texts of the type of their column.
fn add_texts(
    texts: impl Iterator<Item = String>,
    form: Form,
    arguments: &mut postgres::PgArguments,
) -> Result<(), BoxDynError> {
    if form.is_char {
        arguments.add(texts.map(Char).collect::<Vec<_>>())
    } else {
        arguments.add(texts.collect::<Vec<_>>())
    }
}

impl Driver for Postgres {
    const TEXT: &'static str = "TEXT";
    const BEGIN_WRITE: &'static str = "BEGIN";
    const RETURNS_ROWS: bool = true;
    const ID_FORM: UuidForm = UuidForm::Native;
    const UUID_FORM: UuidForm = UuidForm::Native;
    const OVER_A_NETWORK: bool = true;

    fn declared(type_name: &str) -> String {
        type_name.to_owned()
    }

    fn value_at(row: &postgres::PgRow, index: usize) -> SqlResult<postgres::PgValueRef<'_>> {
        row.try_get_raw(index)
    }

    fn zero(sql_type: &str) -> Option<&'static str> {
        Some(match sql_type {
            "TEXT" | "VARCHAR" | "CHAR" => "''",
            "INT2" | "INT4" | "INT8" | "FLOAT4" | "FLOAT8" | "NUMERIC" => "0",
            "BOOL" => "FALSE",
            _ => return None,
        })
    }

    fn is_time_or_id(sql_type: &str) -> bool {
        matches!(sql_type, "TIMESTAMPTZ" | "TIMESTAMP" | "DATE" | "TIME" | "TIMETZ" | "UUID")
    }

    fn id_at(row: &postgres::PgRow, index: usize, kind: IdKind) -> SqlResult<IdValue> {
        Ok(match kind {
            IdKind::Integer => {
                // fastapi-users creates SERIAL ids of 32 bits, axum-users BIGSERIAL ids of 64 bits.
                let value = row.try_get_raw(index)?;
                IdValue::Integer(match value.type_info().name() {
                    "INT2" => i64::from(row.try_get::<i16, _>(index)?),
                    "INT4" => i64::from(row.try_get::<i32, _>(index)?),
                    _ => row.try_get(index)?,
                })
            }
            IdKind::Uuid => IdValue::Uuid(uuid_at::<Self>(row, index)?),
            IdKind::Text => {
                let padded = row.try_get_raw(index)?.type_info().name() == "CHAR";
                let text: String = row.try_get(index)?;
                IdValue::Text(if padded { text.trim_end_matches(' ').to_owned() } else { text })
            }
        })
    }

    fn add_id(id: &IdValue, form: Form, arguments: &mut postgres::PgArguments) -> SqlResult<()> {
        match id {
            IdValue::Integer(id) => arguments.add(id),
            IdValue::Uuid(id) => return Self::add_uuid(Some(*id), form, arguments),
            IdValue::Text(id) if form.is_char => arguments.add(Char(id.clone())),
            IdValue::Text(id) => arguments.add(id),
        }
        .map_err(sqlx::Error::Encode)
    }

    fn bytes_at(row: &postgres::PgRow, index: usize) -> SqlResult<&[u8]> {
        let value = row.try_get_raw(index)?;
        value.as_bytes().map_err(|source| sqlx::Error::ColumnDecode { index: index.to_string(), source })
    }

    fn add_uuid(id: Option<Uuid>, form: Form, arguments: &mut postgres::PgArguments) -> SqlResult<()> {
        match form.uuid {
            UuidForm::Native => arguments.add(id),
            UuidForm::Bytes => arguments.add(id.map(|id| id.into_bytes().to_vec())),
            text if form.is_char => arguments.add(id.map(|id| Char(text.text(id)))),
            text => arguments.add(id.map(|id| text.text(id))),
        }
        .map_err(sqlx::Error::Encode)
    }

    fn is_stored_as_null<T>(value: &T) -> bool
    where
        T: Type<Self> + for<'q> Encode<'q, Self>,
    {
        matches!(value.encode_by_ref(&mut postgres::PgArgumentBuffer::default()), Ok(IsNull::Yes))
    }

    /// Also reads the types whose binary form is text, in case a column was changed since the table was read.
    fn text_at(row: &postgres::PgRow, index: usize) -> SqlResult<Option<String>> {
        let value = row.try_get_raw(index)?;
        if value.is_null() {
            return Ok(None);
        }
        let found = value.type_info().into_owned();
        let mismatch = |source| sqlx::Error::ColumnDecode { index: index.to_string(), source };
        let skipped = match (found.name(), found.kind()) {
            ("JSONB", _) => 1, // the version of the format
            ("JSON", _) | (_, postgres::PgTypeKind::Enum(_)) => 0,
            _ if <String as Type<Postgres>>::compatible(&found) => 0,
            _ => return Err(mismatch(format!("the column has the type {found}, the field wants text").into())),
        };
        let bytes = value.as_bytes().map_err(mismatch)?.get(skipped..).unwrap_or_default();
        std::str::from_utf8(bytes).map(|text| Some(text.to_owned())).map_err(|error| mismatch(error.into()))
    }

    fn add_value<T>(value: &T, arguments: &mut postgres::PgArguments) -> Result<(), BoxDynError>
    where
        T: Type<Self> + for<'q> Encode<'q, Self>,
    {
        if T::type_info().name() == "TIME" && is_leap_second(value)? {
            return Err("a leap second is not a time of day".into());
        }
        arguments.add(value)
    }

    fn add_time(time: Timestamp, arguments: &mut postgres::PgArguments) -> SqlResult<()> {
        arguments.add(time).map_err(sqlx::Error::Encode)
    }

    fn add_upstream_time(time: Option<Timestamp>, arguments: &mut postgres::PgArguments) -> SqlResult<()> {
        arguments.add(time).map_err(sqlx::Error::Encode)
    }

    fn upstream_time_at(row: &postgres::PgRow, index: usize) -> SqlResult<Option<Timestamp>> {
        row.try_get(index)
    }

    fn add_lookups(wanted: &[ById], kind: IdKind, form: Form, arguments: &mut postgres::PgArguments) -> SqlResult<()> {
        fn of<S: StoredId>(values: impl Iterator<Item = IdValue>) -> Vec<S> {
            values.filter_map(S::of_value).collect()
        }
        let values = wanted.iter().map(|wanted| wanted.id.clone());
        match kind {
            IdKind::Integer => arguments.add(of::<i64>(values)),
            IdKind::Uuid => {
                let ids = of::<Uuid>(values);
                match form.uuid {
                    UuidForm::Native => arguments.add(ids),
                    UuidForm::Bytes => arguments.add(ids.iter().map(|id| &id.as_bytes()[..]).collect::<Vec<_>>()),
                    text => add_texts(ids.into_iter().map(|id| text.text(id)), form, arguments),
                }
            }
            IdKind::Text => add_texts(of::<String>(values).into_iter(), form, arguments),
        }
        .map_err(sqlx::Error::Encode)?;
        let tokens: Vec<Option<&str>> =
            wanted.iter().map(|wanted| wanted.token.as_ref().map(|token| token.0.as_str())).collect();
        arguments.add(tokens).map_err(sqlx::Error::Encode)
    }

    fn add_session_keys(wanted: &[SessionKey], arguments: &mut postgres::PgArguments) -> SqlResult<()> {
        let keys: Vec<&str> = wanted.iter().map(SessionKey::as_str).collect();
        let hashed: Vec<bool> = wanted.iter().map(SessionKey::is_hashed).collect();
        arguments.add(keys).map_err(sqlx::Error::Encode)?;
        arguments.add(hashed).map_err(sqlx::Error::Encode)
    }

    fn violated_columns(refusal: &dyn DatabaseError, table: &str, known: Option<&[FoundIndex]>) -> Option<Vec<String>> {
        // A trigger of the application may have written another table.
        if refusal.table() != Some(table) {
            return Some(Vec::new());
        }
        // A constraint and its index have the same name.
        let violated = refusal.constraint()?;
        known?.iter().find(|key| key.name == violated).map(FoundIndex::columns)
    }

    fn is_conflict(refusal: &dyn DatabaseError) -> bool {
        const EXCLUSION: &str = "23P01";
        refusal.code().as_deref() == Some(EXCLUSION)
    }

    fn refused_value(refusal: &dyn DatabaseError) -> Option<RefusedValue> {
        const CHECK_OF_VIEW: &str = "44000";
        const TOO_LONG_FOR_INDEX: &str = "54000";
        let error = refusal.try_downcast_ref::<postgres::PgDatabaseError>()?;
        // Data, integrity, and functions in PL/pgSQL and in other languages.
        let is_data = ["22", "23", "P0", "38", "39"].iter().any(|class| error.code().starts_with(class))
            || [CHECK_OF_VIEW, TOO_LONG_FOR_INDEX].contains(&error.code())
            || is_raised(error)
            // `WITH CHECK OPTION` of a view, and row-level security.
            || error.routine() == Some("ExecWithCheckOptions");
        is_data.then(|| RefusedValue {
            column: error.column().map(str::to_owned),
            constraint: error.constraint().map(str::to_owned),
        })
    }

    fn names_objects_only(refusal: &dyn DatabaseError) -> bool {
        // Features, transactions, statements, rights, catalogs, conflicts, names and types, resources, the server, faults in it.
        const CLASSES: [&str; 15] =
            ["08", "0A", "25", "26", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58", "XX"];
        let Some(error) = refusal.try_downcast_ref::<postgres::PgDatabaseError>() else { return false };
        !is_raised(error) && CLASSES.iter().any(|class| error.code().starts_with(class))
    }

    /// By class and code (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
    fn is_unavailable(refusal: &dyn DatabaseError) -> bool {
        const READ_ONLY: &str = "25006";
        const LOCK_NOT_AVAILABLE: &str = "55P03";
        const CANCELED: &str = "57014";
        refusal.code().is_some_and(|code| {
            // connection exceptions, insufficient resources, system errors
            ["08", "53", "58"].iter().any(|class| code.starts_with(class))
                || [READ_ONLY, LOCK_NOT_AVAILABLE, CANCELED].contains(&&*code)
        }) || Self::is_disconnected(refusal)
            || Self::is_undone(refusal)
    }

    fn advice(refusal: &dyn DatabaseError) -> Option<&'static str> {
        let wants_tls = refusal.message().contains("no encryption") || refusal.message().contains("SSL off");
        Some(match &*refusal.code()? {
            "28000" if wants_tls => {
                "The server requires TLS: add ?sslmode=require to the database URL, and the Cargo feature `tls`"
            }
            "28P01" | "28000" => {
                "Check the user and the password in the database URL; special characters in them must be percent-encoded"
            }
            "3D000" => "Create the database (CREATE DATABASE), or correct its name at the end of the database URL",
            "3F000" => "Create the schema, or correct search_path",
            "42501" => {
                "Grant the user CREATE on the schema and the database, or let an administrator create the tables with \
                 SqlStore::creation"
            }
            "53300" => "Raise max_connections of the server, or lower PoolSettings::readers",
            "25006" => "The server or the transaction is read-only: use the URL of the primary",
            _ => return None,
        })
    }

    fn is_disconnected(refusal: &dyn DatabaseError) -> bool {
        // Server shutdown, crash or startup, or an idle timeout.
        refusal.code().is_some_and(|code| ["57P01", "57P02", "57P03", "57P05", "25P03"].contains(&&*code))
    }

    fn is_undone(refusal: &dyn DatabaseError) -> bool {
        const SERIALIZATION_FAILURE: &str = "40001";
        const DEADLOCK: &str = "40P01";
        refusal.code().is_some_and(|code| [SERIALIZATION_FAILURE, DEADLOCK].contains(&&*code))
    }

    fn is_outdated(refusal: &dyn DatabaseError) -> bool {
        const FEATURE_NOT_SUPPORTED: &str = "0A000"; // "cached plan must not change result type"
        const NO_SUCH_STATEMENT: &str = "26000"; // after DEALLOCATE ALL or DISCARD ALL
        const INTERNAL: &str = "XX000";
        let Some(error) = refusal.try_downcast_ref::<postgres::PgDatabaseError>() else { return false };
        match error.code() {
            _ if is_raised(error) => false,
            // The message depends on the server's language, the name of the C function does not.
            FEATURE_NOT_SUPPORTED => {
                error.routine() == Some("RevalidateCachedQuery") || error.message().contains("cached plan")
            }
            NO_SUCH_STATEMENT | NO_SUCH_OBJECT | TYPE_MISMATCH => true,
            // An object that the statement was planned for was dropped meanwhile.
            INTERNAL => {
                let gone = ["cache lookup failed", "could not open relation with OID"];
                gone.iter().any(|gone| error.message().contains(gone))
            }
            _ => false,
        }
    }

    fn is_perhaps_outdated(refusal: &dyn DatabaseError) -> bool {
        Self::is_outdated(refusal)
            && refusal.code().is_some_and(|code| [NO_SUCH_OBJECT, TYPE_MISMATCH].contains(&&*code))
    }

    fn printed(arguments: &postgres::PgArguments) -> String {
        format!("{arguments:?}")
    }

    fn meets_deferred_constraints<'a>(
        connection: &'a mut postgres::PgConnection,
        _sql: &'static UserSql,
        _id: postgres::PgArguments,
    ) -> BoxFuture<'a, SqlResult<bool>> {
        let check = sqlx::query("SET CONSTRAINTS ALL IMMEDIATE").persistent(false);
        Box::pin(async move { check.execute(connection).await.map(|_| true) })
    }

    fn fetch_all<'a>(
        connection: &'a mut postgres::PgConnection,
        sql: impl SqlSafeStr,
        arguments: postgres::PgArguments,
        keep: bool,
    ) -> BoxFuture<'a, SqlResult<Vec<postgres::PgRow>>> {
        Box::pin(sqlx::query_with(sql, arguments).persistent(keep).fetch_all(connection))
    }

    fn execute<'a>(
        connection: &'a mut postgres::PgConnection,
        sql: impl SqlSafeStr,
        arguments: postgres::PgArguments,
        keep: bool,
    ) -> BoxFuture<'a, SqlResult<Executed>> {
        let query = sqlx::query_with(sql, arguments).persistent(keep);
        Box::pin(async move {
            let done = query.execute(connection).await?;
            Ok(Executed { rows: done.rows_affected(), last_id: None })
        })
    }
}

/// The parameter's type was dropped.
const NO_SUCH_OBJECT: &str = "42704";

/// The parameter's type was replaced by one of the same name.
const TYPE_MISMATCH: &str = "42804";

/// Returns `true` for an error that a function of the application raises, with any code and message (`RAISE`, `ASSERT`). The
/// routine is the C function that reports the error.
fn is_raised(error: &postgres::PgDatabaseError) -> bool {
    matches!(error.routine(), Some("exec_stmt_raise" | "exec_stmt_assert"))
}

/// Returns `true` for a time of day that chrono represents as a leap second: its microseconds are those of a whole day
/// or more, and PostgreSQL reads them as midnight.
fn is_leap_second<T: for<'q> Encode<'q, Postgres>>(value: &T) -> Result<bool, BoxDynError> {
    const DAY: i64 = 86_400_000_000;
    let mut buffer = postgres::PgArgumentBuffer::default();
    if value.encode_by_ref(&mut buffer)?.is_null() {
        return Ok(false);
    }
    let sent: &[u8] = &buffer;
    Ok(<[u8; 8]>::try_from(sent).is_ok_and(|sent| i64::from_be_bytes(sent) >= DAY))
}

impl Dialect for Postgres {
    fn statements(sql: &'static UserSql) -> &'static Statements {
        &sql.postgres
    }

    fn login_statement(login: &'static LoginSql) -> &'static str {
        login.postgres
    }
}
