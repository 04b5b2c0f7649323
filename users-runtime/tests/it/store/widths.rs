//! Columns that are too narrow for what is written into them.

use users_runtime::store::{SchemaDrift, UserStore};

use crate::store::{server_store::ServerStore, servers::Server, support::FileStore, users::User};

/// Returns the statement that changes the type of a column, and a problem that the change causes.
fn narrowed(server: Server) -> Vec<(&'static str, &'static str, &'static str, &'static str)> {
    let no_limit = "and the field has no `length(max = …)`";
    let fraction = "keeps 0 digits of the fraction of a second, 6 are written";
    match server {
        Server::Postgres => vec![
            ("user", "hashed_password", "varchar(60)", "holds 60 characters, and up to 101 are written"),
            ("user", "email", "varchar(100)", "holds 100 characters, and up to 254 are written"),
            ("user", "email", "char(300)", "pads texts with spaces"),
            ("user", "full_name", "varchar(20)", no_limit),
            ("user", "plan", "varchar(3)", "holds 3 characters, and up to 4 are written"),
            ("user", "visits", "integer", "the type is integer, the field wants INT8"),
            ("user", "auth_epoch", "smallint", "the type is smallint, the field wants BIGINT"),
            ("accesstoken", "token", "varchar(42)", "holds 42 characters, and up to 43 are written"),
            ("accesstoken", "created_at", "timestamptz(0)", fraction),
            ("accesstoken", "user_agent", "varchar(100)", "holds 100 characters, and up to 255 are written"),
            ("user_token_state", "token_id", "varchar(20)", "holds 20 characters, and up to 22 are written"),
            ("user_token_state", "expires_at", "timestamptz(3)", "keeps 3 digits of the fraction"),
        ],
        Server::Mysql => vec![
            ("user", "hashed_password", "varchar(60) NOT NULL", "holds 60 characters, and up to 101 are written"),
            ("user", "email", "varchar(100) NOT NULL", "holds 100 characters, and up to 254 are written"),
            (
                "user",
                "email",
                "varchar(320) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL",
                "the character set latin1 lacks characters that are written",
            ),
            ("user", "full_name", "tinytext", no_limit),
            ("user", "full_name", "varchar(20) DEFAULT 'x' COMMENT 'it''s a name'", no_limit),
            ("user", "full_name", "text CHARACTER SET utf8mb3", "the character set utf8mb3 lacks characters"),
            ("user", "visits", "int NOT NULL DEFAULT 7", "the type is int(11), the field wants BIGINT"),
            ("user", "auth_epoch", "mediumint unsigned NOT NULL DEFAULT 0", "the field wants BIGINT"),
            ("accesstoken", "token", "varchar(42) NOT NULL", "holds 42 characters, and up to 43 are written"),
            ("accesstoken", "created_at", "datetime NOT NULL", fraction),
            ("accesstoken", "last_seen_at", "timestamp NULL", "a TIMESTAMP ends in 2038"),
            ("accesstoken", "user_agent", "varchar(100)", "holds 100 characters, and up to 255 are written"),
            ("user_token_state", "expires_at", "datetime(3) NOT NULL", "keeps 3 digits of the fraction"),
        ],
    }
}

#[tokio::test]
async fn a_column_that_is_too_narrow_is_drift_with_the_statement_that_widens_it() {
    for server in Server::ALL {
        let Some(store) = ServerStore::<User>::migrated(server).await else { continue };
        for (table, column, sql_type, problem) in narrowed(server) {
            let alter = match server {
                Server::Postgres => format!("ALTER TABLE \"{table}\" ALTER COLUMN \"{column}\" TYPE {sql_type}"),
                Server::Mysql => format!("ALTER TABLE `{table}` MODIFY COLUMN `{column}` {sql_type}"),
            };
            store.database.run(&alter).await;
            let found = store.check_schema().await.unwrap();
            let [SchemaDrift { problem: found, repair: Some(repair), .. }] = &found[..] else {
                panic!("{server:?} {alter}: {found:?}")
            };
            assert!(found.contains(problem), "{server:?} {alter}: {found}");
            // A migration rewrites nothing.
            store.migrate().await.unwrap();
            assert_eq!(store.check_schema().await.unwrap().len(), 1, "{alter}");
            store.database.run(repair).await;
            assert_eq!(store.check_schema().await.unwrap(), [], "{server:?} {repair}");
        }
    }
}

#[tokio::test]
async fn a_widened_column_keeps_its_default_and_comment() {
    let Some(store) = ServerStore::<User>::migrated(Server::Mysql).await else { return };
    let narrow = "ALTER TABLE `user` MODIFY COLUMN full_name varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_czech_ci \
                  DEFAULT 'it''s' COMMENT 'a ''name'''";
    store.database.run(narrow).await;
    let [drift] = &store.check_schema().await.unwrap()[..] else { panic!("one difference") };
    assert_eq!(
        drift.repair.as_deref(),
        Some(
            "ALTER TABLE `user` MODIFY COLUMN `full_name` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_czech_ci NULL \
             DEFAULT 'it''s' COMMENT 'a \\'name\\''"
        )
    );
}

/// Widths as frameworks choose them, which are sufficient.
#[tokio::test]
async fn a_column_that_is_wide_enough_is_no_drift() {
    for server in Server::ALL {
        let Some(store) = ServerStore::<User>::migrated(server).await else { continue };
        let changes = match server {
            Server::Postgres => {
                "ALTER TABLE \"user\" ALTER COLUMN email TYPE varchar(254), ALTER COLUMN hashed_password TYPE varchar(128), \
                 ALTER COLUMN plan TYPE varchar(4); \
                 CREATE DOMAIN address AS varchar(255) CHECK (value LIKE '%@%'); \
                 ALTER TABLE \"user\" ALTER COLUMN email TYPE address"
            }
            Server::Mysql => {
                "ALTER TABLE `user` MODIFY COLUMN email varchar(254) NOT NULL, MODIFY COLUMN hashed_password varchar(128) \
                 CHARACTER SET latin1 NOT NULL, MODIFY COLUMN full_name text, MODIFY COLUMN plan varchar(4) NOT NULL"
            }
        };
        store.database.run(changes).await;
        assert_eq!(store.check_schema().await.unwrap(), [], "{server:?}");
    }
}

#[tokio::test]
async fn declared_lengths_limit_nothing_on_sqlite() {
    let store = FileStore::<User>::fresh().await;
    store
        .file
        .run(
            "CREATE TABLE user (id CHAR(36) NOT NULL PRIMARY KEY, email VARCHAR(5) NOT NULL, hashed_password VARCHAR(60) NOT NULL, \
             is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN NOT NULL)",
        )
        .await;
    store.migrate().await.unwrap();
    assert_eq!(store.check_schema().await.unwrap(), []);
}
