//! Query plans of the databases: no statement of a request scans a whole table.
//!
//! Tables are filled and analyzed, and the planner gets no hints: an index that it does not choose here is one
//! that a service would not use.

use sqlx::{AssertSqlSafe, Connection, Row};
#[cfg(feature = "audit")]
use users_runtime::__private0_1_0::audit_statements;
use users_runtime::{
    __private0_1_0::{
        Catalog, Statements, UserSql, counter_statements, oauth_statements, passkey_statements, refresh_statements,
        second_factor_statements, session_statements,
    },
    store::{SqlStore, StoredUser, UserStore},
};

use crate::store::{
    support::FileStore,
    users::{MEMBER_SQL, Member, USER_SQL, User},
};

/// The statements of requests, by name. Excluded, since they process every row: `end_all_sessions`, and the
/// paged purge of sessions, which runs outside of requests. `insert`, and the statements that keep and revoke a token,
/// add a row and look one up by its key.
fn hot<DB: Catalog>(statements: &Statements, sql: &UserSql) -> Vec<(String, String)> {
    let Statements { find, find_many, find_session, find_sessions, find_by_email, update, delete, .. } = *statements;
    let end_sessions = statements.end_sessions;
    let of_users = [
        ("find", find),
        ("find_many", find_many),
        ("find_session", find_session),
        ("find_sessions", find_sessions),
        ("find_by_email", find_by_email),
        ("update", update),
        ("delete", delete),
        ("end_sessions", end_sessions),
    ];
    let mut all: Vec<(String, String)> =
        of_users.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let cold = ["insert", "page", "keep_token", "revoke_token", "reauthenticate_token", "use_token"];
    let of_sessions = session_statements::<DB>(sql).into_iter().filter(|(name, _)| !cold.contains(name));
    all.extend(of_sessions.map(|(name, text)| (format!("session {name}"), text)));
    assert_eq!(all.len(), 15);
    all
}

/// The statements on the tables that a service has only if its settings ask for them. Those that add a row, and purges of whole
/// tables, are excluded.
fn optional<DB: Catalog>(sql: &UserSql) -> Vec<(String, String)> {
    let counters = counter_statements::<DB>(sql).into_iter().filter(|(name, _)| *name != "add");
    let mut all: Vec<_> = counters.map(|(name, text)| (format!("counter {name}"), text)).collect();
    assert_eq!(all.len(), 6);
    // The purge runs outside of requests and removes a thousand rows at once, for which PostgreSQL may prefer to scan.
    let families = refresh_statements::<DB>(sql).into_iter().filter(|(name, _)| !["insert", "purge"].contains(name));
    all.extend(families.map(|(name, text)| (format!("refresh {name}"), text)));
    assert_eq!(all.len(), 12);
    let cold = ["insert", "add_code", "add_device", "purge", "purge_devices"];
    let factors = second_factor_statements::<DB>(sql).into_iter().filter(|(name, _)| !cold.contains(name));
    all.extend(factors.map(|(name, text)| (format!("second factor {name}"), text)));
    let passkeys = passkey_statements::<DB>(sql).into_iter().filter(|(name, _)| *name != "insert");
    all.extend(passkeys.map(|(name, text)| (format!("passkey {name}"), text)));
    assert_eq!(all.len(), 34);
    let links = oauth_statements::<DB>(sql, false).into_iter().filter(|(name, _)| !["insert", "redeem"].contains(name));
    all.extend(links.map(|(name, text)| (format!("link {name}"), text)));
    assert_eq!(all.len(), 45);
    #[cfg(feature = "audit")]
    {
        let of_log = audit_statements::<DB>(sql).into_iter().filter(|(name, _)| !name.starts_with("insert"));
        // None of these users has a tenant.
        let of_log = of_log.filter(|(name, _)| !name.contains("tenant"));
        all.extend(of_log.map(|(name, text)| (format!("audit {name}"), text)));
        assert_eq!(all.len(), 50);
    }
    all
}

