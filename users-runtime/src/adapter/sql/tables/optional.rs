//! The tables that a service has only if its settings require them: the counters of limits, refresh tokens, second
//! factors, passkeys, and the audit log.

use super::{ColumnKind, LONGEST_BACKEND, LONGEST_METHODS, Table, UserReference, UserSql, WrittenText, column, index};
#[cfg(feature = "audit")]
use super::{IndexTarget, TableIndex};
#[cfg(feature = "audit")]
use crate::adapter::sql::audit_sql;
use crate::{
    adapter::sql::{
        counter_sql,
        passkey_sql::{self, PASSKEY_COLUMNS},
        refresh_sql::{self, REFRESH_COLUMNS},
        second_factor_sql::{self, CODE_COLUMNS, DEVICE_COLUMNS, FACTOR_COLUMNS},
    },
    domain::{IdKind, NewPasskey, PasskeyId, UserHandle, oauth::PlaceholderPassword},
};

/// The tables that a service has only if its settings require them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(not(feature = "audit"), allow(dead_code, reason = "the audit log is a feature"))]
pub(in crate::adapter::sql) struct OptionalTables {
    /// The counters of limits.
    pub(in crate::adapter::sql) counters: bool,
    /// The families of refresh tokens.
    pub(in crate::adapter::sql) refresh: bool,
    /// Second factors, recovery codes and remembered devices.
    pub(in crate::adapter::sql) second_factors: bool,
    /// The passkeys.
    pub(in crate::adapter::sql) passkeys: bool,
    /// The audit log.
    pub(in crate::adapter::sql) audit: bool,
}

impl OptionalTables {
    /// Returns the tables.
    #[cfg_attr(not(feature = "audit"), allow(unused_variables, reason = "the audit log is a feature"))]
    pub(super) fn tables(self, sql: &'static UserSql, id: IdKind, has_tenants: bool) -> impl Iterator<Item = Table> {
        let counters = self.counters.then(|| counters(sql));
        #[cfg(feature = "audit")]
        let audit = self.audit.then(|| audit_log(sql, has_tenants));
        #[cfg(not(feature = "audit"))]
        let audit = None;
        let refresh = self.refresh.then(|| refresh(sql, id));
        let factors = self.second_factors.then(|| [factors(sql, id), recovery_codes(sql, id), devices(sql, id)]);
        let passkeys = self.passkeys.then(|| passkeys(sql, id));
        counters.into_iter().chain(refresh).chain(factors.into_iter().flatten()).chain(passkeys).chain(audit)
    }
}

/// Returns the table of the counters of rate limits. Times are milliseconds since 1970.
fn counters(sql: &'static UserSql) -> Table {
    let name = counter_sql::table(sql);
    Table {
        columns: vec![
            column("counter_key", ColumnKind::Exact(43)).holding(WrittenText::exactly(43)),
            column("failures", ColumnKind::Number).holding_any(),
            column("due_at", ColumnKind::Number).holding_any(),
            column("ends_at", ColumnKind::Number).holding_any(),
        ],
        primary_key: "counter_key",
        of_user: None,
        // For the purge.
        indexes: vec![index(&name, "ends_at")],
        clustered: true,
        name,
    }
}

/// Returns the table of the families of refresh tokens. Times are milliseconds since 1970.
fn refresh(sql: &'static UserSql, id: IdKind) -> Table {
    let name = refresh_sql::table(sql);
    let kinds = REFRESH_COLUMNS.map(|name| {
        let text = |length: u16| column(name, ColumnKind::Exact(length));
        match name {
            "family_id" | "salt" => text(22).holding(WrittenText::exactly(22)),
            "user_id" => column(name, ColumnKind::UserId(id)).holding_any(),
            "backend" => text(LONGEST_BACKEND).holding(WrittenText::ascii(64)),
            "client" => text(45).nullable().holding(WrittenText::ascii(45)),
            "user_agent" => text(255).nullable().holding(WrittenText::unicode(255, 1020)),
            "amr" => text(LONGEST_METHODS).nullable().holding(WrittenText::ascii(64)),
            _ => column(name, ColumnKind::Number).holding_any(),
        }
    });
    Table {
        columns: kinds.into(),
        primary_key: "family_id",
        of_user: Some(UserReference { column: "user_id", users: sql.table, id: sql.roles.id }),
        // By expiry for the purge, by user for lists, the maximum number and the cascading deletion.
        indexes: vec![index(&name, "expires_at"), index(&name, "user_id")],
        clustered: false,
        name,
    }
}

/// Returns the table of second factors. Times are milliseconds since 1970.
fn factors(sql: &'static UserSql, id: IdKind) -> Table {
    let name = second_factor_sql::factor_table(sql);
    let kinds = FACTOR_COLUMNS.map(|name| match name {
        "user_id" => column(name, ColumnKind::UserId(id)).holding_any(),
        "seed" => column(name, ColumnKind::Exact(255)).holding(WrittenText::ascii(255)),
        "confirmed_at" => column(name, ColumnKind::Number).nullable().holding_any(),
        _ => column(name, ColumnKind::Number).holding_any(),
    });
    Table {
        columns: kinds.into(),
        primary_key: "user_id",
        of_user: Some(UserReference { column: "user_id", users: sql.table, id: sql.roles.id }),
        // For the purge.
        indexes: vec![index(&name, "expires_at")],
        clustered: false,
        name,
    }
}

