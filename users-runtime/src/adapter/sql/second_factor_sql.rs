//! The statements on the tables of second factors, per database.
//!
//! The tables belong to axum-users, so only names differ. The texts are built once, together with the store, from names
//! that the derive has checked. Each parameter is used once, in the order of the text.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::{Catalog, UserSql};

/// The columns of second factors, in the order in which rows are written. Times are milliseconds since 1970.
pub(super) const FACTOR_COLUMNS: [&str; 5] = ["user_id", "seed", "confirmed_at", "last_step", "expires_at"];
/// The columns of recovery codes.
pub(super) const CODE_COLUMNS: [&str; 2] = ["code", "user_id"];
/// The columns of remembered devices.
pub(super) const DEVICE_COLUMNS: [&str; 9] = [
    "device_id",
    "token",
    "user_id",
    "auth_epoch",
    "remembered_at",
    "last_used_at",
    "expires_at",
    "client",
    "user_agent",
];

/// The maximum number of devices in a list.
const LONGEST_LIST: u32 = 1000;

/// The statements of one store.
pub(super) struct SecondFactorSql {
    /// Returns a user's second factor: seed, time of confirmation, last step, expiry. Parameter: user.
    pub(super) find: SqlStr,
    /// Removes a user's second factor that is not in force. Parameter: user.
    pub(super) remove_pending: SqlStr,
    /// Adds a second factor that is not in force. Parameters: user, seed, last step, expiry.
    pub(super) insert: SqlStr,
    /// Activates a second factor, if it is the expected one and has not expired. Parameters: the current time, step,
    /// user, seed, the current time.
    pub(super) confirm: SqlStr,
    /// Uses a step, if no code of it or of a later one was used. Parameters: step, new seed, user, seed, step.
    pub(super) use_step: SqlStr,
    /// Removes a user's second factor. Parameter: user.
    pub(super) remove: SqlStr,
    /// Removes a user's second factor that is pending or was confirmed at a time or later. Parameters: user, time.
    pub(super) remove_since: SqlStr,
    /// Uses up a recovery code. Parameters: code, user.
    pub(super) use_code: SqlStr,
    /// Counts a user's recovery codes. Parameter: user.
    pub(super) count_codes: SqlStr,
    /// Removes a user's recovery codes. Parameter: user.
    pub(super) remove_codes: SqlStr,
    /// Adds a recovery code. Parameters: the columns.
    pub(super) add_code: SqlStr,
    /// Remembers a device. Parameters: the columns.
    pub(super) add_device: SqlStr,
    /// Records a login from a device that has not expired. Parameters: time, token, user, epoch, time.
    pub(super) use_device: SqlStr,
    /// Returns a user's devices. Parameter: user.
    pub(super) devices: SqlStr,
    /// Forgets a user's device. Parameters: user, device.
    pub(super) remove_device: SqlStr,
    /// Forgets a user's devices. Parameter: user.
    pub(super) remove_devices: SqlStr,
    /// Removes some second factors that have expired. Parameters: the current time, the maximum number of rows.
    pub(super) purge: SqlStr,
    /// Removes some devices that have expired. Parameters: the current time, the maximum number of rows.
    pub(super) purge_devices: SqlStr,
}

/// Returns the name of the table of second factors, unquoted.
pub(super) fn factor_table(sql: &UserSql) -> String {
    format!("{}_second_factor", sql.table)
}

/// Returns the name of the table of recovery codes, unquoted.
pub(super) fn code_table(sql: &UserSql) -> String {
    format!("{}_recovery_code", sql.table)
}

/// Returns the name of the table of remembered devices, unquoted.
pub(super) fn device_table(sql: &UserSql) -> String {
    format!("{}_remembered_device", sql.table)
}