/// Creates these tables.
async fn add_optional_tables<U: StoredUser>(store: &SqlStore<U>) {
    let shared = || std::sync::Arc::new(store.clone());
    drop(shared().counters());
    drop(shared().refresh_store());
    drop(shared().second_factor_store());
    drop(shared().passkey_store());
    #[cfg(feature = "audit")]
    drop(shared().audit_log());
    store.migrate().await.unwrap();
}

pub async fn on_sqlite() {
    let users = FileStore::<User>::migrated().await;
    let members = FileStore::<Member>::migrated().await;
    add_optional_tables(&users.store).await;
    add_optional_tables(&members.store).await;
    for (file, sql) in [(&users.file, &USER_SQL), (&members.file, &MEMBER_SQL)] {
        let mut connection = file.connect().await;
        let mut searches = 0;
        let all = hot::<sqlx::Sqlite>(&sql.sqlite, sql).into_iter().chain(optional::<sqlx::Sqlite>(sql));
        for (name, statement) in all {
            let explain = format!("EXPLAIN QUERY PLAN {statement}");
            for row in sqlx::query(AssertSqlSafe(explain)).fetch_all(&mut connection).await.unwrap() {
                let step: String = row.get("detail");
                // The list of lookup keys is scanned; tables never are.
                let of_the_wanted = step.starts_with("SCAN w VIRTUAL TABLE");
                assert!(!step.starts_with("SCAN") || of_the_wanted, "{name}: {step}: {statement}");
                searches += usize::from(step.starts_with("SEARCH"));
            }
        }
        assert!(searches >= 20, "{searches} searches: this test does not understand the output of EXPLAIN");
        connection.close().await.unwrap();
    }
}

#[cfg(all(feature = "postgres", feature = "mysql"))]
mod servers {
    use sqlx::{Arguments as _, Executor, MySql, MySqlConnection, PgConnection, Postgres, mysql::MySqlArguments};

    use super::*;
    use crate::store::{
        server_store::ServerStore,
        servers::{Server, TempDatabase},
    };

    pub async fn on_server(server: Server) {
        if let Some(users) = ServerStore::<User>::migrated(server).await {
            hot_queries_of(&users.database, &USER_SQL).await;
            add_optional_tables(&users.store).await;
            fill_optional(&users.database).await;
            assert_eq!(scans_of(&users.database, &USER_SQL, &optional_on(server, &USER_SQL)).await, [], "{server:?}");
            // A missing index is detected.
            let on = if server == Server::Postgres { "" } else { " ON `user`" };
            users.database.run(&format!("DROP INDEX ix_user_email_canonical{on}")).await;
            let scans = scans(&users.database, &USER_SQL).await;
            assert_eq!(
                scans.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
                ["find_by_email"],
                "{server:?}"
            );
        }
        if let Some(members) = ServerStore::<Member>::migrated(server).await {
            hot_queries_of(&members.database, &MEMBER_SQL).await;
        }
    }

    /// Fills the tables of a database and checks all plans.
    pub async fn hot_queries_of(database: &TempDatabase, sql: &UserSql) {
        fill(database, sql.id_made_by_database).await;
        assert_eq!(scans(database, sql).await, [], "{:?}", database.server);
    }

