//! MySQL and MariaDB: running statements and reading values.

mod catalog;
mod connect;
mod datetime;
mod schema;
mod types;
mod unsigned;

use chrono::NaiveDateTime;
use sqlx::{
    Arguments as _, AssertSqlSafe, Decode, Encode, MySql, Row as _, SqlSafeStr, SqlStr, Type,
    encode::IsNull,
    error::{BoxDynError, DatabaseError},
    mysql::{self, MySqlDatabaseError},
};
use uuid::Uuid;

pub(super) use self::connect::{open, share};
use self::datetime::AsDatetime;
use super::{
    ById, Column, Dialect, Driver, Executed, LoginSql, SqlResult, Statements, UserSql,
    dialect::sealed::Sealed,
    error::RefusedValue,
    lookups::{ids, session_keys},
    row::uuid_at,
    schema::FoundIndex,
    uuid_form::{Form, UuidForm},
};
use crate::{
    domain::{IdKind, IdValue, SessionKey, Timestamp},
    port::BoxFuture,
};

impl Sealed for MySql {}

/// Returns the server's error number (<https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html>;
/// MariaDB's own from 1900 on), which is more specific than the SQLSTATE.
fn number(refusal: &dyn DatabaseError) -> Option<u16> {
    refusal.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}

/// The first error number that no server uses and that applications use for their own errors (`SIGNAL … SET MYSQL_ERRNO`).
const FIRST_OF_APPLICATIONS: u16 = 5000;

/// Returns `true` for an SQLSTATE of the servers. A trigger can signal any other.
fn is_of_the_server(state: &str) -> bool {
    const CLASSES: [&str; 24] = [
        "00", "01", "02", "08", "0A", "0K", "0Z", "20", "21", "22", "23", "24", "25", "28", "2F", "35", "3D", "40",
        "42", "44", "70", "HY", "XA", "YY",
    ];
    CLASSES.iter().any(|class| state.starts_with(class))
}

impl Driver for MySql {
    const TEXT: &'static str = "LONGTEXT";
    const BEGIN_WRITE: &'static str = "START TRANSACTION";
    const RETURNS_ROWS: bool = false;
    const ID_FORM: UuidForm = UuidForm::Hyphenated;
    const UUID_FORM: UuidForm = UuidForm::Bytes;
    const OVER_A_NETWORK: bool = true;

    /// sqlx names types of values. Some are not valid as column types, or a column of that type would lose data.
    fn declared(type_name: &str) -> String {
        match type_name {
            "VARCHAR" | "CHAR" | "TEXT" => "LONGTEXT",
            "VARBINARY" | "BLOB" => "LONGBLOB",
            "BINARY" => "BINARY(16)", // a UUID
            // DATETIME without (6) drops fractions of a second, and TIMESTAMP ends in 2038.
            "DATETIME" | "TIMESTAMP" => "DATETIME(6)",
            "TIME" => "TIME(6)",
            other => other,
        }
        .to_owned()
    }