impl SecondFactorSql {
    pub(super) fn of<DB: Catalog>(sql: &UserSql) -> Self {
        let text = |text: String| AssertSqlSafe(text).into_sql_str();
        let q = |name: &str| DB::quoted(name);
        let p = DB::parameter;
        let table = |name: &str| DB::qualified(sql.schema, name);
        let (factors, codes, devices) = (table(&factor_table(sql)), table(&code_table(sql)), table(&device_table(sql)));
        let (user, seed, confirmed, step) = (q("user_id"), q("seed"), q("confirmed_at"), q("last_step"));
        let (expires, code, device, token) = (q("expires_at"), q("code"), q("device_id"), q("token"));
        let (epoch, used) = (q("auth_epoch"), q("last_used_at"));
        let insert = |table: &str, columns: &[&str]| {
            let names = columns.iter().map(|name| q(name)).collect::<Vec<_>>().join(", ");
            let values = (1..=columns.len()).map(p).collect::<Vec<_>>().join(", ");
            text(format!("INSERT INTO {table} ({names}) VALUES ({values})"))
        };
        let purge = |table: &str, key: &str, condition: &str| {
            let expired = format!("{condition}{expires} <= {} LIMIT {}", p(1), p(2));
            text(if DB::LIMITS_DELETIONS {
                format!("DELETE FROM {table} WHERE {expired}")
            } else {
                format!("DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {expired})")
            })
        };
        let of_user = |table: &str| text(format!("DELETE FROM {table} WHERE {user} = {}", p(1)));
        Self {
            find: text(format!("SELECT {seed}, {confirmed}, {step}, {expires} FROM {factors} WHERE {user} = {}", p(1))),
            remove_pending: text(format!("DELETE FROM {factors} WHERE {user} = {} AND {confirmed} IS NULL", p(1))),
            insert: insert(&factors, &["user_id", "seed", "last_step", "expires_at"]),
            confirm: text(format!(
                "UPDATE {factors} SET {confirmed} = {}, {step} = {} \
                 WHERE {user} = {} AND {seed} = {} AND {confirmed} IS NULL AND {expires} > {}",
                p(1),
                p(2),
                p(3),
                p(4),
                p(5),
            )),
            use_step: text(format!(
                "UPDATE {factors} SET {step} = {}, {seed} = {} \
                 WHERE {user} = {} AND {seed} = {} AND {confirmed} IS NOT NULL AND {step} < {}",
                p(1),
                p(2),
                p(3),
                p(4),
                p(5),
            )),
            remove: of_user(&factors),
            remove_since: text(format!(
                "DELETE FROM {factors} WHERE {user} = {} AND ({confirmed} IS NULL OR {confirmed} >= {})",
                p(1),
                p(2),
            )),
            use_code: text(format!("DELETE FROM {codes} WHERE {code} = {} AND {user} = {}", p(1), p(2))),
            count_codes: text(format!("SELECT COUNT(*) FROM {codes} WHERE {user} = {}", p(1))),
            remove_codes: of_user(&codes),
            add_code: insert(&codes, &CODE_COLUMNS),
            add_device: insert(&devices, &DEVICE_COLUMNS),
            use_device: text(format!(
                "UPDATE {devices} SET {used} = {} WHERE {token} = {} AND {user} = {} AND {epoch} = {} AND {expires} > {}",
                p(1),
                p(2),
                p(3),
                p(4),
                p(5),
            )),
            devices: text(format!(
                "SELECT {} FROM {devices} WHERE {user} = {} ORDER BY {} LIMIT {LONGEST_LIST}",
                DEVICE_COLUMNS.map(q).join(", "),
                p(1),
                q("remembered_at"),
            )),
            remove_device: text(format!("DELETE FROM {devices} WHERE {user} = {} AND {device} = {}", p(1), p(2))),
            remove_devices: of_user(&devices),
            purge: purge(&factors, &user, &format!("{confirmed} IS NULL AND ")),
            purge_devices: purge(&devices, &device, ""),
        }
    }
}

/// Returns the texts of these statements by name, for tests of query plans (feature `testing`).
#[cfg(any(test, feature = "testing"))]
#[must_use]
pub fn second_factor_statements<DB: Catalog>(sql: &UserSql) -> Vec<(&'static str, String)> {
    let sql = SecondFactorSql::of::<DB>(sql);
    let SecondFactorSql { find, remove_pending, insert, confirm, use_step, remove, remove_since, use_code, .. } = &sql;
    let SecondFactorSql { count_codes, remove_codes, add_code, add_device, use_device, devices, remove_device, .. } =
        &sql;
    let SecondFactorSql { remove_devices, purge, purge_devices, .. } = &sql;
    let texts = [
        ("find", find),
        ("remove_pending", remove_pending),
        ("insert", insert),
        ("confirm", confirm),
        ("use_step", use_step),
        ("remove", remove),
        ("remove_since", remove_since),
        ("use_code", use_code),
        ("count_codes", count_codes),
        ("remove_codes", remove_codes),
        ("add_code", add_code),
        ("add_device", add_device),
        ("use_device", use_device),
        ("devices", devices),
        ("remove_device", remove_device),
        ("remove_devices", remove_devices),
        ("purge", purge),
        ("purge_devices", purge_devices),
    ];
    texts.into_iter().map(|(name, text)| (name, text.as_str().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "sqlite")]
    #[test]
    fn one_conditional_update_decides_about_a_code() {
        let SecondFactorSql { use_step, use_code, .. } = SecondFactorSql::of::<sqlx::Sqlite>(&UserSql::USUAL);
        assert_eq!(
            use_step.as_str(),
            r#"UPDATE "user_second_factor" SET "last_step" = $1, "seed" = $2 WHERE "user_id" = $3 AND "seed" = $4 AND "confirmed_at" IS NOT NULL AND "last_step" < $5"#
        );
        assert_eq!(use_code.as_str(), r#"DELETE FROM "user_recovery_code" WHERE "code" = $1 AND "user_id" = $2"#);
    }
}
