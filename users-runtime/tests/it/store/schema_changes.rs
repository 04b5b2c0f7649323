//! Migrations of other programs beside a running store: every operation works on connections whose prepared statements are
//! from before the change.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::future::join_all;
use sqlx::{Executor, mysql::MySqlPoolOptions, postgres::PgPoolOptions};
use users_runtime::store::{CanonicalEmail, Lookup, PoolSettings, SqlStore, UserStore};

use crate::store::{
    every_write::{Write, by_email, key, present, session, sessions},
    links::LinkWrite,
    refused_writes::pool_of_the_application,
    server_store::ServerStore,
    servers::Server,
    support::{FileStore, TempFile, account},
    users::{User, user},
};

/// Returns a change of the schema that leaves every value as it is. `n` makes each of them different from the last.
fn change_of(server: Option<Server>, n: usize) -> String {
    let width = 200 + n;
    match server {
        Some(Server::Postgres) => match n % 4 {
            0 => format!(
                "ALTER TABLE \"user\" ALTER hashed_password TYPE varchar({width}), ALTER full_name TYPE varchar({width})"
            ),
            1 => format!(
                "ALTER TABLE accesstoken ALTER token TYPE varchar({width}), ALTER user_agent TYPE varchar({width}), \
                          ADD COLUMN extra_{n} int DEFAULT 7"
            ),
            2 => format!(
                "ALTER TABLE \"user\" ADD COLUMN extra_{n} text DEFAULT 'x'; \
                          ALTER TABLE user_token_state ALTER token_id TYPE varchar({width})"
            ),
            // The table is replaced by another one.
            _ => "BEGIN; ALTER TABLE accesstoken DROP CONSTRAINT accesstoken_user_id_fkey; \
                  ALTER TABLE \"user\" RENAME TO former; CREATE TABLE \"user\" (LIKE former INCLUDING ALL); \
                  INSERT INTO \"user\" SELECT * FROM former; DROP TABLE former CASCADE; \
                  ALTER TABLE accesstoken ADD FOREIGN KEY (user_id) REFERENCES \"user\" (id) ON DELETE CASCADE; COMMIT"
                .to_owned(),
        },
        Some(Server::Mysql) => match n % 3 {
            0 => format!(
                "ALTER TABLE `user` MODIFY hashed_password VARCHAR({width}) NOT NULL, MODIFY full_name VARCHAR({width})"
            ),
            1 => format!(
                "ALTER TABLE accesstoken MODIFY user_agent VARCHAR({width}), ADD COLUMN extra_{n} INT DEFAULT 7"
            ),
            _ => format!(
                "ALTER TABLE `user` ADD COLUMN extra_{n} VARCHAR(9) DEFAULT 'x' FIRST; \
                          RENAME TABLE `user` TO former, former TO `user`"
            ),
        },
        None => match n % 3 {
            0 => format!("ALTER TABLE \"user\" ADD COLUMN extra_{n} TEXT DEFAULT 'x'"),
            1 => format!("ALTER TABLE accesstoken ADD COLUMN extra_{n} INTEGER DEFAULT 7"),
            _ => "BEGIN IMMEDIATE; ALTER TABLE \"user\" RENAME COLUMN full_name TO former; \
                  ALTER TABLE \"user\" RENAME COLUMN former TO full_name; COMMIT"
                .to_owned(),
        },
    }
}

/// Returns a change of the table of accounts at providers that leaves every value as it is.
fn change_of_links(server: Option<Server>, n: usize) -> String {
    let width = 400 + n;
    match server {
        Some(Server::Postgres) => format!(
            "ALTER TABLE oauth_account ALTER account_id TYPE varchar({width}), ALTER account_email TYPE varchar({width}), \
             ADD COLUMN extra_{n} int DEFAULT 7"
        ),
        Some(Server::Mysql) => format!(
            "ALTER TABLE oauth_account MODIFY account_email VARCHAR({width}) NOT NULL, ADD COLUMN extra_{n} INT DEFAULT 7 FIRST"
        ),
        None => format!("ALTER TABLE oauth_account ADD COLUMN extra_{n} INTEGER DEFAULT 7"),
    }
}

