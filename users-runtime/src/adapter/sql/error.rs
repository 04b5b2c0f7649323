//! Classification of database errors.
//!
//! Messages of databases quote values ("Duplicate entry 'king@camelot.bt' for key 'email'"), those of triggers contain
//! anything, and the errors of decoders and encoders may quote values, too. The errors that this module returns contain
//! codes and the names of tables, columns and constraints, but no values.

use std::fmt;

use sqlx::Error;

use super::{
    Driver, UserSql, advice,
    schema::{FoundIndex, is_on},
};
use crate::{port::StoreError, user::CustomField};

/// Returns `true` if the connection was lost; it is not known whether the statement took effect.
pub(super) fn is_disconnected<DB: Driver>(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Tls(_) | Error::WorkerCrashed => true,
        Error::Database(refusal) => DB::is_disconnected(refusal.as_ref()),
        _ => false,
    }
}

/// Returns `true` if the database rolled back the transaction, so that it can be retried.
pub(super) fn is_undone<DB: Driver>(error: &Error) -> bool {
    matches!(error, Error::Database(refusal) if DB::is_undone(refusal.as_ref()))
}

/// Returns `true` if the connection's prepared statements are outdated; the operation had no effect.
pub(super) fn is_outdated<DB: Driver>(error: &Error) -> bool {
    match error {
        Error::Database(refusal) => DB::is_outdated(refusal.as_ref()),
        Error::TypeNotFound { .. } => true,
        _ => false,
    }
}

/// Returns `true` for an error of an outdated statement that a column of the wrong type also causes.
pub(super) fn is_perhaps_outdated<DB: Driver>(error: &Error) -> bool {
    matches!(error, Error::Database(refusal) if DB::is_perhaps_outdated(refusal.as_ref()))
}

/// A statement about users with tenants was run without a tenant.
#[derive(Debug, thiserror::Error)]
#[error("no tenant was given")]
struct MissingTenant;

/// Returns the error of a statement that would run without a tenant.
pub(super) fn missing_tenant() -> Error {
    Error::Encode(Box::new(MissingTenant))
}

/// A fault of the application's types, independent of values from clients.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct WrongType(pub(super) String);

/// A value that the driver cannot send, with its position among the columns of the user.
#[derive(Debug, thiserror::Error)]
#[error("the value of column {0} cannot be sent to the database")]
struct NotSent(usize);

/// Returns the error of a value that the driver refuses to encode. The cause may quote it and is dropped.
pub(super) fn not_sent(column: usize, cause: sqlx::error::BoxDynError) -> Error {
    if cause.is::<WrongType>() || cause.is::<MissingTenant>() {
        return Error::Encode(cause);
    }
    Error::Encode(Box::new(NotSent(column)))
}

/// Returns the error of a value that the database changed when storing it.
pub(super) fn changed_value(column: usize) -> Error {
    Error::Encode(Box::new(NotSent(column)))
}

/// Returns the error of an insert after which there is no row: a trigger or a rule of the application swallowed it.
pub(super) fn nothing_stored() -> Error {
    Error::Encode("the database stored no row".into())
}

/// A value that refers to a row which does not exist.
#[derive(Debug, thiserror::Error)]
#[error("a value refers to a row that does not exist")]
struct ViolatedReference;

/// Returns the error of a reference that is checked at the end of a transaction.
pub(super) fn violated_reference() -> Error {
    Error::Encode(Box::new(ViolatedReference))
}

/// A transaction that several operations shared was rolled back because of one of them.
#[derive(Debug, thiserror::Error)]
#[error("the transaction was rolled back because of another operation")]
struct UndoneWithOthers;

/// Returns the error of an operation that was rolled back together with others. It is repeated in its own transaction.
pub(super) fn undone_with_others() -> Error {
    Error::Encode(Box::new(UndoneWithOthers))
}

/// Returns `true` if the operation was rolled back together with others; it had no effect.
pub(super) fn was_undone_with_others(error: &Error) -> bool {
    matches!(error, Error::Encode(reason) if reason.is::<UndoneWithOthers>())
}

/// Returns `true` for an error of a commit that violates a constraint which is checked at the end of a transaction.
pub(super) fn is_violation<DB: Driver>(error: &Error) -> bool {
    let Error::Database(refusal) = error else { return false };
    refusal.is_foreign_key_violation() || DB::refused_value(refusal.as_ref()).is_some()
}