/// Returns the table of recovery codes.
fn recovery_codes(sql: &'static UserSql, id: IdKind) -> Table {
    let name = second_factor_sql::code_table(sql);
    let kinds = CODE_COLUMNS.map(|name| match name {
        "user_id" => column(name, ColumnKind::UserId(id)).holding_any(),
        _ => column(name, ColumnKind::Exact(43)).holding(WrittenText::exactly(43)),
    });
    Table {
        columns: kinds.into(),
        primary_key: "code",
        of_user: Some(UserReference { column: "user_id", users: sql.table, id: sql.roles.id }),
        indexes: vec![index(&name, "user_id")],
        clustered: true,
        name,
    }
}

/// Returns the table of remembered devices. Times are milliseconds since 1970.
fn devices(sql: &'static UserSql, id: IdKind) -> Table {
    let name = second_factor_sql::device_table(sql);
    let kinds = DEVICE_COLUMNS.map(|name| {
        let text = |length: u16| column(name, ColumnKind::Exact(length));
        match name {
            "device_id" => text(22).holding(WrittenText::exactly(22)),
            "token" => text(43).holding(WrittenText::exactly(43)),
            "user_id" => column(name, ColumnKind::UserId(id)).holding_any(),
            "client" => text(45).nullable().holding(WrittenText::ascii(45)),
            "user_agent" => text(255).nullable().holding(WrittenText::unicode(255, 1020)),
            _ => column(name, ColumnKind::Number).holding_any(),
        }
    });
    Table {
        columns: kinds.into(),
        primary_key: "device_id",
        of_user: Some(UserReference { column: "user_id", users: sql.table, id: sql.roles.id }),
        // By token for logins, by expiry for the purge, by user for lists and the cascading deletion.
        indexes: vec![index(&name, "token"), index(&name, "expires_at"), index(&name, "user_id")],
        clustered: false,
        name,
    }
}

/// The characters of the name that an owner gives a passkey.
const PASSKEY_NAME: u16 = 64;
const _: () = assert!(PASSKEY_NAME as usize == NewPasskey::MAX_NAME);
const _: () = assert!(PasskeyId::CHARS == 43 && UserHandle::CHARS == 22 && PlaceholderPassword::CHARS == 43);

/// Returns the table of passkeys. Times are milliseconds since 1970.
fn passkeys(sql: &'static UserSql, id: IdKind) -> Table {
    let name = passkey_sql::table(sql);
    let kinds = PASSKEY_COLUMNS.map(|name| {
        let exactly =
            |length: u16| column(name, ColumnKind::Exact(length)).holding(WrittenText::exactly(u32::from(length)));
        match name {
            "passkey_id" => exactly(43),
            "user_id" => column(name, ColumnKind::UserId(id)).holding_any(),
            "user_handle" => exactly(22),
            "name" => {
                let most = u32::from(PASSKEY_NAME);
                column(name, ColumnKind::Exact(PASSKEY_NAME)).holding(WrittenText::unicode(most, most * 4))
            }
            "credential" => column(name, ColumnKind::LongText).holding(WrittenText::ascii(4096)),
            "placeholder_password" => exactly(43).nullable(),
            "last_used_at" => column(name, ColumnKind::Number).nullable().holding_any(),
            _ => column(name, ColumnKind::Number).holding_any(),
        }
    });
    Table {
        columns: kinds.into(),
        primary_key: "passkey_id",
        of_user: Some(UserReference { column: "user_id", users: sql.table, id: sql.roles.id }),
        // For lists and the cascading deletion.
        indexes: vec![index(&name, "user_id")],
        clustered: false,
        name,
    }
}

/// The columns of the audit log, in order.
#[cfg(feature = "audit")]
pub(in crate::adapter::sql) const AUDIT_COLUMNS: [&str; 14] = [
    "id",
    "occurred_at",
    "event",
    "outcome",
    "reason",
    "user_id",
    "actor_id",
    "backend",
    "client",
    "request_id",
    "session_id",
    "limit_name",
    "changed",
    "tenant",
];

/// The maximum number of characters of the columns of the audit log after the time.
#[cfg(feature = "audit")]
pub(in crate::adapter::sql) const AUDIT_LENGTHS: [u16; AUDIT_COLUMNS.len() - 2] =
    [32, 16, 255, 255, 255, 64, 45, 260, 64, 32, CHANGED, 255];

/// The maximum number of characters of the names of changed fields: those of all columns that a table can have.
#[cfg(feature = "audit")]
const CHANGED: u16 = 10_000;

/// Returns the table of the audit log. There is no foreign key: the rows are kept when their users are deleted. Times
/// are milliseconds since 1970.
#[cfg(feature = "audit")]
fn audit_log(sql: &'static UserSql, has_tenants: bool) -> Table {
    let name = audit_sql::table(sql);
    let mut columns = vec![
        column("id", ColumnKind::Exact(32)).holding(WrittenText::exactly(32)),
        column("occurred_at", ColumnKind::Number).holding_any(),
    ];
    for (text, length) in AUDIT_COLUMNS.into_iter().skip(2).zip(AUDIT_LENGTHS) {
        let (kind, most) = match text {
            "changed" => (ColumnKind::LongText, u32::from(length)),
            _ => (ColumnKind::Exact(length), u32::from(length)),
        };
        let text_column = column(text, kind).holding(WrittenText::unicode(most, most * 4));
        columns.push(if matches!(text, "event" | "outcome") { text_column } else { text_column.nullable() });
    }
    // Ids are in the order of time, so the primary key serves the purge and every page.
    let pages = ["user_id", "event"].into_iter().chain(has_tenants.then_some("tenant"));
    let indexes = pages.map(|first| TableIndex {
        name: format!("ix_{name}_{first}"),
        over: IndexTarget::Columns(vec![first, "id"]),
        within: None,
        unique: false,
        required: true,
    });
    Table { columns, primary_key: "id", of_user: None, indexes: indexes.collect(), clustered: true, name }
}