/// Prepares every statement on every connection, changes the schema, and runs each write and each lookup.
async fn every_operation_survives(
    what: &str,
    store: &SqlStore<User>,
    server: Option<Server>,
    change: impl AsyncFn(String),
) {
    let reads = async |count: usize| {
        let arthur = by_email(store, "arthur@camelot.bt").await.unwrap();
        let both = [Lookup::by_id(arthur.id), Lookup::Session(key(9999))];
        for found in join_all((0..count).map(|_| store.find(&both))).await {
            assert_eq!(found.unwrap().iter().flatten().count(), 2, "{what}");
        }
        let many = vec![Lookup::by_id(arthur.id); 3];
        assert_eq!(store.find(&many).await.unwrap().iter().flatten().count(), 3, "{what}");
        let many = vec![Lookup::Session(key(9999)); 3];
        assert_eq!(store.find(&many).await.unwrap().iter().flatten().count(), 3, "{what}");
        assert_eq!(present(store, &arthur).await, Some(arthur.clone()), "{what}");
        assert_eq!(sessions(store).list(&arthur.id.to_string()).await.unwrap().len(), 1, "{what}");
    };
    let arthur = store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
    let mut changes = 0;
    for (number, write) in (1..).zip(Write::ALL) {
        sessions(store).add(session(&arthur, 9999), 20).await.unwrap();
        for warm in 0..2 {
            let about = write.prepare(store, number * 10 + warm).await;
            write.run(store, &about).await.unwrap();
        }
        if write == Write::EndAllSessions || write == Write::PurgeSessions || write == Write::PurgeNotes {
            store.end_sessions(Some(arthur.id)).await.unwrap();
        }
        let about = write.prepare(store, number * 10 + 5).await;
        for _ in 0..4 {
            change(change_of(server, changes)).await;
            changes += 1;
        }
        let done = write.run(store, &about).await;
        assert!(done.is_ok(), "{what}: {write:?} after the change: {done:?}");
        assert!(write.is_stored(store, &about).await, "{what}: {write:?}");
        sessions(store).remove(&key(9999)).await.unwrap();
    }
    for (number, write) in (0..).zip(LinkWrite::ALL) {
        for warm in 0..4 {
            write.run(store, 5000 + number * 10 + warm).await.unwrap();
        }
        for _ in 0..4 {
            change(change_of(server, changes)).await;
            change(change_of_links(server, changes)).await;
            changes += 1;
        }
        let done = write.run(store, 5000 + number * 10 + 5).await;
        assert!(done.is_ok(), "{what}: {write:?} after the change: {done:?}");
    }
    let session_owner = store.insert(user(account("kay@camelot.bt"))).await.unwrap();
    sessions(store).add(session(&session_owner, 1234), 20).await.unwrap();
    sessions(store).add(session(&by_email(store, "arthur@camelot.bt").await.unwrap(), 9999), 20).await.unwrap();
    reads(4).await;
    for _ in 0..4 {
        change(change_of(server, changes)).await;
        changes += 1;
        reads(4).await;
        assert!(store.check_schema().await.is_ok(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_works_after_the_schema_was_changed_on_sqlite() {
    let file = FileStore::<User>::migrated().await;
    let change = async |sql: String| {
        let mut connection = file.file.connect().await;
        connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql))).await.unwrap();
    };
    every_operation_survives("SQLite", &file.store, None, change).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_works_after_the_schema_was_changed_on_servers() {
    for server in Server::ALL {
        let Some(fresh) = ServerStore::<User>::migrated(server).await else { continue };
        let store = fresh.another(&PoolSettings::default().readers(4)).await;
        let change = async |sql: String| fresh.database.run(&sql).await;
        every_operation_survives(&format!("{server:?}"), &store, Some(server), change).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_works_after_the_schema_was_changed_on_a_pool_of_the_application() {
    for server in Server::ALL {
        let Some(database) = server.database().await else { continue };
        let url = database.url();
        let store = match server {
            Server::Postgres => {
                let pool = PgPoolOptions::new().max_connections(20).min_connections(20).connect(&url);
                SqlStore::<User>::from_postgres_pool(pool.await.unwrap()).unwrap()
            }
            Server::Mysql => {
                let pool = MySqlPoolOptions::new().max_connections(20).min_connections(20).connect(&url);
                SqlStore::<User>::from_mysql_pool(pool.await.unwrap()).unwrap()
            }
        };
        store.migrate().await.unwrap();
        let change = async |sql: String| database.run(&sql).await;
        every_operation_survives(&format!("a pool of {server:?}"), &store, Some(server), change).await;
    }
}

/// Users are added, changed and looked up by several tasks while columns are altered and added.
async fn load_survives(what: &str, store: &SqlStore<User>, server: Option<Server>, change: impl AsyncFn(String)) {
    let stop = Arc::new(AtomicBool::new(false));
    let arthur = store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
    let tasks: Vec<_> = (0..4)
        .map(|task| {
            let (store, stop, arthur) = (store.clone(), Arc::clone(&stop), arthur.clone());
            tokio::spawn(async move {
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    number += 1;
                    let email = format!("{task}.{number}@camelot.bt");
                    let added = store.insert(user(account(&email))).await.map_err(|error| ("insert", error))?;
                    let id = task * 100_000 + number;
                    sessions(&store).add(session(&added, id), 20).await.map_err(|error| ("add", error))?;
                    let found = store.find(&[Lookup::by_id(arthur.id), Lookup::Session(key(id))]).await;
                    assert_eq!(found.map_err(|error| ("find", error))?.iter().flatten().count(), 2);
                    let found =
                        store.find_by_email(&CanonicalEmail::of(&email)).await.map_err(|error| ("email", error))?;
                    assert_eq!(found.unwrap().user, added);
                    let change =
                        crate::store::every_write::change(&added, "Lancelot", users_runtime::store::EndSessions::All);
                    assert!(store.update(change).await.map_err(|error| ("update", error))?.is_some());
                    sessions(&store)
                        .touch(&key(id), crate::store::every_write::later())
                        .await
                        .map_err(|error| ("touch", error))?;
                    assert!(store.delete(added.id).await.map_err(|error| ("delete", error))?);
                    let links = LinkWrite::ALL[usize::try_from(number).unwrap() % LinkWrite::ALL.len()];
                    links.run(&store, 1_000_000 + id).await.map_err(|error| ("link", error))?;
                }
                Ok::<_, (&str, users_runtime::store::StoreError)>(number)
            })
        })
        .collect();
    for n in 0..24 {
        change(change_of(server, n)).await;
        change(change_of_links(server, n)).await;
    }
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        let done = task.await.unwrap();
        assert!(done.as_ref().is_ok_and(|done| *done > 0), "{what}: {done:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_operation_fails_while_the_schema_is_changed_under_load() {
    let file = FileStore::<User>::migrated().await;
    let change = async |sql: String| {
        let mut connection = file.file.connect().await;
        connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql))).await.unwrap();
    };
    load_survives("SQLite", &file.store, None, change).await;
    for server in Server::ALL {
        let Some(fresh) = ServerStore::<User>::migrated(server).await else { continue };
        let store = fresh.another(&PoolSettings::default().readers(4)).await;
        let change = async |sql: String| fresh.database.run(&sql).await;
        load_survives(&format!("{server:?}"), &store, Some(server), change).await;
    }
}

/// `DISCARD ALL` and `DEALLOCATE ALL`, which poolers and applications send, drop the statements of a session.
#[tokio::test]
async fn statements_that_the_session_has_dropped_are_prepared_again() {
    let Some(database) = Server::Postgres.database().await else { return };
    let pool = PgPoolOptions::new().max_connections(1).connect(&database.url()).await.unwrap();
    let store = SqlStore::<User>::from_postgres_pool(pool.clone()).unwrap();
    store.migrate().await.unwrap();
    for (number, write) in (1..).zip(Write::ALL) {
        let about = write.prepare(&store, number * 10).await;
        write.run(&store, &about).await.unwrap();
        let about = write.prepare(&store, number * 10 + 1).await;
        pool.execute(sqlx::raw_sql("DEALLOCATE ALL")).await.unwrap();
        let done = write.run(&store, &about).await;
        assert!(done.is_ok(), "{write:?}: {done:?}");
        assert!(write.is_stored(&store, &about).await, "{write:?}");
    }
}

/// `statement-cache-capacity=0`: a session must not collect the statements that its connection does not keep.
#[tokio::test]
async fn statements_that_are_not_kept_are_not_collected_by_the_server() {
    for server in Server::ALL {
        let Some(database) = server.database().await else { continue };
        let url = format!("{}?statement-cache-capacity=0", database.url());
        let (store, prepared): (SqlStore<User>, Box<dyn AsyncPrepared>) = match server {
            Server::Postgres => {
                let pool = PgPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
                (SqlStore::from_postgres_pool(pool.clone()).unwrap(), Box::new(pool))
            }
            Server::Mysql => {
                let pool = MySqlPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
                (SqlStore::from_mysql_pool(pool.clone()).unwrap(), Box::new(pool))
            }
        };
        store.migrate().await.unwrap();
        assert!(store.check_schema().await.is_ok());
        for (number, write) in (1..).zip(Write::ALL) {
            let about = write.prepare(&store, number).await;
            write.run(&store, &about).await.unwrap();
            assert!(write.is_stored(&store, &about).await, "{write:?}");
        }
        assert_eq!(prepared.count().await, 0, "{server:?}");
        // A store that opens its own pool takes the option as well.
        let own = SqlStore::<User>::connect(&url).await.unwrap();
        assert!(by_email(&own, "unknown@camelot.bt").await.is_none());
    }
}

/// A pool of one connection whose session can be asked for its prepared statements.
trait AsyncPrepared {
    fn count(&self) -> std::pin::Pin<Box<dyn Future<Output = i64> + '_>>;
}

impl AsyncPrepared for sqlx::PgPool {
    fn count(&self) -> std::pin::Pin<Box<dyn Future<Output = i64> + '_>> {
        Box::pin(async move {
            let named = "SELECT name FROM pg_prepared_statements WHERE name <> ''";
            i64::try_from(self.fetch_all(sqlx::raw_sql(named)).await.unwrap().len()).unwrap()
        })
    }
}

