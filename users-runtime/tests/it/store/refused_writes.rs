//! Databases that reject writes: acknowledged writes are stored, and other writes are errors. Failing commits are the
//! difficult case, since the statement has already returned its rows.

use std::{path::Path, time::Duration};

use sqlx::{
    Executor, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};
use users_runtime::store::{SqlStore, StoreError, UserStore};

use crate::store::{
    every_write::{Write, by_email, is_unavailable, refused_and_not_stored, session, sessions},
    support::{TempFile, account},
    users::{User, user},
};

/// An application's pool with a rollback journal, where a writer waits for readers and fails as busy when
/// it commits.
pub async fn pool_of_the_application(file: &Path, connections: u32) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Delete)
        .busy_timeout(Duration::from_millis(20));
    SqlitePoolOptions::new().max_connections(connections).connect_with(options).await.unwrap()
}

#[tokio::test]
async fn nothing_is_acknowledged_while_a_reader_locks_the_file() {
    let file = TempFile::new();
    let store = SqlStore::<User>::from_sqlite_pool(pool_of_the_application(file.path(), 2).await).unwrap();
    store.migrate().await.unwrap();
    let lock = async || {
        let mut reader = file.connect().await;
        reader.execute(sqlx::raw_sql("BEGIN; SELECT count(*) FROM \"user\"")).await.unwrap();
        reader
    };
    let unlock = async |reader: sqlx::SqliteConnection| sqlx::Connection::close(reader).await.unwrap();
    refused_and_not_stored(&store, &store, lock, unlock).await;
}

#[tokio::test]
async fn nothing_is_acknowledged_on_a_read_only_connection() {
    let file = TempFile::new();
    let pool = pool_of_the_application(file.path(), 1).await;
    let store = SqlStore::<User>::from_sqlite_pool(pool.clone()).unwrap();
    store.migrate().await.unwrap();
    let read_only = async || {
        pool.execute("PRAGMA query_only = ON").await.unwrap();
    };
    let writable = async |()| {
        pool.execute("PRAGMA query_only = OFF").await.unwrap();
    };
    refused_and_not_stored(&store, &store, read_only, writable).await;
}

/// SQLite rolls back the whole transaction when the database is full. The connection must be usable afterwards.
#[tokio::test]
async fn a_full_database_stores_acknowledged_writes_and_works_again_once_there_is_space() {
    let file = TempFile::new();
    let pool = pool_of_the_application(file.path(), 1).await;
    let store = SqlStore::<User>::from_sqlite_pool(pool.clone()).unwrap();
    store.migrate().await.unwrap();
    let owner = store.insert(user(account("owner@camelot.bt"))).await.unwrap();
    pool.execute("PRAGMA max_page_count = 1").await.unwrap(); // no more pages than exist

    let (mut acknowledged, mut refused) = ([0, 0], [0, 0]);
    for number in 0..400 {
        let results = [
            store.insert(user(account(&format!("{number}@camelot.bt")))).await.map(drop),
            sessions(&store).add(session(&owner, number), 1000).await,
        ];
        for (kind, result) in results.into_iter().enumerate() {
            assert!(result.is_ok() || is_unavailable(&result), "{result:?}");
            *(if result.is_ok() { &mut acknowledged[kind] } else { &mut refused[kind] }) += 1;
        }
    }
    assert!(refused[0] > 100 && refused[1] > 100, "the database was full: {refused:?}");
    let count = async |table: &str| -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM \"{table}\""));
        sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap()
    };
    assert_eq!([count("user").await - 1, count("accesstoken").await], acknowledged);

    pool.execute("PRAGMA max_page_count = 1000000").await.unwrap();
    for (number, write) in (1000..).zip(Write::ALL) {
        let about = write.prepare(&store, number).await;
        write.run(&store, &about).await.unwrap_or_else(|error| panic!("{write:?}: {error:?}"));
        assert!(write.is_stored(&store, &about).await, "{write:?}");
    }
}

/// A deferred constraint makes the commit fail after the row was returned, as a full disk does.
#[tokio::test]
async fn a_constraint_that_fails_at_the_commit_is_an_error() {
    let file = TempFile::new();
    let pool = pool_of_the_application(file.path(), 1).await;
    let store = SqlStore::<User>::from_sqlite_pool(pool.clone()).unwrap();
    store.migrate().await.unwrap();
    let guests = "CREATE TABLE guest (email TEXT REFERENCES host (email) DEFERRABLE INITIALLY DEFERRED);
                  CREATE TABLE host (email TEXT PRIMARY KEY);
                  CREATE TRIGGER guests AFTER INSERT ON \"user\" BEGIN INSERT INTO guest VALUES (NEW.email); END";
    pool.execute(sqlx::raw_sql(guests)).await.unwrap();
    let refused = store.insert(user(account("arthur@camelot.bt"))).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    assert!(by_email(&store, "arthur@camelot.bt").await.is_none());
}

#[cfg(all(feature = "postgres", feature = "mysql"))]
mod on_servers {
    use super::*;
    use crate::store::{server_store::ServerStore, servers::Server};

    /// Makes every write fail with the error of a full disk while the switch is on: on PostgreSQL at the commit. MariaDB has
    /// no deferred checks, so there the statement fails.
    fn full_disk(server: Server) -> String {
        let tables = ["user", "user_token_state", "accesstoken"];
        let mut sql = "CREATE TABLE disk (is_full BOOLEAN NOT NULL); INSERT INTO disk VALUES (FALSE);".to_owned();
        match server {
            Server::Postgres => {
                sql += "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                        IF (SELECT is_full FROM disk) THEN RAISE EXCEPTION 'disk full' USING ERRCODE = '53100'; END IF; \
                        RETURN NULL; END $$;";
                for table in tables {
                    sql += &format!(
                        "CREATE CONSTRAINT TRIGGER stop AFTER INSERT OR UPDATE OR DELETE ON \"{table}\" \
                         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stop();"
                    );
                }
            }
            Server::Mysql => {
                for table in tables {
                    for event in ["INSERT", "UPDATE", "DELETE"] {
                        sql += &format!(
                            "CREATE TRIGGER {table}_{event} AFTER {event} ON `{table}` FOR EACH ROW \
                             IF (SELECT is_full FROM disk) THEN \
                             SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1021, MESSAGE_TEXT = 'disk full'; END IF;"
                        );
                    }
                }
            }
        }
        sql
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nothing_is_acknowledged_while_the_disk_of_a_server_is_full() {
        for server in Server::ALL {
            let Some(fresh) = ServerStore::<User>::migrated(server).await else { continue };
            fresh.database.run(&full_disk(server)).await;
            let full = async || fresh.database.run("UPDATE disk SET is_full = TRUE").await;
            let room = async |()| fresh.database.run("UPDATE disk SET is_full = FALSE").await;
            refused_and_not_stored(&fresh.store, &fresh.store, full, room).await;
        }
    }
}