    /// Thousands of users, a quarter of them with four sessions each, and as many states of tokens.
    async fn fill(database: &TempDatabase, integer: bool) {
        let (quote, thousand, four, uuid, minutes, now, analyze) = match database.server {
            Server::Postgres => (
                '"',
                "generate_series(1, 900) AS s(n)",
                "generate_series(1, 4) AS f(n)",
                "gen_random_uuid()",
                "s.n * INTERVAL '1 minute'",
                "now()",
                "ANALYZE",
            ),
            Server::Mysql => (
                '`',
                "(WITH RECURSIVE s AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM s WHERE n < 900) SELECT n FROM s) AS s",
                "(SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4) AS f",
                "UUID()",
                "INTERVAL s.n MINUTE",
                "UTC_TIMESTAMP()",
                "ANALYZE TABLE `user`, user_token_state, accesstoken",
            ),
        };
        let (id, value) = if integer { ("", String::new()) } else { ("id, ", format!("{uuid}, ")) };
        let statements = [
            format!(
                "INSERT INTO {quote}user{quote} ({id}email, hashed_password, is_active, is_superuser, is_verified, \
                 visits, tags, plan) SELECT {value}CONCAT('filler', s.n, '.', f.n, '@camelot.bt'), 'hash', TRUE, FALSE, \
                 FALSE, 0, '[]', 'free' FROM {thousand}, {four}"
            ),
            format!(
                "INSERT INTO accesstoken (user_id, token, created_at, hashed, session_id, auth_epoch) \
                 SELECT u.id, RPAD(MD5(CONCAT(u.email, f.n)), 43, 'x'), {now} - INTERVAL '1' DAY, TRUE, \
                 LEFT(MD5(CONCAT(u.email, f.n)), 22), 0 FROM {quote}user{quote} AS u, {four} WHERE u.email LIKE 'filler%.1@camelot.bt'"
            ),
            format!(
                "INSERT INTO user_token_state (token_id, user_id, revoked, kept_epoch, expires_at) \
                 SELECT LEFT(MD5(CONCAT('state', s.n, f.n)), 22), NULL, TRUE, NULL, {now} + {minutes} \
                 FROM {thousand}, {four}"
            ),
            analyze.to_owned(),
        ];
        database.run(&statements.join(";\n")).await;
    }

    /// Thousands of counters, of families of refresh tokens, of second factors with a code and a device, of passkeys, of accounts
    /// at a provider, and of entries of the audit log.
    async fn fill_optional(database: &TempDatabase) {
        let (numbers, analyze) = match database.server {
            Server::Postgres => ("generate_series(1, 4000) AS s(n)", "ANALYZE"),
            Server::Mysql => (
                "(SELECT a.n * 4 + b.n AS n FROM (WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r \
                 WHERE n < 900) SELECT n FROM r) AS a, (SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 \
                 UNION ALL SELECT 3) AS b) AS s",
                "ANALYZE TABLE user_limits, user_refresh, user_second_factor, user_recovery_code, user_remembered_device, \
                 user_passkey, oauth_account",
            ),
        };
        let mut statements = vec![format!(
            "INSERT INTO user_limits (counter_key, failures, due_at, ends_at) \
             SELECT RPAD(MD5(CAST(n AS CHAR(9))), 43, 'x'), 1, n, n FROM {numbers}"
        )];
        let users = if database.server == Server::Postgres { "\"user\"" } else { "`user`" };
        statements.push(format!(
            "INSERT INTO user_refresh (family_id, user_id, salt, generation, backend, auth_epoch, logged_in_at, rotated_at, \
             expires_at, ends_at) SELECT LEFT(MD5(u.email), 22), u.id, LEFT(MD5(u.email), 22), 1, 'web', 0, 1, 1, \
             ROW_NUMBER() OVER (ORDER BY u.email), 1 FROM {users} AS u ORDER BY u.email"
        ));
        statements.push(format!(
            "INSERT INTO user_second_factor (user_id, seed, last_step, expires_at) SELECT id, MD5(email), 0, 1 FROM {users}"
        ));
        statements.push(format!(
            "INSERT INTO user_recovery_code (code, user_id) SELECT RPAD(MD5(email), 43, 'x'), id FROM {users}"
        ));
        statements.push(format!(
            "INSERT INTO user_remembered_device (device_id, token, user_id, auth_epoch, remembered_at, last_used_at, \
             expires_at) SELECT LEFT(MD5(email), 22), RPAD(MD5(email), 43, 'x'), id, 0, 1, 1, 1 FROM {users}"
        ));
        statements.push(format!(
            "INSERT INTO user_passkey (passkey_id, user_id, user_handle, name, credential, sign_count, created_at) \
             SELECT RPAD(MD5(u.email), 43, 'x'), u.id, LEFT(MD5(u.email), 22), 'Key', '{{}}', 0, 1 FROM {users} AS u"
        ));
        statements.push(format!(
            "INSERT INTO oauth_account (id, user_id, oauth_name, access_token, account_id, account_email) \
             SELECT id, id, 'acme', '', email, email FROM {users}"
        ));
        if cfg!(feature = "audit") {
            statements.push(format!(
                "INSERT INTO user_audit (id, occurred_at, event, outcome, user_id) \
                 SELECT MD5(CAST(n AS CHAR(9))), n, CASE WHEN n % 9 = 0 THEN 'update' ELSE 'login' END, 'refused', \
                 CAST(n % 400 AS CHAR(9)) FROM {numbers}"
            ));
        }
        statements.push(analyze.to_owned());
        if cfg!(feature = "audit") && database.server == Server::Mysql {
            statements.push("ANALYZE TABLE user_audit".to_owned());
        }
        database.run(&statements.join(";\n")).await;
    }

