//! The tests of `conformance`, `sql` and `schema` on PostgreSQL and on MySQL or MariaDB servers.

use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection, Row, mysql::MySqlPoolOptions};
use users_runtime::{
    store::{
        CanonicalEmail, Change, Columns, Database, EndSessions, Lookup, SchemaDrift, SqlStore, StoreError, StoredUser,
        UserStore,
    },
    testing::{store_conformance, store_races},
};

use crate::store::{
    every_write::change,
    plans,
    server_store::ServerStore,
    servers::{Server, TempDatabase},
    support::account,
    users::{Member, Plan, USER_SQL, User, member, user},
};

async fn conforms(server: Server) {
    if server.database().await.is_none() {
        return;
    }
    tokio::try_join!(
        store_conformance(async || ServerStore::<User>::fresh(server).await.unwrap(), user),
        store_conformance(async || ServerStore::<Member>::fresh(server).await.unwrap(), member),
    )
    .unwrap();
}

#[tokio::test]
async fn postgres_conforms() {
    conforms(Server::Postgres).await;
}

#[tokio::test]
async fn mysql_conforms() {
    conforms(Server::Mysql).await;
}

async fn survives_races(server: Server) {
    if server.database().await.is_none() {
        return;
    }
    tokio::try_join!(
        store_races(async || ServerStore::<User>::fresh(server).await.unwrap(), user),
        store_races(async || ServerStore::<Member>::fresh(server).await.unwrap(), member),
    )
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_survives_races() {
    survives_races(Server::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn mysql_survives_races() {
    survives_races(Server::Mysql).await;
}

/// The schema of fastapi-users with rows (contract.md sections 14 and 17). `{id}` is the type of ids, `{time}` of times,
/// `{q}` the quote, `{options}` the table options.
const UPSTREAM: &str = "
    CREATE TABLE {q}user{q} (id {id} NOT NULL, email VARCHAR(320) NOT NULL, hashed_password VARCHAR(1024) NOT NULL,
      is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN NOT NULL, PRIMARY KEY (id)) {options};
    CREATE UNIQUE INDEX ix_user_email ON {q}user{q} (email);
    CREATE TABLE oauth_account (id {id} NOT NULL, user_id {id} NOT NULL, oauth_name VARCHAR(100) NOT NULL,
      access_token VARCHAR(1024) NOT NULL, expires_at INTEGER, refresh_token VARCHAR(1024),
      account_id VARCHAR(320) NOT NULL, account_email VARCHAR(320) NOT NULL, PRIMARY KEY (id),
      FOREIGN KEY(user_id) REFERENCES {q}user{q} (id) ON DELETE cascade) {options};
    CREATE INDEX ix_oauth_account_oauth_name ON oauth_account (oauth_name);
    CREATE INDEX ix_oauth_account_account_id ON oauth_account (account_id);
    CREATE TABLE accesstoken (user_id {id} NOT NULL, token VARCHAR(43) NOT NULL, created_at {time} NOT NULL,
      PRIMARY KEY (token), FOREIGN KEY(user_id) REFERENCES {q}user{q} (id) ON DELETE cascade) {options};
    CREATE INDEX ix_accesstoken_created_at ON accesstoken (created_at);
    INSERT INTO {q}user{q} VALUES ('bdfc2b97-4876-4210-9dba-158745062fcd', 'King.Arthur@camelot.bt', '$argon2id$arthur', TRUE, FALSE, TRUE);
    INSERT INTO {q}user{q} VALUES ('0e3ef2b0-d0de-4a50-8e40-ebd2aaf5e31c', 'mordred@camelot.bt', '$2b$12$mordred', FALSE, TRUE, FALSE);
    INSERT INTO accesstoken VALUES ('bdfc2b97-4876-4210-9dba-158745062fcd', '1U07Sj5vv2rckCEnaYqPzMxt3n4u81zMXy3E4VG24wU',
      '2026-11-23 02:52:42');
    INSERT INTO oauth_account VALUES ('cd687bc0-f736-476c-ad52-68b1105f01e6', 'bdfc2b97-4876-4210-9dba-158745062fcd', 'fake',
      'AT', 1795406798, 'RT', 'arthur', 'arthur@example.com');
";

fn upstream(server: Server, options: &str) -> String {
    let (id, time, quote) = match server {
        Server::Postgres => ("UUID", "TIMESTAMP WITH TIME ZONE", "\""),
        Server::Mysql => ("CHAR(36)", "DATETIME", "`"),
    };
    let text = UPSTREAM.replace("{id}", id).replace("{time}", time).replace("{q}", quote);
    text.replace("{options}", options)
}

/// The table options that tables of fastapi-users may have: on MySQL they depend on the defaults of the server.
fn options(server: Server) -> &'static [&'static str] {
    match server {
        Server::Postgres => &[""],
        Server::Mysql => &[
            "",
            "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
            "CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
            "CHARACTER SET latin1 COLLATE latin1_swedish_ci",
        ],
    }
}

async fn drift<U: StoredUser>(store: &SqlStore<U>) -> Vec<SchemaDrift> {
    store.check_schema().await.unwrap()
}

/// Returns `true` for what tables of fastapi-users lack on MySQL, which a migration does not change: its collations take
/// different addresses for equal, or lack characters, and its times have no fractions of seconds.
fn is_limit(drift: &SchemaDrift) -> bool {
    ["the unique key ix_user_email takes", "keeps 0 digits", "the character set latin1 lacks"]
        .iter()
        .any(|start| drift.problem.starts_with(start))
}

/// Repairs these limits. Then there is no difference left.
async fn repair_limits<U: StoredUser>(store: &ServerStore<U>) {
    for drift in drift(store).await {
        assert!(store.database.server == Server::Mysql && is_limit(&drift), "{drift}");
        store.database.run(&drift.repair.unwrap()).await;
    }
    assert_eq!(drift(store).await, []);
}

#[tokio::test]
async fn a_fastapi_users_database_is_adopted_with_its_rows_on_servers() {
    for server in Server::ALL {
        for options in options(server) {
            let Some(store) = ServerStore::<User>::fresh(server).await else { continue };
            store.database.run(&upstream(server, options)).await;
            store.migrate().await.unwrap();
            repair_limits(&store).await;

            let arthur =
                store.find_by_email(&CanonicalEmail::of("king.arthur@CAMELOT.bt")).await.unwrap().unwrap().user;
            assert_eq!(arthur.id.to_string(), "bdfc2b97-4876-4210-9dba-158745062fcd");
            assert_eq!(arthur.hashed_password.as_stored(), "$argon2id$arthur");
            assert_eq!((arthur.is_active, arthur.is_superuser, arthur.is_verified), (true, false, true));
            assert_eq!(
                (&arthur.full_name, arthur.visits, &arthur.tags, &arthur.plan),
                (&None, 0, &vec![], &Plan::Free)
            );
            let mordred = store.find_by_email(&CanonicalEmail::of("mordred@camelot.bt")).await.unwrap().unwrap().user;
            let wanted = [Lookup::by_id(mordred.id), Lookup::by_id(arthur.id)];
            let found = store.find(&wanted).await.unwrap();
            assert_eq!(found[1].as_ref().unwrap().user, arthur, "{server:?} {options}");
            plans::hot_queries_of(&store.database, &USER_SQL).await;

            // fastapi-users can still insert users with its columns, we find them, and dependent rows are deleted with a user.
            let quote = if server == Server::Postgres { '"' } else { '`' };
            let galahad = "(id, email, hashed_password, is_active, is_superuser, is_verified) VALUES \
                           ('d777d2a5-f4a7-4a1a-9d27-a6b68d7fb3ea', 'Galahad@camelot.bt', 'hash', TRUE, FALSE, FALSE)";
            store.database.run(&format!("INSERT INTO {quote}user{quote} {galahad}")).await;
            assert!(store.find_by_email(&CanonicalEmail::of("galahad@camelot.bt")).await.unwrap().is_some());
            let twin = store.insert(user(account("GALAHAD@camelot.bt"))).await;
            assert!(matches!(twin, Err(StoreError::EmailTaken)), "{twin:?}");
            assert!(store.delete(arthur.id).await.unwrap());
            let left = rows(
                &store.database,
                "SELECT token FROM accesstoken WHERE token LIKE '1U07%' UNION ALL SELECT oauth_name FROM oauth_account",
            );
            assert_eq!(left.await, 0, "{server:?}");
        }
    }
}

#[tokio::test]
async fn integer_ids_of_fastapi_users_are_adopted_on_servers() {
    for server in Server::ALL {
        let Some(store) = ServerStore::<Member>::fresh(server).await else { continue };
        let (table, id) = match server {
            Server::Postgres => ("\"user\"", "SERIAL"),
            Server::Mysql => ("`user`", "INTEGER AUTO_INCREMENT"),
        };
        let made = format!(
            "CREATE TABLE {table} (id {id} NOT NULL, email VARCHAR(320) NOT NULL, hashed_password VARCHAR(1024) NOT NULL,
               is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN NOT NULL, PRIMARY KEY (id));
             CREATE UNIQUE INDEX ix_user_email ON {table} (email);
             INSERT INTO {table} (email, hashed_password, is_active, is_superuser, is_verified)
               VALUES ('arthur@camelot.bt', 'hash', TRUE, FALSE, FALSE);"
        );
        store.database.run(&made).await;
        store.migrate().await.unwrap();
        repair_limits(&store).await;
        let found = store.find(&[Lookup::by_id(1)]).await.unwrap().pop().unwrap().unwrap();
        assert_eq!(found.user.email, "arthur@camelot.bt");
        let next = store.insert(member(account("mordred@camelot.bt"))).await.unwrap();
        assert_eq!(next.id, 2);
        let both = store.find(&[Lookup::by_id(2), Lookup::by_id(1)]).await.unwrap();
        assert_eq!(both[0].as_ref().unwrap().user, next);
    }
}

#[tokio::test]
async fn the_migration_as_text_creates_the_same_schema_on_servers() {
    for server in Server::ALL {
        let Some(store) = ServerStore::<User>::fresh(server).await else { continue };
        let database = if server == Server::Postgres { Database::Postgres } else { Database::Mysql };
        store.database.run(&users_runtime::Users::<User>::migration_sql(database).unwrap()).await;
        assert_eq!(drift(&store).await, []);
        let Some(store) = ServerStore::<Member>::fresh(server).await else { continue };
        store.database.run(&users_runtime::Users::<Member>::migration_sql(database).unwrap()).await;
        assert_eq!(drift(&store).await, []);
    }
}

#[tokio::test]
async fn the_repairs_reported_for_drift_complete_the_schema_on_servers() {
    for server in Server::ALL {
        let Some(store) = ServerStore::<User>::migrated(server).await else { continue };
        let before = store.insert(user(account("arthur@camelot.example"))).await.unwrap();
        let older = match server {
            Server::Postgres => {
                r#"ALTER TABLE "user" DROP COLUMN auth_epoch, DROP COLUMN tags, DROP COLUMN full_name;
                   ALTER TABLE "user" ALTER COLUMN visits DROP NOT NULL;
                   DROP INDEX ix_user_email_canonical; DROP INDEX ix_user_token_state_user_id"#
            }
            Server::Mysql => {
                "ALTER TABLE `user` DROP COLUMN auth_epoch, DROP COLUMN tags, DROP COLUMN full_name;
                 ALTER TABLE `user` DROP COLUMN email_canonical;
                 DROP INDEX ix_user_token_state_expires_at ON user_token_state"
            }
        };
        store.database.run(older).await;
        let found = drift(&store).await;
        assert!(found.len() >= 5, "{found:?}");
        for SchemaDrift { repair, .. } in found {
            store.database.run(&repair.unwrap()).await;
        }
        assert_eq!(drift(&store).await, []);
        let after = store.find(&[Lookup::by_id(before.id)]).await.unwrap().pop().unwrap().unwrap().user;
        assert_eq!(after, User { tags: Vec::new(), full_name: None, ..before });
    }
}

#[tokio::test]
async fn addresses_that_differ_only_in_case_abort_a_migration_without_changes_on_servers() {
    for server in Server::ALL {
        let Some(store) = ServerStore::<User>::fresh(server).await else { continue };
        store
            .database
            .run(&upstream(server, "").replace("ix_user_email ON", "ix_other ON").replace("UNIQUE ", ""))
            .await;
        let quote = if server == Server::Postgres { '"' } else { '`' };
        let twin = "VALUES ('d777d2a5-f4a7-4a1a-9d27-a6b68d7fb3ea', 'MORDRED@camelot.bt', 'hash', TRUE, FALSE, FALSE)";
        store.database.run(&format!("INSERT INTO {quote}user{quote} {twin}")).await;
        let before = drift(&store).await;
        let Err(StoreError::Schema(text)) = store.migrate().await else { panic!("must be rejected") };
        assert!(text.starts_with("1 e-mail address"), "{text}");
        assert_eq!(drift(&store).await, before);
        let query = text.split_once("Find them with: ").unwrap().1;
        assert_eq!(rows(&store.database, query).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_migrations_of_one_database_succeed() {
    for server in Server::ALL {
        let Some(database) = server.database().await else { continue };
        database.run(&upstream(server, "")).await;
        let mut stores = Vec::new();
        for _ in 0..6 {
            stores.push(SqlStore::<User>::connect(&database.url()).await.unwrap());
        }
        let tasks: Vec<_> =
            stores.iter().cloned().map(|store| tokio::spawn(async move { store.migrate().await })).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let left = drift(&stores[0]).await;
        assert!(left.iter().all(is_limit), "{server:?} {left:?}");
    }
}

#[tokio::test]
async fn addresses_are_folded_only_in_ascii() {
    for server in Server::ALL {
        let Some(store) = ServerStore::<User>::migrated(server).await else { continue };
        // Each of these is a distinct address; the last has every ASCII letter.
        let all = "ABCDEFGHIJKLMNOPQRSTUVWXYZ@[`{\u{7f}\u{80}ÀÉÞßàéþÿĞğİıŠšſΣσςЯяאש漢🗝\u{1e9e}";
        for address in ["É@camelot.bt", "é@camelot.bt", "e@camelot.bt", "é @camelot.bt", all] {
            let stored = store.insert(user(account(address))).await.unwrap();
            let shouted = address.to_ascii_uppercase();
            let found = store.find_by_email(&CanonicalEmail::of(&shouted)).await.unwrap().unwrap();
            assert_eq!(found.user, stored, "{server:?} {address}");
            let twin = store.insert(user(account(&shouted))).await;
            assert!(matches!(twin, Err(StoreError::EmailTaken)), "{server:?} {address}: {twin:?}");
            // A trailing space is significant, independent of the collation.
            let padded = store.find_by_email(&CanonicalEmail::of(&format!("{address} "))).await.unwrap();
            assert!(padded.is_none(), "{server:?} {address}");
        }
    }
}

#[tokio::test]
async fn an_update_without_changes_still_finds_its_row() {
    for server in Server::ALL {
        let Some(store) = ServerStore::<User>::migrated(server).await else { continue };
        let stored = store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
        let same = {
            let mut change = Change::new(stored.clone(), Columns::EMAIL);
            change.if_email = Some(stored.email.clone());
            change
        };
        assert_eq!(store.update(same).await.unwrap(), Some(stored), "{server:?}");
    }
}

/// MySQL has no `RETURNING`, so that a change is two statements. They need a transaction only if the change must not be repeated.
#[tokio::test]
async fn on_mysql_a_change_without_conditions_needs_no_transaction() {
    let Some(database) = Server::Mysql.database().await else { return };
    let pool = MySqlPoolOptions::new().max_connections(1).connect(&database.url()).await.unwrap();
    let store = SqlStore::<User>::from_mysql_pool(pool.clone()).unwrap();
    store.migrate().await.unwrap();
    let arthur = store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
    let count = async |of: &str| -> u64 {
        let rows = sqlx::raw_sql(AssertSqlSafe(format!("SHOW SESSION STATUS LIKE '{of}'"))).fetch_one(&pool).await;
        rows.unwrap().get::<String, _>(1).parse().unwrap()
    };
    let changed = async |change| {
        let before = (count("Com_begin").await, count("Com_stmt_execute").await);
        let renamed = store.update(change).await.unwrap().unwrap();
        assert_eq!(renamed.full_name.as_deref(), Some("Arthur"));
        (count("Com_begin").await - before.0, count("Com_stmt_execute").await - before.1)
    };
    let rename = || change(&arthur, "Arthur", EndSessions::Keep);
    assert_eq!(changed(rename()).await, (0, 2));
    let mut conditional = rename();
    conditional.if_email = Some(arthur.email.clone());
    assert_eq!(changed(conditional).await, (1, 2));
    assert_eq!(changed(change(&arthur, "Arthur", EndSessions::All)).await, (1, 2));
}

/// Counts the rows of a query on a separate connection.
async fn rows(database: &TempDatabase, sql: &str) -> usize {
    let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    match database.server {
        Server::Postgres => PgConnection::connect(&database.url()).await.unwrap().fetch_all(sql).await.unwrap().len(),
        Server::Mysql => MySqlConnection::connect(&database.url()).await.unwrap().fetch_all(sql).await.unwrap().len(),
    }
}

#[tokio::test]
async fn the_store_works_on_a_pool_of_the_application_on_servers() {
    for server in Server::ALL {
        let Some(database) = server.database().await else { continue };
        let store = match server {
            Server::Postgres => {
                SqlStore::<User>::from_postgres_pool(sqlx::PgPool::connect(&database.url()).await.unwrap()).unwrap()
            }
            Server::Mysql => {
                SqlStore::<User>::from_mysql_pool(sqlx::MySqlPool::connect(&database.url()).await.unwrap()).unwrap()
            }
        };
        store.migrate().await.unwrap();
        let stored = store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
        let found = store.find(&[Lookup::by_id(stored.id)]).await.unwrap().pop().unwrap().unwrap();
        assert_eq!(found.user, stored);
    }
}

/// A session that is not strict truncates values silently.
#[tokio::test]
async fn the_settings_of_a_pool_of_the_application_are_checked_on_mysql() {
    let Some(fresh) = ServerStore::<User>::migrated(Server::Mysql).await else { return };
    for (setting, part) in [
        ("SET SESSION sql_mode = ''", "not strict"),
        ("SET SESSION time_zone = '+02:00'", "not in UTC"),
        ("SET NAMES latin1", "not in utf8mb4"),
    ] {
        let pool = MySqlPoolOptions::new()
            .after_connect(move |connection, _| Box::pin(async move { connection.execute(setting).await.map(drop) }));
        let pool = pool.connect(&fresh.database.url()).await.unwrap();
        let drift = drift(&SqlStore::<User>::from_mysql_pool(pool).unwrap()).await;
        assert!(drift.len() == 1 && drift[0].problem.contains(part), "{setting}: {drift:?}");
    }
    // A zone with summer time is not UTC in winter either. A server knows names of zones only if they were loaded.
    let london = "SET SESSION time_zone = 'Europe/London'";
    let zones = sqlx::MySqlPool::connect(&fresh.database.url()).await.unwrap();
    if zones.execute(london).await.is_ok() {
        let pool = MySqlPoolOptions::new()
            .after_connect(move |connection, _| Box::pin(async move { connection.execute(london).await.map(drop) }));
        let pool = pool.connect(&fresh.database.url()).await.unwrap();
        let drift = drift(&SqlStore::<User>::from_mysql_pool(pool).unwrap()).await;
        assert!(drift.len() == 1 && drift[0].problem.contains("not in UTC"), "{drift:?}");
    }
    let pool = sqlx::MySqlPool::connect(&fresh.database.url()).await.unwrap();
    assert_eq!(drift(&SqlStore::<User>::from_mysql_pool(pool).unwrap()).await, []);
}
