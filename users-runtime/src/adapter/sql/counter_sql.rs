//! The statements on the table of counters, per database.
//!
//! The table belongs to axum-users, so only names differ. The texts are built once, together with the store, from names
//! that the derive has checked. Each parameter is used once, in the order of the text.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::{Catalog, UserSql};

/// The statements of one store. Times are milliseconds since 1970.
pub(super) struct CounterSql {
    /// Returns a counter: failures, due. Parameters: key, the current time.
    pub(super) find: SqlStr,
    /// Locks a counter and returns it. The same parameters.
    pub(super) lock: SqlStr,
    /// Adds a counter that has counted nothing, unless there is one. Parameters: key, due, ends.
    pub(super) add: SqlStr,
    /// Changes a counter. Parameters: failures, due, ends, key.
    pub(super) change: SqlStr,
    /// Remembers a key longer. Parameters: due, ends, key, ends.
    pub(super) extend: SqlStr,
    /// Removes a counter. Parameter: key.
    pub(super) clear: SqlStr,
    /// Removes some expired counters. Parameters: the current time, the maximum number of rows.
    pub(super) purge: SqlStr,
}

/// Returns the name of the table, unquoted.
pub(super) fn table(sql: &UserSql) -> String {
    format!("{}_limits", sql.table)
}

impl CounterSql {
    pub(super) fn of<DB: Catalog>(sql: &UserSql) -> Self {
        let text = |text: String| AssertSqlSafe(text).into_sql_str();
        let q = |name: &str| DB::quoted(name);
        let p = DB::parameter;
        let table = DB::qualified(sql.schema, &table(sql));
        let (key, failures, due, ends) = (q("counter_key"), q("failures"), q("due_at"), q("ends_at"));
        let find = format!("SELECT {failures}, {due} FROM {table} WHERE {key} = {}", p(1));
        let ended = format!("{ends} <= {} LIMIT {}", p(1), p(2));
        let (insert, conflict) = DB::INSERT_IF_NEW;
        Self {
            lock: text(format!("{find}{}", DB::LOCK_ROWS)),
            find: text(find),
            add: text(format!(
                "{insert} INTO {table} ({key}, {failures}, {due}, {ends}) VALUES ({}, 0, {}, {}){conflict}",
                p(1),
                p(2),
                p(3),
            )),
            change: text(format!(
                "UPDATE {table} SET {failures} = {}, {due} = {}, {ends} = {} WHERE {key} = {}",
                p(1),
                p(2),
                p(3),
                p(4),
            )),
            extend: text(format!(
                "UPDATE {table} SET {due} = {}, {ends} = {} WHERE {key} = {} AND {ends} < {}",
                p(1),
                p(2),
                p(3),
                p(4),
            )),
            clear: text(format!("DELETE FROM {table} WHERE {key} = {}", p(1))),
            purge: text(if DB::LIMITS_DELETIONS {
                format!("DELETE FROM {table} WHERE {ended}")
            } else {
                format!("DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {ended})")
            }),
        }
    }
}

/// Returns the texts of these statements by name, for tests of query plans (feature `testing`).
#[cfg(any(test, feature = "testing"))]
#[must_use]
pub fn counter_statements<DB: Catalog>(sql: &UserSql) -> Vec<(&'static str, String)> {
    let CounterSql { find, lock, add, change, extend, clear, purge } = CounterSql::of::<DB>(sql);
    let texts = [
        ("find", find),
        ("lock", lock),
        ("add", add),
        ("change", change),
        ("extend", extend),
        ("clear", clear),
        ("purge", purge),
    ];
    texts.into_iter().map(|(name, text)| (name, text.as_str().to_owned())).collect()
}
