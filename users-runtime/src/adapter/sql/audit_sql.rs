//! The statements on the table of the audit log, per database.
//!
//! The table belongs to axum-users, so only names differ. The texts are built once, together with the store, from names
//! that the derive has checked. Each parameter is used once, in the order of the text.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::{Catalog, UserSql, tables::AUDIT_COLUMNS};

/// The statements of one store.
#[derive(Clone)]
pub(super) struct AuditSql {
    /// Adds an entry. Parameters: the columns of [`AUDIT_COLUMNS`].
    pub(super) insert: SqlStr,
    /// Adds an entry unless its id is stored. The same parameters.
    pub(super) insert_if_new: SqlStr,
    /// Returns entries, the newest first. Parameters: the exclusive upper and the inclusive lower bound of the id, the
    /// values of the [`Filters`], the maximum number of rows.
    read: [SqlStr; Filters::COUNT],
    /// Removes some entries. Parameters: the exclusive upper bound of the id, the maximum number of rows.
    pub(super) purge: SqlStr,
}

/// The columns that a statement compares with a parameter, in this order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filters {
    pub(super) user: bool,
    pub(super) event: bool,
    pub(super) tenant: bool,
}

impl Filters {
    /// The number of combinations.
    const COUNT: usize = 8;

    fn number(self) -> usize {
        usize::from(self.user) | usize::from(self.event) << 1 | usize::from(self.tenant) << 2
    }

    fn of(number: usize) -> Self {
        Self { user: number & 1 != 0, event: number & 2 != 0, tenant: number & 4 != 0 }
    }

    fn columns(self) -> impl Iterator<Item = &'static str> {
        let all = [(self.user, "user_id"), (self.event, "event"), (self.tenant, "tenant")];
        all.into_iter().filter(|(is_compared, _)| *is_compared).map(|(_, column)| column)
    }
}

/// Returns the name of the table, unquoted.
pub(super) fn table(sql: &UserSql) -> String {
    format!("{}_audit", sql.table)
}

impl AuditSql {
    pub(super) fn of<DB: Catalog>(sql: &UserSql) -> Self {
        let text = |text: String| AssertSqlSafe(text).into_sql_str();
        let q = |name: &str| DB::quoted(name);
        let p = DB::parameter;
        let (table, id) = (DB::qualified(sql.schema, &table(sql)), q("id"));
        let columns = AUDIT_COLUMNS.map(q).join(", ");
        let values = (1..=AUDIT_COLUMNS.len()).map(p).collect::<Vec<_>>().join(", ");
        let (insert_if_new, conflict) = DB::INSERT_IF_NEW;
        let old = format!("{id} < {} LIMIT {}", p(1), p(2));
        Self {
            insert: text(format!("INSERT INTO {table} ({columns}) VALUES ({values})")),
            insert_if_new: text(format!("{insert_if_new} INTO {table} ({columns}) VALUES ({values}){conflict}")),
            read: std::array::from_fn(|number| {
                let mut conditions = format!("{id} < {} AND {id} >= {}", p(1), p(2));
                let mut next = 3;
                for column in Filters::of(number).columns() {
                    conditions += &format!(" AND {} = {}", q(column), p(next));
                    next += 1;
                }
                text(format!("SELECT {columns} FROM {table} WHERE {conditions} ORDER BY {id} DESC LIMIT {}", p(next)))
            }),
            purge: text(if DB::LIMITS_DELETIONS {
                format!("DELETE FROM {table} WHERE {old}")
            } else {
                format!("DELETE FROM {table} WHERE {id} IN (SELECT {id} FROM {table} WHERE {old})")
            }),
        }
    }

    /// Returns the statement that reads with these filters.
    pub(super) fn read(&self, filters: Filters) -> SqlStr {
        let [first, ..] = &self.read;
        self.read.get(filters.number()).unwrap_or(first).clone()
    }
}

/// Returns the texts of these statements by name, for tests of query plans (feature `testing`).
#[cfg(any(test, feature = "testing"))]
#[must_use]
pub fn audit_statements<DB: Catalog>(sql: &UserSql) -> Vec<(String, String)> {
    let AuditSql { insert, insert_if_new, read, purge } = AuditSql::of::<DB>(sql);
    let read = read.into_iter().enumerate().map(|(number, text)| {
        let columns = Filters::of(number).columns().fold(String::new(), |names, name| format!("{names} {name}"));
        (format!("read{columns}"), text)
    });
    let others = [("insert", insert), ("insert_if_new", insert_if_new), ("purge", purge)];
    let others = others.into_iter().map(|(name, text)| (name.to_owned(), text));
    others.chain(read).map(|(name, text)| (name, text.as_str().to_owned())).collect()
}
