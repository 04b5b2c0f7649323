//! The statements on the table of refresh tokens, per database.
//!
//! The table belongs to axum-users, so only names differ. The texts are built once, together with the store, from names
//! that the derive has checked. Each parameter is used once, in the order of the text.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::{Catalog, UserSql};

/// The columns, in the order in which rows are written and read. Times are milliseconds since 1970.
pub(super) const REFRESH_COLUMNS: [&str; 13] = [
    "family_id",
    "user_id",
    "salt",
    "generation",
    "backend",
    "auth_epoch",
    "logged_in_at",
    "rotated_at",
    "expires_at",
    "ends_at",
    "client",
    "user_agent",
    "amr",
];

/// The maximum number of families in a list, far above the maximum number of a user's families.
const LONGEST_LIST: u32 = 1000;

/// No limit. MySQL has no syntax for it; this number is valid in all databases.
const NO_LIMIT: i64 = i64::MAX;

/// The statements of one store.
pub(super) struct RefreshSql {
    /// Adds a family. Parameters: the columns.
    pub(super) insert: SqlStr,
    /// Returns the ids of the user's surplus families: first those that have ended or expired, then the oldest. Parameters: user,
    /// backend, the new family, the current time, the number of other families to keep.
    pub(super) surplus: SqlStr,
    /// Returns a family. Parameter: its id.
    pub(super) find: SqlStr,
    /// Replaces the newest token, if it is the presented one and has not expired. Parameters: the next number, the present
    /// time, the next expiry, the epoch, the family, the presented number, the current time.
    pub(super) rotate: SqlStr,
    /// Removes a family. Parameter: its id.
    pub(super) remove: SqlStr,
    /// Removes a user's family. Parameters: user, family.
    pub(super) end: SqlStr,
    /// Returns a user's families. Parameters: user, backend.
    pub(super) list: SqlStr,
    /// Removes some expired families. Parameters: the current time, the maximum number of rows.
    pub(super) purge: SqlStr,
}

/// Returns the name of the table, unquoted.
pub(super) fn table(sql: &UserSql) -> String {
    format!("{}_refresh", sql.table)
}

impl RefreshSql {
    pub(super) fn of<DB: Catalog>(sql: &UserSql) -> Self {
        let text = |text: String| AssertSqlSafe(text).into_sql_str();
        let q = |name: &str| DB::quoted(name);
        let p = DB::parameter;
        let table = DB::qualified(sql.schema, &table(sql));
        let columns = REFRESH_COLUMNS.map(q).join(", ");
        let (id, user, backend) = (q("family_id"), q("user_id"), q("backend"));
        let (generation, epoch) = (q("generation"), q("auth_epoch"));
        let (begun, rotated, expires) = (q("logged_in_at"), q("rotated_at"), q("expires_at"));
        let (users, state) =
            (DB::qualified(sql.schema, sql.table), DB::qualified(sql.schema, &format!("{}_token_state", sql.table)));
        let with_users = format!(
            "{table} AS t LEFT JOIN {users} AS u ON u.{} = t.{user} LEFT JOIN {state} AS s ON s.{} = t.{id}",
            q(sql.roles.id),
            q("token_id"),
        );
        let is_ended = format!("s.{} OR COALESCE(s.{}, t.{epoch}) <> u.{epoch}", q("revoked"), q("kept_epoch"));
        let expired = format!("{expires} <= {} LIMIT {}", p(1), p(2));
        Self {
            insert: text(format!(
                "INSERT INTO {table} ({columns}) VALUES ({})",
                (1..=REFRESH_COLUMNS.len()).map(p).collect::<Vec<_>>().join(", "),
            )),
            surplus: text(format!(
                "SELECT t.{id} FROM {with_users} WHERE t.{user} = {} AND t.{backend} = {} AND t.{id} <> {} \
                 ORDER BY CASE WHEN t.{expires} <= {} OR {is_ended} THEN 1 ELSE 0 END, t.{begun} DESC \
                 LIMIT {NO_LIMIT} OFFSET {}",
                p(1),
                p(2),
                p(3),
                p(4),
                p(5),
            )),
            find: text(format!("SELECT {columns} FROM {table} WHERE {id} = {}", p(1))),
            rotate: text(format!(
                "UPDATE {table} SET {generation} = {}, {rotated} = {}, {expires} = {}, {epoch} = {} \
                 WHERE {id} = {} AND {generation} = {} AND {expires} > {}",
                p(1),
                p(2),
                p(3),
                p(4),
                p(5),
                p(6),
                p(7),
            )),
            remove: text(format!("DELETE FROM {table} WHERE {id} = {}", p(1))),
            end: text(format!("DELETE FROM {table} WHERE {user} = {} AND {id} = {}", p(1), p(2))),
            list: text(format!(
                "SELECT {columns} FROM {table} WHERE {user} = {} AND {backend} = {} ORDER BY {begun} LIMIT {LONGEST_LIST}",
                p(1),
                p(2),
            )),
            purge: text(if DB::LIMITS_DELETIONS {
                format!("DELETE FROM {table} WHERE {expired}")
            } else {
                format!("DELETE FROM {table} WHERE {id} IN (SELECT {id} FROM {table} WHERE {expired})")
            }),
        }
    }
}

/// Returns the texts of these statements by name, for tests of query plans (feature `testing`).
#[cfg(any(test, feature = "testing"))]
#[must_use]
pub fn refresh_statements<DB: Catalog>(sql: &UserSql) -> Vec<(&'static str, String)> {
    let RefreshSql { insert, surplus, find, rotate, remove, end, list, purge } = RefreshSql::of::<DB>(sql);
    let texts = [
        ("insert", insert),
        ("surplus", surplus),
        ("find", find),
        ("rotate", rotate),
        ("remove", remove),
        ("end", end),
        ("list", list),
        ("purge", purge),
    ];
    texts.into_iter().map(|(name, text)| (name, text.as_str().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "sqlite")]
    #[test]
    fn one_conditional_update_decides_about_a_token() {
        let RefreshSql { rotate, .. } = RefreshSql::of::<sqlx::Sqlite>(&UserSql::USUAL);
        assert_eq!(
            rotate.as_str(),
            r#"UPDATE "user_refresh" SET "generation" = $1, "rotated_at" = $2, "expires_at" = $3, "auth_epoch" = $4 WHERE "family_id" = $5 AND "generation" = $6 AND "expires_at" > $7"#
        );
    }
}