impl AsyncPrepared for sqlx::MySqlPool {
    fn count(&self) -> std::pin::Pin<Box<dyn Future<Output = i64> + '_>> {
        Box::pin(async move {
            let open = "SELECT (SELECT CAST(variable_value AS SIGNED) FROM information_schema.session_status \
                        WHERE variable_name = 'COM_STMT_PREPARE') - (SELECT CAST(variable_value AS SIGNED) \
                        FROM information_schema.session_status WHERE variable_name = 'COM_STMT_CLOSE')";
            let rows = self.fetch_all(sqlx::raw_sql(open)).await.unwrap();
            sqlx::Row::get::<i64, _>(&rows[0], 0)
        })
    }
}

/// SQLite has one writer. A pool of the application may have several connections, each with its own statements.
#[tokio::test]
async fn every_operation_works_after_the_schema_was_changed_on_an_sqlite_pool_of_the_application() {
    let file = TempFile::new();
    let pool = pool_of_the_application(file.path(), 3).await;
    let store = SqlStore::<User>::from_sqlite_pool(pool.clone()).unwrap();
    store.migrate().await.unwrap();
    let seen = std::sync::Mutex::new(HashSet::new());
    let change = async |sql: String| {
        seen.lock().unwrap().insert(sql.clone());
        pool.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql))).await.unwrap();
    };
    every_operation_survives("a pool of SQLite", &store, None, change).await;
    assert!(seen.lock().unwrap().len() > 2, "the schema was changed in several ways");
}
