//! The statements on the table of accounts at OAuth providers, per database.
//!
//! The table is that of fastapi-users, so only names differ. The texts are built once, together with the store, from
//! names that the derive has checked. Each parameter is used once, in the order of the text.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::{Catalog, UserSql};

/// The statements of one store.
pub(super) struct OAuthSql {
    /// Returns the links of an account at a provider: id, user, provider, subject, address. Parameters: provider, subject.
    pub(super) find: SqlStr,
    /// Returns a user's links: the same columns and the placeholder. Parameter: user.
    pub(super) list: SqlStr,
    /// Adds a link. Parameters: id (unless the database makes it), user, provider, subject, address, placeholder.
    pub(super) insert: SqlStr,
    /// Stores the address of an account at a provider. Parameters: address, user, provider, subject.
    pub(super) refresh: SqlStr,
    /// Returns the access token and the refresh token of a link. Parameters: user, id.
    pub(super) tokens: SqlStr,
    /// Replaces both, if the access token is still the expected one. Parameters: access token, refresh token, user, id, the
    /// expected access token.
    pub(super) replace_tokens: SqlStr,
    /// Removes a link. Parameters: user, id.
    pub(super) unlink: SqlStr,
    /// Removes the link of a user who does not exist. Parameters: user, provider, subject, user.
    pub(super) remove_orphan: SqlStr,
    /// Removes a user's links. Parameter: user.
    pub(super) unlink_all: SqlStr,
    /// Stores the placeholder with all links of a user. Parameters: placeholder, user.
    pub(super) keep_placeholder: SqlStr,
    /// Locks the row of a user until the transaction ends. Parameter: user.
    pub(super) lock: SqlStr,
    /// Returns the password hash of a user. Parameter: user.
    pub(super) hash: SqlStr,
    /// Records that a token was used, and violates the primary key if it was used before. Parameters: token, expiry.
    pub(super) redeem: SqlStr,
}

/// The maximum number of links of a user that are listed.
const LONGEST_LIST: u32 = 1000;

impl OAuthSql {
    /// Returns the statements, if the user type has such a table.
    pub(super) fn of<DB: Catalog>(sql: &UserSql, makes_ids: bool) -> Option<Self> {
        let text = |text: String| AssertSqlSafe(text).into_sql_str();
        let q = |name: &str| DB::quoted(name);
        let p = DB::parameter;
        let table = DB::qualified(sql.schema, sql.oauth_table?);
        let users = DB::qualified(sql.schema, sql.table);
        let state = DB::qualified(sql.schema, &format!("{}_token_state", sql.table));
        let (id, user, provider, subject) = (q("id"), q("user_id"), q("oauth_name"), q("account_id"));
        let (email, placeholder) = (q("account_email"), q("placeholder_password"));
        let (access, refresh, user_key) = (q("access_token"), q("refresh_token"), q(sql.roles.id));
        let columns = format!("{id}, {user}, {provider}, {subject}, {email}");
        // The column of the access token may not be NULL.
        let (names, values) = if makes_ids {
            (format!("{columns}, {placeholder}, {access}"), (1..=6).map(p).collect::<Vec<_>>())
        } else {
            let columns = format!("{user}, {provider}, {subject}, {email}");
            (format!("{columns}, {placeholder}, {access}"), (1..=5).map(p).collect())
        };
        Some(Self {
            find: text(format!(
                "SELECT {columns} FROM {table} WHERE {provider} = {} AND {subject} = {} LIMIT {LONGEST_LIST}",
                p(1),
                p(2),
            )),
            list: text(format!(
                "SELECT {columns}, {placeholder} FROM {table} WHERE {user} = {} \
                 ORDER BY {provider}, {subject} LIMIT {LONGEST_LIST}",
                p(1),
            )),
            insert: text(format!("INSERT INTO {table} ({names}) VALUES ({}, '')", values.join(", "))),
            refresh: text(format!(
                "UPDATE {table} SET {email} = {} WHERE {user} = {} AND {provider} = {} AND {subject} = {}",
                p(1),
                p(2),
                p(3),
                p(4),
            )),
            tokens: text(format!(
                "SELECT {access}, {refresh} FROM {table} WHERE {user} = {} AND {id} = {}",
                p(1),
                p(2),
            )),
            replace_tokens: text(format!(
                "UPDATE {table} SET {access} = {}, {refresh} = {} WHERE {user} = {} AND {id} = {} AND {access} = {}",
                p(1),
                p(2),
                p(3),
                p(4),
                p(5),
            )),
            unlink: text(format!("DELETE FROM {table} WHERE {user} = {} AND {id} = {}", p(1), p(2))),
            remove_orphan: text(format!(
                "DELETE FROM {table} WHERE {user} = {} AND {provider} = {} AND {subject} = {} \
                 AND NOT EXISTS (SELECT 1 FROM {users} WHERE {user_key} = {})",
                p(1),
                p(2),
                p(3),
                p(4),
            )),
            unlink_all: text(format!("DELETE FROM {table} WHERE {user} = {}", p(1))),
            keep_placeholder: text(format!("UPDATE {table} SET {placeholder} = {} WHERE {user} = {}", p(1), p(2))),
            lock: text(format!(
                "UPDATE {users} SET {epoch} = {epoch} WHERE {user_key} = {}",
                p(1),
                epoch = q("auth_epoch"),
            )),
            hash: text(format!("SELECT {} FROM {users} WHERE {user_key} = {}", q(sql.roles.hashed_password), p(1))),
            redeem: text(format!(
                "INSERT INTO {state} ({}, {}, {}) VALUES ({}, TRUE, {})",
                q("token_id"),
                q("revoked"),
                q("expires_at"),
                p(1),
                p(2),
            )),
        })
    }
}

/// Returns the texts of these statements by name, for tests of query plans (feature `testing`).
#[cfg(any(test, feature = "testing"))]
#[must_use]
pub fn oauth_statements<DB: Catalog>(sql: &UserSql, makes_ids: bool) -> Vec<(&'static str, String)> {
    let Some(sql) = OAuthSql::of::<DB>(sql, makes_ids) else { return Vec::new() };
    let OAuthSql { find, list, insert, refresh, tokens, replace_tokens, .. } = &sql;
    let OAuthSql { unlink, remove_orphan, unlink_all, keep_placeholder, lock, hash, redeem, .. } = &sql;
    let texts = [
        ("find", find),
        ("list", list),
        ("insert", insert),
        ("refresh", refresh),
        ("tokens", tokens),
        ("replace_tokens", replace_tokens),
        ("unlink", unlink),
        ("remove_orphan", remove_orphan),
        ("unlink_all", unlink_all),
        ("keep_placeholder", keep_placeholder),
        ("lock", lock),
        ("hash", hash),
        ("redeem", redeem),
    ];
    texts.into_iter().map(|(name, text)| (name, text.as_str().to_owned())).collect()
}