    fn value_at(row: &mysql::MySqlRow, index: usize) -> SqlResult<mysql::MySqlValueRef<'_>> {
        row.try_get_raw(index)
    }

    fn convert<T>(value: &mysql::MySqlValueRef<'_>) -> Option<Result<T, BoxDynError>>
    where
        T: Type<Self> + for<'r> Decode<'r, Self> + 'static,
    {
        unsigned::convert(value)
    }

    fn zero(sql_type: &str) -> Option<&'static str> {
        Some(match sql_type {
            "LONGTEXT" => "''",
            "BOOLEAN" => "FALSE",
            "FLOAT" | "DOUBLE" | "DECIMAL" => "0",
            integer if integer.contains("INT") => "0",
            _ => return None,
        })
    }

    fn is_time_or_id(sql_type: &str) -> bool {
        matches!(sql_type, "DATETIME(6)" | "DATE" | "TIME(6)")
    }

    fn id_at(row: &mysql::MySqlRow, index: usize, kind: IdKind) -> SqlResult<IdValue> {
        Ok(match kind {
            IdKind::Integer => IdValue::Integer(<i64 as Column<Self>>::read(row, index)?),
            IdKind::Uuid => IdValue::Uuid(uuid_at::<Self>(row, index)?),
            IdKind::Text => IdValue::Text(row.try_get(index)?),
        })
    }

    fn add_id(id: &IdValue, form: Form, arguments: &mut mysql::MySqlArguments) -> SqlResult<()> {
        match id {
            IdValue::Integer(id) => arguments.add(id),
            IdValue::Uuid(id) => return Self::add_uuid(Some(*id), form, arguments),
            IdValue::Text(id) => arguments.add(id),
        }
        .map_err(sqlx::Error::Encode)
    }

    fn bytes_at(row: &mysql::MySqlRow, index: usize) -> SqlResult<&[u8]> {
        row.try_get(index)
    }

    fn add_uuid(id: Option<Uuid>, form: Form, arguments: &mut mysql::MySqlArguments) -> SqlResult<()> {
        match form.uuid {
            UuidForm::Bytes => arguments.add(id),
            text => arguments.add(id.map(|id| text.text(id))),
        }
        .map_err(sqlx::Error::Encode)
    }

    fn add_value<T>(value: &T, arguments: &mut mysql::MySqlArguments) -> Result<(), BoxDynError>
    where
        T: Type<Self> + for<'q> Encode<'q, Self>,
    {
        arguments.add(AsDatetime(value))
    }

    fn is_stored_as_null<T>(value: &T) -> bool
    where
        T: Type<Self> + for<'q> Encode<'q, Self>,
    {
        matches!(value.encode_by_ref(&mut Vec::new()), Ok(IsNull::Yes))
    }

    fn text_at(row: &mysql::MySqlRow, index: usize) -> SqlResult<Option<String>> {
        row.try_get(index)
    }

    fn add_time(time: Timestamp, arguments: &mut mysql::MySqlArguments) -> SqlResult<()> {
        // As DATETIME: sqlx sends a time with a zone as TIMESTAMP, which MariaDB turns into NULL after 2038.
        arguments.add(time.naive_utc()).map_err(sqlx::Error::Encode)
    }

    fn add_upstream_time(time: Option<Timestamp>, arguments: &mut mysql::MySqlArguments) -> SqlResult<()> {
        arguments.add(time.map(|time| time.naive_utc())).map_err(sqlx::Error::Encode)
    }

    fn upstream_time_at(row: &mysql::MySqlRow, index: usize) -> SqlResult<Option<Timestamp>> {
        Ok(row.try_get::<Option<NaiveDateTime>, _>(index)?.map(|time| time.and_utc()))
    }

    fn add_lookups(wanted: &[ById], _: IdKind, form: Form, arguments: &mut mysql::MySqlArguments) -> SqlResult<()> {
        arguments.add(ids(wanted, form)?).map_err(sqlx::Error::Encode)
    }

    /// Compares an integer as an integer: as a text it would be compared as a floating-point number, without the index, and
    /// distinct large ids would be equal. JSON has no bytes: ids that are stored as bytes are listed as hexadecimal digits.
    fn find_many(statement: SqlStr, kind: IdKind, form: Form) -> SqlStr {
        const TEXT: &str = "JSON_UNQUOTE(JSON_QUOTE(w.`id`))";
        let id = match (kind, form.uuid) {
            (IdKind::Integer, _) => "CAST(w.`id` AS SIGNED)",
            (IdKind::Uuid, UuidForm::Bytes) => "UNHEX(w.`id`)",
            _ => return statement,
        };
        AssertSqlSafe(statement.as_str().replace(TEXT, id)).into_sql_str()
    }

    fn add_session_keys(wanted: &[SessionKey], arguments: &mut mysql::MySqlArguments) -> SqlResult<()> {
        arguments.add(session_keys(wanted)?).map_err(sqlx::Error::Encode)
    }

    fn violated_columns(refusal: &dyn DatabaseError, table: &str, known: Option<&[FoundIndex]>) -> Option<Vec<String>> {
        // Only the message contains the key, as its last text in quotes: "Duplicate entry '…' for key 'user.ix_user_email'",
        // on MariaDB without the table, and in the language of the server. The entry may contain quotes.
        let (message, _) = refusal.message().rsplit_once('\'')?;
        let is_violated = |key: &&FoundIndex| {
            let before = message.strip_suffix(&key.name);
            before.is_some_and(|before| before.ends_with('\'') || before.ends_with(&format!("'{table}.")))
        };
        let violated = known?.iter().filter(is_violated).max_by_key(|key| key.name.len());
        violated.map(FoundIndex::columns)
    }

    fn refused_value(refusal: &dyn DatabaseError) -> Option<RefusedValue> {
        let is_data = refusal.code().is_some_and(|state| {
            ["22", "23", "45"].iter().any(|class| state.starts_with(class)) || !is_of_the_server(&state)
        }) || number(refusal).is_some_and(|number| {
            number >= FIRST_OF_APPLICATIONS
                || matches!(
                    number,
                    1048 | 1364                 // NULL, or no value and no default
                    | 1264 | 1265 | 1406        // out of range, not of the type, too long
                    | 1292 | 1366 | 1411        // not of the type
                    | 1267 | 1270 | 1271 | 1300 // not of the character set
                    | 3854 | 3988               // not of the character set
                    | 1118 | 1690               // a row or a result that is too large
                    | 1643 | 1644               // SIGNAL
                    | 1369                      // WITH CHECK OPTION of a view
                    | 1526 | 1748               // no partition for the value
                    | 3819 | 4025 // CHECK
                )
        });
        is_data.then(|| named_by(refusal.message()))
    }

    /// With the number of the error, which is more specific than the SQLSTATE.
    fn code(refusal: &dyn DatabaseError) -> Option<String> {
        let (state, number) = (refusal.code()?, number(refusal));
        Some(number.map_or_else(|| state.to_string(), |number| format!("{number} ({state})")))
    }

    fn names_objects_only(refusal: &dyn DatabaseError) -> bool {
        // Connections, rights, catalogs, syntax and names.
        refusal.code().is_some_and(|state| ["08", "28", "3D", "42"].iter().any(|class| state.starts_with(class)))
    }

    fn printed(arguments: &mysql::MySqlArguments) -> String {
        format!("{arguments:?}")
    }

    fn is_unavailable(refusal: &dyn DatabaseError) -> bool {
        Self::is_disconnected(refusal)
            || Self::is_undone(refusal)
            || number(refusal).is_some_and(|number| {
                matches!(
                    number,
                    1021 | 1114                 // the disk or the table is full
                    | 1040 | 1203 | 1226        // too many connections, limits of an account
                    | 1205                      // lock wait timeout
                    | 1290 | 1792 | 1836        // read-only
                    | 1317 | 1969 | 3024 // interrupted, time limit exceeded
                )
            })
    }

    fn advice(refusal: &dyn DatabaseError) -> Option<&'static str> {
        if refusal.message().contains("insecure transport") {
            return Some(
                "The server requires TLS: add ?ssl-mode=REQUIRED to the database URL, and the Cargo feature `tls`",
            );
        }
        Some(match number(refusal)? {
            1045 | 1698 => {
                "Check the user and the password in the database URL (special characters in them must be percent-encoded), \
                 and whether this user must use TLS"
            }
            1044 => "Create the database, or grant the user rights on it (GRANT ALL ON database.* TO …)",
            1049 => "Create the database (CREATE DATABASE), or correct its name at the end of the database URL",
            1142 | 1143 | 1227 | 1370 => {
                "Grant the user CREATE, ALTER, INDEX and REFERENCES on the database, or let an administrator create the tables \
                 with SqlStore::creation"
            }
            1040 | 1203 => "Raise max_connections of the server, or lower PoolSettings::readers",
            1290 | 1792 | 1836 => "The server is read-only: use the URL of the primary",
            _ => return None,
        })
    }

    fn is_disconnected(refusal: &dyn DatabaseError) -> bool {
        // Shutdown (1053), network errors (1158 to 1161), connection killed (1927, 1152), idle timeout (4031).
        number(refusal).is_some_and(|number| matches!(number, 1053 | 1152 | 1158..=1161 | 1927 | 4031))
    }

    fn is_undone(refusal: &dyn DatabaseError) -> bool {
        const DEADLOCK: u16 = 1213;
        const CHANGED_SINCE_READ: u16 = 1020; // MariaDB with innodb_snapshot_isolation
        number(refusal).is_some_and(|number| [DEADLOCK, CHANGED_SINCE_READ].contains(&number))
    }

    fn is_outdated(refusal: &dyn DatabaseError) -> bool {
        // The statement must be prepared again (1615) or is unknown (1243); the table was changed during the transaction
        // (1412). The server usually prepares statements again by itself.
        number(refusal).is_some_and(|number| matches!(number, 1243 | 1412 | 1615))
    }

    fn session_faults(connection: &mut mysql::MySqlConnection) -> BoxFuture<'_, SqlResult<Vec<&'static str>>> {
        const SETTINGS: &str = "SELECT @@SESSION.sql_mode LIKE '%STRICT_%TABLES%' = 1, \
             UNIX_TIMESTAMP('2026-01-15 00:00:00') = 1768435200 AND UNIX_TIMESTAMP('2026-07-15 00:00:00') = 1784073600, \
             @@SESSION.character_set_connection = 'utf8mb4'";
        const FAULTS: [&str; 3] = [
            "the sessions of the pool are not strict: values that their columns cannot hold are changed",
            "the sessions of the pool are not in UTC: tokens expire at the wrong time",
            "the sessions of the pool are not in utf8mb4: characters are lost",
        ];
        Box::pin(async move {
            let rows = sqlx::query(SETTINGS).persistent(false).fetch_all(connection).await?;
            let Some(row) = rows.first() else { return Ok(Vec::new()) };
            let mut faults = Vec::new();
            for (index, fault) in FAULTS.into_iter().enumerate() {
                if row.try_get::<i64, _>(index)? == 0 {
                    faults.push(fault);
                }
            }
            Ok(faults)
        })
    }

    /// Keeps every statement: the server does not respond to the message that closes one, and sqlx does not set
    /// TCP_NODELAY, so the next message would wait about 40 ms for a delayed acknowledgment.
    fn fetch_all<'a>(
        connection: &'a mut mysql::MySqlConnection,
        sql: impl SqlSafeStr,
        arguments: mysql::MySqlArguments,
        _keep: bool,
    ) -> BoxFuture<'a, SqlResult<Vec<mysql::MySqlRow>>> {
        Box::pin(sqlx::query_with(sql, arguments).fetch_all(connection))
    }

    /// Keeps every statement like `fetch_all`. sqlx makes the server count the rows that match, not only those that change.
    fn execute<'a>(
        connection: &'a mut mysql::MySqlConnection,
        sql: impl SqlSafeStr,
        arguments: mysql::MySqlArguments,
        _keep: bool,
    ) -> BoxFuture<'a, SqlResult<Executed>> {
        let query = sqlx::query_with(sql, arguments);
        Box::pin(async move {
            let done = query.execute(connection).await?;
            Ok(Executed { rows: done.rows_affected(), last_id: i64::try_from(done.last_insert_id()).ok() })
        })
    }
}

