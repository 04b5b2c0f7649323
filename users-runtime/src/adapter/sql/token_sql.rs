//! The statements on the table of token states, per database.
//!
//! The table belongs to axum-users, so only names differ. The texts are built once, together with the store, from names
//! that the derive has checked. Each parameter is used once, in the order of the text.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::{Catalog, UserSql};

/// The statements of one store.
pub(super) struct TokenSql {
    /// Exempts one token when the user's other sessions end, in the transaction of
    /// [`Statements::update`](super::Statements::update). A revoked token stays revoked. Parameters: token, user, the
    /// user's new epoch, expiry.
    pub(super) keep: SqlStr,
    /// Marks a token as revoked. Parameters: token, expiry.
    pub(super) revoke: SqlStr,
    /// Records that the user of a session re-authenticated. A revoked token stays revoked. Parameters: token, user,
    /// time, methods, expiry.
    pub(super) reauthenticate: SqlStr,
    /// Records that a token was used, and violates the primary key if it is recorded already. Parameters: token, expiry.
    pub(super) use_once: SqlStr,
    /// Deletes some expired rows. Parameters: the current time, the maximum number of rows.
    pub(super) purge: SqlStr,
}

impl TokenSql {
    pub(super) fn of<DB: Catalog>(sql: &UserSql) -> Self {
        let text = |text: String| AssertSqlSafe(text).into_sql_str();
        let q = |name: &str| DB::quoted(name);
        let p = DB::parameter;
        let state = DB::qualified(sql.schema, &format!("{}_token_state", sql.table));
        let (token, user, revoked) = (q("token_id"), q("user_id"), q("revoked"));
        let (kept, expiry) = (q("kept_epoch"), q("expires_at"));
        let (proved_at, methods) = (q("reauthenticated_at"), q("amr"));
        // The expiry of an existing row is never shortened.
        let conflict = DB::ON_CONFLICT_OF_TOKEN;
        let extend = format!("{expiry} = {}({state}.{expiry}, {})", DB::GREATEST, DB::inserted(&expiry));
        let expired = format!("{expiry} < {} LIMIT {}", p(1), p(2));
        Self {
            keep: text(format!(
                "INSERT INTO {state} ({token}, {user}, {revoked}, {kept}, {expiry}) VALUES ({}, {}, FALSE, {}, {}) \
                 {conflict} {user} = {}, {kept} = {}, {extend}",
                p(1),
                p(2),
                p(3),
                p(4),
                DB::inserted(&user),
                DB::inserted(&kept),
            )),
            revoke: text(format!(
                "INSERT INTO {state} ({token}, {revoked}, {expiry}) VALUES ({}, TRUE, {}) \
                 {conflict} {revoked} = TRUE, {extend}",
                p(1),
                p(2),
            )),
            reauthenticate: text(format!(
                "INSERT INTO {state} ({token}, {user}, {revoked}, {proved_at}, {methods}, {expiry}) \
                 VALUES ({}, {}, FALSE, {}, {}, {}) \
                 {conflict} {user} = {}, {proved_at} = {}, {methods} = {}, {extend}",
                p(1),
                p(2),
                p(3),
                p(4),
                p(5),
                DB::inserted(&user),
                DB::inserted(&proved_at),
                DB::inserted(&methods),
            )),
            use_once: text(format!(
                "INSERT INTO {state} ({token}, {revoked}, {expiry}) VALUES ({}, TRUE, {})",
                p(1),
                p(2),
            )),
            purge: text(if DB::LIMITS_DELETIONS {
                format!("DELETE FROM {state} WHERE {expired}")
            } else {
                format!("DELETE FROM {state} WHERE {token} IN (SELECT {token} FROM {state} WHERE {expired})")
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQL: UserSql = UserSql::USUAL;

    #[cfg(feature = "sqlite")]
    #[test]
    fn sqlite_has_upserts_and_purges_through_a_subquery() {
        let TokenSql { keep, revoke, purge, .. } = TokenSql::of::<sqlx::Sqlite>(&SQL);
        assert_eq!(
            keep.as_str(),
            r#"INSERT INTO "user_token_state" ("token_id", "user_id", "revoked", "kept_epoch", "expires_at") VALUES ($1, $2, FALSE, $3, $4) ON CONFLICT ("token_id") DO UPDATE SET "user_id" = excluded."user_id", "kept_epoch" = excluded."kept_epoch", "expires_at" = max("user_token_state"."expires_at", excluded."expires_at")"#
        );
        assert_eq!(
            revoke.as_str(),
            r#"INSERT INTO "user_token_state" ("token_id", "revoked", "expires_at") VALUES ($1, TRUE, $2) ON CONFLICT ("token_id") DO UPDATE SET "revoked" = TRUE, "expires_at" = max("user_token_state"."expires_at", excluded."expires_at")"#
        );
        assert_eq!(
            purge.as_str(),
            r#"DELETE FROM "user_token_state" WHERE "token_id" IN (SELECT "token_id" FROM "user_token_state" WHERE "expires_at" < $1 LIMIT $2)"#
        );
    }

    #[cfg(feature = "mysql")]
    #[test]
    fn mysql_has_its_own_upserts_and_limits_deletions() {
        let TokenSql { revoke, purge, .. } = TokenSql::of::<sqlx::MySql>(&SQL);
        assert_eq!(
            revoke.as_str(),
            "INSERT INTO `user_token_state` (`token_id`, `revoked`, `expires_at`) VALUES (?, TRUE, ?) ON DUPLICATE KEY UPDATE `revoked` = TRUE, `expires_at` = GREATEST(`user_token_state`.`expires_at`, VALUES(`expires_at`))"
        );
        assert_eq!(purge.as_str(), "DELETE FROM `user_token_state` WHERE `expires_at` < ? LIMIT ?");
    }
}
