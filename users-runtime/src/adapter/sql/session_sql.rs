//! The statements on the session table, per database.
//!
//! The table belongs to axum-users, so its columns are known here and only names differ. The statements are built once
//! per store, from names that the derive has checked. Each parameter is used once, in the order of the text.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::{Catalog, UserSql};

/// The statements of one store.
pub(super) struct SessionSql {
    /// Adds a session. Parameters: user, token, login, whether the token is a digest, id, epoch, client, user agent,
    /// backend, methods, the login that was refreshed.
    pub(super) insert: SqlStr,
    /// Returns the user's surplus sessions (token, whether it is a digest): first those that have ended, then the
    /// oldest. Parameters: user, the token of the new session, the number of other sessions to keep.
    ///
    /// Separate from the deletion, because MariaDB would otherwise read and lock the rows of all users.
    pub(super) surplus: SqlStr,
    /// Removes a session. Parameters: token, whether it is a digest.
    pub(super) remove: SqlStr,
    /// Removes the other sessions with an id. Parameters: user, id, token.
    pub(super) replace: SqlStr,
    /// Records the last use. Parameters: time, token, whether it is a digest, time.
    pub(super) touch: SqlStr,
    /// Returns a user's sessions: id, epoch, login, last use, client, user agent, methods, the login that was refreshed. Parameter: user.
    pub(super) list: SqlStr,
    /// Removes a user's session. Parameters: user, id.
    pub(super) end: SqlStr,
    /// Returns token, whether it is a digest and whether the session has ended, in the order of the tokens. Parameters:
    /// the time before which logins have expired or NULL, the same for the last use, the token to start after, the
    /// maximum number of rows.
    ///
    /// Separate from the deletion for the same reason.
    pub(super) page: SqlStr,
}

/// The maximum number of sessions in a list, far above the maximum number of a user's sessions.
const LONGEST_LIST: u32 = 1000;

/// No limit. MySQL has no syntax for it; this number is valid in all databases.
const NO_LIMIT: i64 = i64::MAX;

impl SessionSql {
    pub(super) fn of<DB: Catalog>(sql: &UserSql) -> Self {
        let text = |text: String| AssertSqlSafe(text).into_sql_str();
        let q = |name: &str| DB::quoted(name);
        let p = DB::parameter;
        let table = DB::qualified(sql.schema, sql.session_table);
        let users = DB::qualified(sql.schema, sql.table);
        let state = DB::qualified(sql.schema, &format!("{}_token_state", sql.table));
        let (user_id, token, hashed) = (q("user_id"), q("token"), q("hashed"));
        let (created, seen, name, epoch) = (q("created_at"), q("last_seen_at"), q("session_id"), q("auth_epoch"));
        let (client, user_agent, backend, methods) = (q("client"), q("user_agent"), q("backend"), q("amr"));
        let begun = q("logged_in_at");
        let by_key = |first: usize| format!("{token} = {} AND {hashed} = {}", p(first), p(first + 1));
        let (user_key, token_id) = (q(sql.roles.id), q("token_id"));
        let with_users = format!(
            "{table} AS t LEFT JOIN {users} AS u ON u.{user_key} = t.{user_id} \
             LEFT JOIN {state} AS s ON s.{token_id} = t.{name}"
        );
        // Rows of fastapi-users have no epoch. While it still runs, they must not be treated as ended.
        let is_ended = format!("s.{} OR COALESCE(s.{}, t.{epoch}) <> u.{epoch}", q("revoked"), q("kept_epoch"));
        Self {
            insert: text(format!(
                "INSERT INTO {table} ({user_id}, {token}, {created}, {hashed}, {name}, {epoch}, {client}, {user_agent}, {backend}, {methods}, {begun}) \
                 VALUES ({})",
                (1..=11).map(p).collect::<Vec<_>>().join(", "),
            )),
            surplus: text(format!(
                "SELECT t.{token}, t.{hashed} FROM {with_users} WHERE t.{user_id} = {} AND t.{token} <> {} \
                 ORDER BY CASE WHEN {is_ended} THEN 1 ELSE 0 END, t.{created} DESC LIMIT {NO_LIMIT} OFFSET {}",
                p(1),
                p(2),
                p(3),
            )),
            remove: text(format!("DELETE FROM {table} WHERE {}", by_key(1))),
            replace: text(format!(
                "DELETE FROM {table} WHERE {user_id} = {} AND {name} = {} AND {token} <> {}",
                p(1),
                p(2),
                p(3),
            )),
            touch: text(format!(
                "UPDATE {table} SET {seen} = {} WHERE {} AND ({seen} IS NULL OR {seen} < {})",
                p(1),
                by_key(2),
                p(4),
            )),
            list: text(format!(
                "SELECT {name}, {epoch}, {created}, {seen}, {client}, {user_agent}, {methods}, {begun} FROM {table} \
                 WHERE {user_id} = {} AND {name} IS NOT NULL ORDER BY {created} LIMIT {LONGEST_LIST}",
                p(1),
            )),
            end: text(format!("DELETE FROM {table} WHERE {user_id} = {} AND {name} = {}", p(1), p(2))),
            page: text(format!(
                "SELECT t.{token}, t.{hashed}, COALESCE(t.{created} < {} OR COALESCE(t.{seen}, t.{created}) < {} \
                 OR u.{user_key} IS NULL OR {is_ended}, FALSE) FROM {with_users} \
                 WHERE t.{token} > {} ORDER BY t.{token} LIMIT {}",
                p(1),
                p(2),
                p(3),
                p(4),
            )),
        }
    }
}

/// Returns the texts of these statements and those on token states by name, for tests of query plans (feature
/// `testing`).
#[cfg(any(test, feature = "testing"))]
#[must_use]
pub fn session_statements<DB: Catalog>(sql: &UserSql) -> Vec<(&'static str, String)> {
    use super::token_sql::TokenSql;

    let SessionSql { insert, surplus, remove, replace, touch, list, end, page } = SessionSql::of::<DB>(sql);
    let TokenSql { keep, revoke, reauthenticate, use_once, purge } = TokenSql::of::<DB>(sql);
    let texts = [
        ("insert", insert),
        ("surplus", surplus),
        ("remove", remove),
        ("replace", replace),
        ("touch", touch),
        ("list", list),
        ("end", end),
        ("page", page),
        ("keep_token", keep),
        ("revoke_token", revoke),
        ("reauthenticate_token", reauthenticate),
        ("use_token", use_once),
        ("purge_tokens", purge),
    ];
    texts.into_iter().map(|(name, text)| (name, text.as_str().to_owned())).collect()
}