/// Returns the error of an operation whose commit failed together with that of others.
pub(super) fn commit_failed<DB: Driver>(error: &Error) -> Error {
    let code = match error {
        Error::Database(refusal) => DB::code(refusal.as_ref()),
        _ => None,
    };
    let code = code.map(|code| format!(" (code {code})")).unwrap_or_default();
    Error::Io(std::io::Error::other(Cause(format!("the commit failed{code}"))))
}

/// An entry of the audit log was refused. The client's values are not the cause.
#[cfg(feature = "audit")]
#[derive(Debug, thiserror::Error)]
#[error("the audit log refuses an entry ({0})")]
struct NotRecorded(String);

/// Returns the error of an audit log entry that was not written: a failure of the service, whatever the reason of the
/// database. Errors that may succeed later or when repeated keep their kind.
#[cfg(feature = "audit")]
pub(super) fn not_recorded<DB: Driver>(error: Error) -> Error {
    let code = match &error {
        Error::Database(refusal) => {
            let refusal = refusal.as_ref();
            if DB::is_unavailable(refusal) || DB::is_outdated(refusal) || DB::is_undone(refusal) {
                return error;
            }
            DB::code(refusal).map_or_else(|| "without a code".to_owned(), |code| format!("code {code}"))
        }
        Error::Encode(_) => "a value cannot be sent".to_owned(),
        _ => return error,
    };
    Error::Encode(Box::new(NotRecorded(code)))
}

/// A stored user that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the user {id} cannot be read: {column}")]
struct UnreadableUser {
    id: String,
    column: String,
}

/// Returns the error of the stored user with this id, if `error` comes from reading one of the columns.
pub(super) fn unreadable_user(id: Option<String>, error: Error, columns: &[&'static str]) -> Error {
    let Error::ColumnDecode { index, source } = &error else { return error };
    let name = index.parse::<usize>().ok().and_then(|index| columns.get(index).copied()).unwrap_or(index);
    let reason = match source.downcast_ref::<WrongType>() {
        Some(WrongType(reason)) => reason.as_str(),
        None if source.is::<sqlx::error::UnexpectedNullError>() => "is NULL",
        None => "is not a value of the field's type",
    };
    let column = format!("{name} {reason}");
    Error::Decode(Box::new(UnreadableUser { id: id.unwrap_or_else(|| "without a readable id".to_owned()), column }))
}

/// Returns the error of a write whose row has a value that the field cannot represent, instead of the error of a stored user.
pub(super) fn unreadable_value(error: Error, columns: &[&'static str]) -> Error {
    let Error::Decode(reason) = &error else { return error };
    let Some(UnreadableUser { column, .. }) = reason.downcast_ref::<UnreadableUser>() else { return error };
    let name = column.split(' ').next().unwrap_or_default();
    columns.iter().position(|known| *known == name).map_or_else(nothing_stored, changed_value)
}

/// A database's description of a value that it refuses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefusedValue {
    /// The column.
    pub(super) column: Option<String>,
    /// The name or the expression of the constraint.
    pub(super) constraint: Option<String>,
}

impl RefusedValue {
    /// Returns the only column of the user that the database names, directly or by the constraint.
    fn column(&self, sql: &UserSql, columns: &[&'static str]) -> Option<&'static str> {
        if let Some(column) = &self.column {
            return columns.iter().copied().find(|known| known.eq_ignore_ascii_case(column));
        }
        let constraint = self.constraint.as_deref()?;
        // PostgreSQL's names of constraints on one column, and those that SQLAlchemy and Alembic usually give.
        for (before, after) in [(format!("{}_", sql.table), "_check"), (format!("ck_{}_", sql.table), "")] {
            let named = constraint.strip_prefix(&before).and_then(|rest| rest.strip_suffix(after));
            if let Some(column) = columns.iter().copied().find(|known| Some(*known) == named) {
                return Some(column);
            }
        }
        let words = || constraint.split(|c: char| !c.is_alphanumeric() && c != '_');
        let mut named = columns.iter().copied().filter(|known| words().any(|word| word == *known));
        named.next().filter(|_| named.next().is_none())
    }
}

/// The text of a database's error without values.
#[derive(Debug)]
struct Cause(String);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}

/// The names that errors refer to.
pub(super) struct Names<'a> {
    pub(super) sql: &'a UserSql,
    /// All columns of the user in the order of the table.
    pub(super) columns: &'a [&'static str],
    pub(super) custom: &'static [CustomField],
    /// The unique keys of the table of users, if they were read.
    pub(super) keys: Option<&'a [FoundIndex]>,
}