    fn optional_on(server: Server, sql: &UserSql) -> Vec<(String, String)> {
        match server {
            Server::Postgres => optional::<Postgres>(sql),
            Server::Mysql => optional::<MySql>(sql),
        }
    }

    /// Returns the statements of requests that scan a whole table, each with the step of its plan.
    async fn scans(database: &TempDatabase, sql: &UserSql) -> Vec<(String, String)> {
        let statements = match database.server {
            Server::Postgres => hot::<Postgres>(&sql.postgres, sql),
            Server::Mysql => hot::<MySql>(&sql.mysql, sql),
        };
        scans_of(database, sql, &statements).await
    }

    async fn scans_of(
        database: &TempDatabase,
        sql: &UserSql,
        statements: &[(String, String)],
    ) -> Vec<(String, String)> {
        match database.server {
            Server::Postgres => scans_of_postgres(database, sql, statements).await,
            Server::Mysql => scans_of_mysql(database, sql, statements).await,
        }
    }

    /// Uses the generic plan, which frequently used statements get.
    async fn scans_of_postgres(
        database: &TempDatabase,
        sql: &UserSql,
        statements: &[(String, String)],
    ) -> Vec<(String, String)> {
        let mut connection = PgConnection::connect(&database.url()).await.unwrap();
        let mut found = Vec::new();
        for (number, (name, statement)) in statements.iter().cloned().enumerate() {
            let ids = if sql.id_made_by_database { "bigint[]" } else { "uuid[]" };
            let types = match name.as_str() {
                "find_many" => format!("({ids}, text[])"),
                "find_sessions" => "(text[], boolean[])".to_owned(),
                _ => String::new(),
            };
            let count = (1..).take_while(|n| statement.contains(&format!("${n}"))).count();
            // Few rows have expired, which the generic plan cannot know.
            let (mode, values) = match name.as_str() {
                "session purge_tokens" => ("force_custom_plan", "'2020-01-01', 1000".to_owned()),
                "counter purge" => ("force_custom_plan", "0, 1000".to_owned()),
                "audit purge" => ("force_custom_plan", "'00', 1000".to_owned()),
                _ => ("force_generic_plan", vec!["NULL"; count].join(", ")),
            };
            for text in [format!("SET plan_cache_mode = {mode}"), format!("PREPARE q{number} {types} AS {statement}")] {
                connection.execute(sqlx::raw_sql(AssertSqlSafe(text))).await.unwrap();
            }
            let explain = sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN EXECUTE q{number}({values})")));
            let steps = connection.fetch_all(explain).await.unwrap();
            let steps: Vec<String> = steps.iter().map(|row| row.get(0)).collect();
            assert!(steps.iter().any(|step| step.contains("Scan")), "{name}: {steps:?}");
            found.extend(steps.into_iter().find(|step| step.contains("Seq Scan")).map(|step| (name, step)));
        }
        connection.close().await.unwrap();
        found
    }

