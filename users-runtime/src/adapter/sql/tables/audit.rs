//! The table of the audit log.

use super::{ColumnKind, IndexTarget, Table, TableIndex, UserSql, WrittenText, column};
use crate::adapter::sql::audit_sql;

/// The columns, in order.
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

/// The most characters of the columns after the time.
pub(in crate::adapter::sql) const AUDIT_LENGTHS: [u16; AUDIT_COLUMNS.len() - 2] =
    [32, 16, 255, 255, 255, 64, 45, 260, 64, 32, CHANGED, 255];

/// The most characters of the names of changed fields: those of all columns that a table can have.
const CHANGED: u16 = 10_000;

/// Returns the table. There is no foreign key: the rows outlive their users. Times are milliseconds since 1970.
pub(super) fn audit_log(sql: &'static UserSql, has_tenants: bool) -> Table {
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