/// Returns the column or the constraint that a message names. Only the message has them: "Data too long for column 'note'
/// at row 1", "… for column `db`.`user`.`note` at row 1", "Column 'note' cannot be null", "CONSTRAINT `user.note` failed for
/// `db`.`user`". A value before the name may contain anything, so the last place is taken.
fn named_by(message: &str) -> RefusedValue {
    let name = |text: &str| {
        let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '`'))?;
        let end = text.find(" at row").unwrap_or(text.len());
        let quoted = text.get(..end)?;
        quoted.split(quote).rfind(|part| !part.is_empty() && *part != ".").map(str::to_owned)
    };
    let column = message.rsplit_once(" for column ").and_then(|(_, rest)| name(rest)).or_else(|| {
        let rest = message.strip_prefix("Column ").or_else(|| message.strip_prefix("Field "))?;
        rest.split('\'').nth(1).map(str::to_owned)
    });
    let constraint = message.strip_prefix("CONSTRAINT ").or_else(|| message.strip_prefix("Check constraint "));
    // The name is in backticks, on MySQL in quotes.
    let constraint = constraint.and_then(|text| {
        let quote = text.chars().next()?;
        text.split(quote).nth(1).map(str::to_owned)
    });
    RefusedValue { column, constraint }
}

impl Dialect for MySql {
    fn statements(sql: &'static UserSql) -> &'static Statements {
        &sql.mysql
    }

    fn login_statement(login: &'static LoginSql) -> &'static str {
        login.mysql
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refused_column_is_read_from_the_message() {
        for (message, column) in [
            ("Data too long for column 'note' at row 1", Some("note")),
            ("Incorrect string value: '\\xF0\\x9F' for column `db`.`user`.`note` at row 1", Some("note")),
            ("Incorrect datetime value: 'a for column 'b' for column `db`.`user`.`note` at row 1", Some("note")),
            ("Column 'note' cannot be null", Some("note")),
            ("Field 'note' doesn't have a default value", Some("note")),
            ("CONSTRAINT `user.note` failed for `db`.`user`", None),
            ("a message of SIGNAL", None),
        ] {
            assert_eq!(named_by(message).column.as_deref(), column, "{message}");
        }
        let constraint = named_by("CONSTRAINT `user.note` failed for `db`.`user`").constraint;
        assert_eq!(constraint.as_deref(), Some("user.note"));
        let constraint = named_by("Check constraint 'user_note_check' is violated.").constraint;
        assert_eq!(constraint.as_deref(), Some("user_note_check"));
    }
}