    async fn scans_of_mysql(
        database: &TempDatabase,
        sql: &UserSql,
        statements: &[(String, String)],
    ) -> Vec<(String, String)> {
        let mut connection = MySqlConnection::connect(&database.url()).await.unwrap();
        let mut found = Vec::new();
        // The id of an existing user: for an unknown one the server reports an impossible condition instead of a plan.
        let known = sqlx::query(
            "SELECT u.email, CAST(u.id AS CHAR), t.token FROM `user` AS u JOIN accesstoken AS t ON t.user_id = u.id",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        let [email, id, token] = [0, 1, 2].map(|index| known.get::<String, _>(index));
        for (name, statement) in statements.iter().cloned() {
            let mut values = MySqlArguments::default();
            let pairs = match name.as_str() {
                "find_many" if sql.id_made_by_database => format!("[[{id}, \"a\"], [8, null]]"),
                "find_many" => format!("[[\"{id}\", \"a\"], [\"b\", null]]"),
                _ => format!("[[\"{token}\", 1], [\"b\", 0]]"),
            };
            for (position, _) in statement.match_indices('?') {
                let before = &statement[..position];
                match () {
                    () if before.ends_with("JSON_TABLE(") => values.add(&pairs),
                    () if before.ends_with("LIMIT ") => values.add(1000),
                    () if before.ends_with("`counter_key` = ") || before.ends_with("`passkey_id` = ") => {
                        values.add("a")
                    }
                    () if before.ends_with("`oauth_name` = ") => values.add("acme"),
                    () if before.ends_with("`account_id` = ") || before.ends_with("`access_token` = ") => {
                        values.add(&email)
                    }
                    () if before.ends_with("`id` < ") => values.add("08"),
                    () if before.ends_with("`id` >= ") => values.add("00"),
                    () if name.starts_with("audit ") => values.add("7"),
                    () if before.ends_with("OFFSET ") => values.add(2),
                    () if before.ends_with("`hashed` = ") => values.add(true),
                    () if before.ends_with("`expires_at` < ") => values.add("2020-01-01"),
                    () if before.ends_with("`last_seen_at` = ") => values.add("2020-01-01"),
                    () if before.ends_with("`last_seen_at` < ") => values.add("2020-01-01"),
                    () if before.ends_with("`token` = ") || before.ends_with("`token` <> ") => values.add(&token),
                    () if before.ends_with("`email_canonical` = ") => values.add(&email),
                    () if before.ends_with("`token_id` = ") || before.ends_with("`session_id` = ") => values.add("a"),
                    () if before.ends_with("`code` = ") || before.ends_with("`device_id` = ") => values.add("a"),
                    () if before.ends_with("id` = ") && sql.id_made_by_database => {
                        values.add(id.parse::<i64>().unwrap())
                    }
                    () if before.ends_with("id` = ") => values.add(&id),
                    () if before.ends_with("CASE WHEN ") => values.add(true),
                    () if before.ends_with("COALESCE(") => values.add(None::<String>),
                    () => values.add(1),
                }
                .unwrap();
            }
            let explain = sqlx::query_with(AssertSqlSafe(format!("EXPLAIN {statement}")), values);
            let steps = connection.fetch_all(explain).await.unwrap();
            assert!(!steps.is_empty(), "{name}");
            for step in steps {
                let text = |column: &str| step.try_get::<Option<String>, _>(column).ok().flatten().unwrap_or_default();
                let (table, how, extra) = (text("table"), text("type"), text("Extra"));
                // Lists of lookup keys are scanned.
                let is_list = extra.contains("Table function") || table.starts_with("<derived");
                if (how == "ALL" || how == "index") && !is_list {
                    found.push((name.clone(), format!("{table} {how} {extra}")));
                }
            }
        }
        connection.close().await.unwrap();
        found
    }
}

#[cfg(all(feature = "postgres", feature = "mysql"))]
pub use servers::{hot_queries_of, on_server};
