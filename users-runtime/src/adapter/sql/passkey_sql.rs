//! The statements on the table of passkeys, per database.
//!
//! The table belongs to axum-users, so only names differ. The texts are built once, together with the store, from names
//! that the derive has checked. Each parameter is used once, in the order of the text.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::{Catalog, UserSql};

/// The columns, in the order in which rows are written and read. Times are milliseconds since 1970.
pub(super) const PASSKEY_COLUMNS: [&str; 9] = [
    "passkey_id",
    "user_id",
    "user_handle",
    "name",
    "credential",
    "sign_count",
    "created_at",
    "last_used_at",
    "placeholder_password",
];

/// The maximum number of passkeys in a list, far above the maximum number of a user's passkeys.
const LONGEST_LIST: u32 = 1000;

/// The statements of one store.
pub(super) struct PasskeySql {
    /// Adds a passkey. Parameters: the columns.
    pub(super) insert: SqlStr,
    /// Returns a passkey. Parameter: its id.
    pub(super) find: SqlStr,
    /// Returns a user's passkeys. Parameter: user.
    pub(super) list: SqlStr,
    /// Records a use, if the passkey still has the number of signatures. Parameters: the credential, the new number, the present
    /// time, the passkey, the number before.
    pub(super) redeem: SqlStr,
    /// Changes a name. Parameters: the name, user, passkey.
    pub(super) rename: SqlStr,
    /// Removes a passkey. Parameters: user, passkey.
    pub(super) remove: SqlStr,
    /// Removes a user's passkeys. Parameter: user.
    pub(super) remove_all: SqlStr,
    /// Stores the placeholder with all passkeys of a user. Parameters: placeholder, user.
    pub(super) keep_placeholder: SqlStr,
    /// Locks the row of a user until the transaction ends. Parameter: user.
    pub(super) lock: SqlStr,
    /// Returns the epoch and the password hash of a user. Parameter: user.
    pub(super) user: SqlStr,
}

/// Returns the name of the table, unquoted.
pub(super) fn table(sql: &UserSql) -> String {
    format!("{}_passkey", sql.table)
}

impl PasskeySql {
    pub(super) fn of<DB: Catalog>(sql: &UserSql) -> Self {
        let text = |text: String| AssertSqlSafe(text).into_sql_str();
        let q = |name: &str| DB::quoted(name);
        let p = DB::parameter;
        let table = DB::qualified(sql.schema, &table(sql));
        let users = DB::qualified(sql.schema, sql.table);
        let columns = PASSKEY_COLUMNS.map(q).join(", ");
        let (id, user, name, credential) = (q("passkey_id"), q("user_id"), q("name"), q("credential"));
        let (count, used, placeholder) = (q("sign_count"), q("last_used_at"), q("placeholder_password"));
        let (user_key, epoch) = (q(sql.roles.id), q("auth_epoch"));
        Self {
            insert: text(format!(
                "INSERT INTO {table} ({columns}) VALUES ({})",
                (1..=PASSKEY_COLUMNS.len()).map(p).collect::<Vec<_>>().join(", "),
            )),
            find: text(format!("SELECT {columns} FROM {table} WHERE {id} = {}", p(1))),
            list: text(format!(
                "SELECT {columns} FROM {table} WHERE {user} = {} ORDER BY {}, {id} LIMIT {LONGEST_LIST}",
                p(1),
                q("created_at"),
            )),
            redeem: text(format!(
                "UPDATE {table} SET {credential} = {}, {count} = {}, {used} = {} WHERE {id} = {} AND {count} = {}",
                p(1),
                p(2),
                p(3),
                p(4),
                p(5),
            )),
            rename: text(format!("UPDATE {table} SET {name} = {} WHERE {user} = {} AND {id} = {}", p(1), p(2), p(3))),
            remove: text(format!("DELETE FROM {table} WHERE {user} = {} AND {id} = {}", p(1), p(2))),
            remove_all: text(format!("DELETE FROM {table} WHERE {user} = {}", p(1))),
            keep_placeholder: text(format!("UPDATE {table} SET {placeholder} = {} WHERE {user} = {}", p(1), p(2))),
            lock: text(format!("UPDATE {users} SET {epoch} = {epoch} WHERE {user_key} = {}", p(1))),
            user: text(format!(
                "SELECT {epoch}, {} FROM {users} WHERE {user_key} = {}",
                q(sql.roles.hashed_password),
                p(1)
            )),
        }
    }
}

/// Returns the texts of these statements by name, for tests of query plans (feature `testing`).
#[cfg(any(test, feature = "testing"))]
#[must_use]
pub fn passkey_statements<DB: Catalog>(sql: &UserSql) -> Vec<(&'static str, String)> {
    let PasskeySql { insert, find, list, redeem, rename, remove, remove_all, keep_placeholder, lock, user } =
        PasskeySql::of::<DB>(sql);
    let texts = [
        ("insert", insert),
        ("find", find),
        ("list", list),
        ("redeem", redeem),
        ("rename", rename),
        ("remove", remove),
        ("remove_all", remove_all),
        ("keep_placeholder", keep_placeholder),
        ("lock", lock),
        ("user", user),
    ];
    texts.into_iter().map(|(name, text)| (name, text.as_str().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "sqlite")]
    #[test]
    fn one_conditional_update_decides_about_a_use() {
        let PasskeySql { redeem, .. } = PasskeySql::of::<sqlx::Sqlite>(&UserSql::USUAL);
        assert_eq!(
            redeem.as_str(),
            r#"UPDATE "user_passkey" SET "credential" = $1, "sign_count" = $2, "last_used_at" = $3 WHERE "passkey_id" = $4 AND "sign_count" = $5"#
        );
    }
}
