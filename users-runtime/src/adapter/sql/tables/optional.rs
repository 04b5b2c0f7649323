//! The tables that a service has only if its settings ask for them: the counters of limits, and the audit log.

use super::{ColumnKind, Table, UserSql, WrittenText, column, index};
#[cfg(feature = "audit")]
use super::{IndexTarget, TableIndex};
#[cfg(feature = "audit")]
use crate::adapter::sql::audit_sql;
use crate::adapter::sql::counter_sql;

/// The tables that a service has only if its settings ask for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(not(feature = "audit"), allow(dead_code, reason = "the audit log is a feature"))]
pub(in crate::adapter::sql) struct OptionalTables {
    /// The counters of limits.
    pub(in crate::adapter::sql) counters: bool,
    /// The audit log.
    pub(in crate::adapter::sql) audit: bool,
}

impl OptionalTables {
    /// Returns the tables.
    #[cfg_attr(not(feature = "audit"), allow(unused_variables, reason = "the audit log is a feature"))]
    pub(super) fn tables(self, sql: &'static UserSql, has_tenants: bool) -> impl Iterator<Item = Table> {
        let counters = self.counters.then(|| counters(sql));
        #[cfg(feature = "audit")]
        let audit = self.audit.then(|| audit_log(sql, has_tenants));
        #[cfg(not(feature = "audit"))]
        let audit = None;
        counters.into_iter().chain(audit)
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

/// The most characters of the columns of the audit log after the time.
#[cfg(feature = "audit")]
pub(in crate::adapter::sql) const AUDIT_LENGTHS: [u16; AUDIT_COLUMNS.len() - 2] =
    [32, 16, 255, 255, 255, 64, 45, 260, 64, 32, CHANGED, 255];

/// The most characters of the names of changed fields: those of all columns that a table can have.
#[cfg(feature = "audit")]
const CHANGED: u16 = 10_000;

/// Returns the table of the audit log. There is no foreign key: the rows outlive their users. Times are milliseconds since 1970.
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