impl Names<'_> {
    /// Returns the JSON key of a column's field, if clients know it.
    fn field(&self, column: &str) -> Option<&'static str> {
        let roles = &self.sql.roles;
        let role = [
            (roles.id, "id"),
            (roles.email, "email"),
            (roles.hashed_password, "password"),
            (roles.is_active, "is_active"),
            (roles.is_superuser, "is_superuser"),
            (roles.is_verified, "is_verified"),
        ];
        let role = role.into_iter().find(|(name, _)| *name == column).map(|(_, field)| field);
        role.or_else(|| {
            let custom = self.custom.iter().find(|custom| custom.column == column)?;
            (custom.read || custom.create || custom.update || custom.admin).then_some(custom.name)
        })
    }

    fn invalid_value(&self, column: Option<&'static str>, code: Option<&str>) -> StoreError {
        let place =
            column.map_or_else(|| format!("a column of {}", self.sql.table), |name| format!("the column {name}"));
        let code = code.map(|code| format!(" (code {code})")).unwrap_or_default();
        let cause = Cause(format!("{place} refuses a value{code}"));
        StoreError::invalid_value(column.and_then(|column| self.field(column)), cause)
    }
}

/// Converts an error of the driver. The cause is kept for the log; it contains names of tables and columns, never
/// values.
pub(super) fn store_error<DB: Driver>(error: Error, names: &Names<'_>) -> StoreError {
    match error {
        Error::Database(refusal) => refused::<DB>(refusal.as_ref(), names),
        Error::Encode(reason) if reason.is::<MissingTenant>() => StoreError::MissingTenant,
        Error::Encode(reason) if reason.is::<WrongType>() => StoreError::failed(reason),
        Error::Encode(reason) if reason.is::<ViolatedReference>() => StoreError::Conflict,
        Error::Encode(reason) if reason.is::<UndoneWithOthers>() => StoreError::unavailable(reason),
        #[cfg(feature = "audit")]
        Error::Encode(reason) if reason.is::<NotRecorded>() => StoreError::failed(reason),
        Error::Encode(reason) => {
            let column =
                reason.downcast_ref::<NotSent>().and_then(|NotSent(column)| names.columns.get(*column).copied());
            names.invalid_value(column, None)
        }
        Error::Decode(reason) => match reason.downcast::<UnreadableUser>() {
            Ok(user) => StoreError::Unreadable { id: user.id, column: user.column },
            Err(_) => StoreError::failed(Cause("a value cannot be read".to_owned())),
        },
        Error::ColumnDecode { index, source } => {
            let reason = source.downcast_ref::<WrongType>().map_or("it is of another type", |WrongType(text)| text);
            StoreError::failed(Cause(format!("the column {index} of a result cannot be read: {reason}")))
        }
        Error::PoolTimedOut => advice::pool_timed_out(),
        Error::PoolClosed | Error::Io(_) | Error::Tls(_) | Error::WorkerCrashed | Error::BeginFailed => {
            StoreError::unavailable(error)
        }
        _ => StoreError::failed(error),
    }
}

/// Converts an error response of the database.
fn refused<DB: Driver>(refusal: &dyn sqlx::error::DatabaseError, names: &Names<'_>) -> StoreError {
    if refusal.is_unique_violation() {
        let columns = DB::violated_columns(refusal, names.sql.table, names.keys);
        let is_taken = columns.is_some_and(|columns| is_on(&columns, names.sql.roles.email));
        return if is_taken { StoreError::EmailTaken } else { StoreError::Conflict };
    }
    // The row refers to a user that was deleted in the meantime.
    if refusal.is_foreign_key_violation() || DB::is_conflict(refusal) {
        return StoreError::Conflict;
    }
    let cause = || {
        let code =
            DB::code(refusal).map_or_else(|| "an error without a code".to_owned(), |code| format!("code {code}"));
        Cause(if DB::names_objects_only(refusal) { format!("{code}: {}", refusal.message()) } else { code })
    };
    // Checked before the values, because a trigger may report a full disk with its code.
    if DB::is_unavailable(refusal) {
        return StoreError::unavailable(cause());
    }
    match DB::refused_value(refusal) {
        Some(value) => names.invalid_value(value.column(names.sql, names.columns), refusal.code().as_deref()),
        None => StoreError::failed(cause()),
    }
}
