//! Servers that are unreachable or read-only, dropped connections, and exhausted pools.

use std::time::Duration;

use futures_util::future::join_all;
use sqlx::{Executor, mysql::MySqlPoolOptions, postgres::PgPoolOptions};
use tokio::time::timeout;
use users_runtime::{
    PasswordHash,
    store::{
        CanonicalEmail, Change, Columns, EndSessions, Epoch, Lookup, PoolSettings, SqlStore, StoreError, TokenState,
        UserStore,
    },
};

use crate::store::{
    every_write::{by_email, change, is_unavailable, key, later, name, present, session, sessions},
    server_store::ServerStore,
    servers::{
        Server, TempDatabase,
        proxy::{Cut, Proxy},
        until_connected,
    },
    support::account,
    users::{User, user},
};

/// Opens as many connections as the pool allows.
async fn fill_pool(store: &SqlStore<User>) {
    let unknown = unknown_email();
    for found in join_all((0..16).map(|_| store.find_by_email(&unknown))).await {
        assert!(found.unwrap().is_none());
    }
}

/// Fills the pool and cuts its connections. On a busy machine one connection may serve all lookups: they are then repeated.
async fn cut_several(store: &SqlStore<User>, fresh: &ServerStore<User>) -> usize {
    let mut cut = 0;
    for _ in 0..20 {
        fill_pool(store).await;
        cut = fresh.database.cut_connections().await;
        if cut >= 2 {
            break;
        }
    }
    cut
}

fn unknown_email() -> CanonicalEmail {
    CanonicalEmail::of("unknown@camelot.bt")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_connections_are_replaced_transparently() {
    for server in Server::ALL {
        let Some(fresh) = ServerStore::<User>::migrated(server).await else { continue };
        let store = fresh.another(&PoolSettings::default().readers(4)).await;
        let sessions = sessions(&store);
        let cut = async || {
            let cut = cut_several(&store, &fresh).await;
            assert!(cut >= 2, "{server:?}: with {cut} connections a single retry would be enough");
        };

        let arthur = store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
        cut().await;
        assert_eq!(present(&store, &arthur).await.as_ref(), Some(&arthur), "{server:?}");
        cut().await;
        assert_eq!(by_email(&store, "arthur@camelot.bt").await.as_ref(), Some(&arthur), "{server:?}");
        cut().await;
        let both = [Lookup::by_id(arthur.id), Lookup::Session(key(1))];
        assert_eq!(store.find(&both).await.unwrap().iter().flatten().count(), 1, "{server:?}");
        cut().await;
        let mordred = store.insert(user(account("mordred@camelot.bt"))).await.unwrap();
        cut().await;
        let named = store.update(change(&arthur, "Arthur", EndSessions::AllBut(name(1), later()))).await.unwrap();
        assert_eq!(named.unwrap().full_name.as_deref(), Some("Arthur"), "{server:?}");
        cut().await;
        sessions.add(session(&arthur, 1), 20).await.unwrap();
        cut().await;
        assert_eq!(sessions.list(&arthur.id.to_string()).await.unwrap().len(), 1, "{server:?}");
        cut().await;
        sessions.touch(&key(1), later()).await.unwrap();
        cut().await;
        assert!(sessions.remove(&key(1)).await.unwrap(), "{server:?}");
        cut().await;
        store.revoke(&name(2), later()).await.unwrap();
        cut().await;
        assert!(store.delete(mordred.id).await.unwrap(), "{server:?}");
        cut().await;
        assert_eq!(store.check_schema().await.unwrap(), [], "{server:?}");
        cut().await;
        store.migrate().await.unwrap();
    }
}

/// Users are written while all connections are dropped repeatedly: each is stored completely or not at all, and each
/// acknowledged one is stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writes_acknowledged_while_connections_drop_are_stored() {
    for server in Server::ALL {
        let Some(fresh) = ServerStore::<User>::migrated(server).await else { continue };
        let store = fresh.another(&PoolSettings::default().readers(4)).await;
        let mut writers = Vec::new();
        for writer in 0..4 {
            let store = store.clone();
            writers.push(tokio::spawn(async move {
                let mut results = Vec::new();
                for number in 0..40 {
                    let wanted = user(account(&format!("{writer}.{number}@camelot.bt")));
                    let result = store.insert(wanted.clone()).await;
                    results.push((wanted, result));
                }
                results
            }));
        }
        let mut cuts = 0;
        while writers.iter().any(|writer| !writer.is_finished()) {
            cuts += fresh.database.cut_connections().await;
            tokio::task::yield_now().await;
        }
        assert!(cuts > 0);
        for writer in writers {
            for (wanted, result) in writer.await.unwrap() {
                let stored = present(&fresh, &wanted).await;
                assert_eq!(stored, by_email(&fresh, &wanted.email).await);
                match result {
                    Ok(acknowledged) => assert_eq!(stored, Some(acknowledged), "{server:?}"),
                    Err(StoreError::Unavailable(_)) => {
                        assert!(stored.is_none_or(|stored| stored == wanted), "{server:?}");
                    }
                    Err(other) => panic!("{server:?}: {other:?}"),
                }
            }
        }
        // The data is unchanged.
        store.insert(user(account("last@camelot.bt"))).await.unwrap();
    }
}

/// A write, the statement text at which its connection is dropped, and the check of its effect from another store.
struct Write<'a> {
    does: &'a str,
    cut_at: &'a str,
    cut: Cut,
    is_done: bool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_on_a_dropped_connection_is_atomic() {
    for server in Server::ALL {
        let Some(fresh) = ServerStore::<User>::migrated(server).await else { continue };
        let proxy = Proxy::before(&fresh.database).await;
        let store = SqlStore::<User>::connect(&proxy.url(&fresh.database)).await.unwrap();
        let sessions = sessions(&store);
        let (commit, spared, email) = ("COMMIT", name(7).0, "cut@camelot.bt");
        let one_statement = server == Server::Postgres;
        for Write { does, cut_at, cut, is_done } in [
            Write { does: "insert", cut_at: email, cut: Cut::Before, is_done: false },
            Write { does: "insert", cut_at: email, cut: Cut::After, is_done: one_statement },
            Write { does: "insert", cut_at: commit, cut: Cut::Before, is_done: false },
            Write { does: "insert", cut_at: commit, cut: Cut::After, is_done: true },
            Write { does: "change", cut_at: "Lancelot", cut: Cut::Before, is_done: false },
            Write { does: "change", cut_at: "Lancelot", cut: Cut::After, is_done: false },
            Write { does: "change", cut_at: &spared, cut: Cut::Before, is_done: false },
            Write { does: "change", cut_at: &spared, cut: Cut::After, is_done: false },
            Write { does: "change", cut_at: commit, cut: Cut::Before, is_done: false },
            Write { does: "change", cut_at: commit, cut: Cut::After, is_done: true },
            Write { does: "session", cut_at: key(9).as_str(), cut: Cut::Before, is_done: false },
            Write { does: "session", cut_at: key(9).as_str(), cut: Cut::After, is_done: false },
            Write { does: "session", cut_at: commit, cut: Cut::Before, is_done: false },
            Write { does: "session", cut_at: commit, cut: Cut::After, is_done: true },
        ] {
            if does == "insert" && cut_at == commit && one_statement {
                continue; // a single statement is already a transaction
            }
            let what = format!("{server:?}: {does} cut {cut:?} {cut_at}");
            let arthur = fresh.insert(user(account("arthur@camelot.bt"))).await.unwrap();
            let written = match does {
                "insert" => {
                    let wanted = user(account(email));
                    proxy.cut_at(cut_at, cut);
                    let result = store.insert(wanted.clone()).await;
                    assert!(is_unavailable(&result), "{what}: {result:?}");
                    let stored = by_email(&fresh, email).await;
                    assert!(stored.as_ref().is_none_or(|stored| *stored == wanted), "{what}");
                    stored.is_some()
                }
                "change" => {
                    proxy.cut_at(cut_at, cut);
                    let end = EndSessions::AllBut(name(7), later());
                    let result = store.update(change(&arthur, "Lancelot", end)).await;
                    assert!(is_unavailable(&result), "{what}: {result:?}");
                    let wanted = Lookup::User { id: arthur.id, token: Some(name(7)) };
                    let stored = fresh.find(&[wanted]).await.unwrap().pop().unwrap().unwrap();
                    let renamed = stored.user.full_name.as_deref() == Some("Lancelot");
                    let spared = stored.token == TokenState::KeptAt(Epoch(1));
                    assert_eq!((stored.epoch == Epoch(1), spared), (renamed, renamed), "{what}");
                    renamed
                }
                _ => {
                    proxy.cut_at(cut_at, cut);
                    let result = sessions.add(session(&arthur, 9), 1).await;
                    assert!(is_unavailable(&result), "{what}: {result:?}");
                    fresh.find(&[Lookup::Session(key(9))]).await.unwrap().pop().unwrap().is_some()
                }
            };
            assert!(!proxy.is_waiting(), "{what}: the statement was never sent");
            assert_eq!(written, is_done, "{what}");

            // The same store keeps working, and nothing is locked.
            for address in ["arthur@camelot.bt", email] {
                if let Some(left) = by_email(&store, address).await {
                    assert!(store.delete(left.id).await.unwrap(), "{what}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_server_is_unavailable_in_time_and_the_store_recovers() {
    for server in Server::ALL {
        let Some(fresh) = ServerStore::<User>::migrated(server).await else { continue };
        let proxy = Proxy::before(&fresh.database).await;
        let settings = PoolSettings::default().acquire_timeout(Duration::from_millis(300)).readers(4);
        let url = proxy.url(&fresh.database);
        let store = until_connected(async || SqlStore::<User>::connect_with(&url, &settings).await).await;
        let sessions = sessions(&store);
        let arthur = store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
        fill_pool(&store).await;
        for _ in 0..2 {
            proxy.stop().await;
            // More than one connection timeout, for busy machines; far less than one timeout for each dead connection.
            let in_time = Duration::from_secs(3);
            macro_rules! refused {
                ($call:expr) => {{
                    let result = timeout(in_time, $call).await.expect("a result in time");
                    assert!(is_unavailable(&result), "{server:?}: {result:?}");
                }};
            }
            refused!(store.find(&[Lookup::by_id(arthur.id)]));
            refused!(store.find(&[Lookup::Session(key(1))]));
            refused!(store.find_by_email(&unknown_email()));
            refused!(store.insert(user(account("mordred@camelot.bt"))));
            refused!(store.update(change(&arthur, "Lost", EndSessions::All)));
            refused!(store.delete(arthur.id));
            refused!(store.revoke(&name(1), later()));
            refused!(sessions.add(session(&arthur, 1), 20));
            refused!(sessions.remove(&key(1)));
            refused!(sessions.list("bdfc2b97-4876-4210-9dba-158745062fcd"));
            refused!(store.check_schema());
            refused!(store.migrate());

            proxy.start().await;
            assert_eq!(present(&store, &arthur).await.as_ref(), Some(&arthur), "{server:?}");
            assert!(by_email(&store, "mordred@camelot.bt").await.is_none());
            assert!(store.find(&[Lookup::Session(key(1))]).await.unwrap()[0].is_none(), "{server:?}");
            sessions.add(session(&arthur, 2), 1).await.unwrap();
            assert!(sessions.remove(&key(2)).await.unwrap());
        }
    }
}

#[tokio::test]
async fn a_read_only_server_serves_reads_and_rejects_writes_as_unavailable() {
    for server in Server::ALL {
        let Some(fresh) = ServerStore::<User>::migrated(server).await else { continue };
        let arthur = fresh.insert(user(account("arthur@camelot.bt"))).await.unwrap();
        sessions(&fresh).add(session(&arthur, 1), 20).await.unwrap();
        let store = match server {
            Server::Postgres => {
                let name = &fresh.database.name;
                let sql = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
                fresh.database.run(&sql).await;
                fresh.another(&PoolSettings::default()).await
            }
            Server::Mysql => {
                let pool = MySqlPoolOptions::new().after_connect(|connection, _| {
                    Box::pin(async move { connection.execute("SET SESSION TRANSACTION READ ONLY").await.map(drop) })
                });
                SqlStore::from_mysql_pool(pool.connect(&fresh.database.url()).await.unwrap()).unwrap()
            }
        };
        let sessions = sessions(&store);
        assert_eq!(present(&store, &arthur).await.as_ref(), Some(&arthur), "{server:?}");
        assert!(store.find(&[Lookup::Session(key(1))]).await.unwrap()[0].is_some(), "{server:?}");
        assert_eq!(sessions.list(&arthur.id.to_string()).await.unwrap().len(), 1, "{server:?}");
        assert_eq!(store.check_schema().await.unwrap(), [], "{server:?}");

        let refused = [
            store.insert(user(account("mordred@camelot.bt"))).await.map(drop),
            store.update(change(&arthur, "Lost", EndSessions::Keep)).await.map(drop),
            store.update(change(&arthur, "Lost", EndSessions::AllBut(name(1), later()))).await.map(drop),
            store.end_sessions(Some(arthur.id)).await,
            store.revoke(&name(1), later()).await,
            store.delete(arthur.id).await.map(drop),
            store.purge_expired(later()).await.map(drop),
            sessions.add(session(&arthur, 2), 20).await,
            sessions.touch(&key(1), later()).await,
            sessions.remove(&key(1)).await.map(drop),
        ];
        for (number, result) in refused.iter().enumerate() {
            assert!(is_unavailable(result), "{server:?} {number}: {result:?}");
        }
        assert_eq!(present(&store, &arthur).await.as_ref(), Some(&arthur), "{server:?}");
    }
}

/// Returns a store with a pool of one connection, and that connection, in use.
async fn without_a_connection(database: &TempDatabase) -> (SqlStore<User>, Box<dyn Send>) {
    let (url, wait) = (database.url(), Duration::from_millis(200));
    match database.server {
        Server::Postgres => {
            let options = PgPoolOptions::new().max_connections(1).acquire_timeout(wait);
            let pool = until_connected(async || options.clone().connect(&url).await).await;
            let taken = pool.acquire().await.unwrap();
            (SqlStore::from_postgres_pool(pool).unwrap(), Box::new(taken))
        }
        Server::Mysql => {
            let options = MySqlPoolOptions::new().max_connections(1).acquire_timeout(wait);
            let pool = until_connected(async || options.clone().connect(&url).await).await;
            let taken = pool.acquire().await.unwrap();
            (SqlStore::from_mysql_pool(pool).unwrap(), Box::new(taken))
        }
    }
}

#[tokio::test]
async fn an_exhausted_pool_is_unavailable_until_a_connection_is_released() {
    for server in Server::ALL {
        let Some(fresh) = ServerStore::<User>::migrated(server).await else { continue };
        let arthur = fresh.insert(user(account("arthur@camelot.bt"))).await.unwrap();
        let (store, taken) = without_a_connection(&fresh.database).await;
        let sessions = sessions(&store);
        let refused = [
            store.find(&[Lookup::by_id(arthur.id)]).await.map(drop),
            store.find_by_email(&unknown_email()).await.map(drop),
            store.insert(user(account("mordred@camelot.bt"))).await.map(drop),
            store.update(change(&arthur, "Lost", EndSessions::Keep)).await.map(drop),
            sessions.add(session(&arthur, 1), 20).await,
            sessions.list(&arthur.id.to_string()).await.map(drop),
        ];
        for (number, result) in refused.iter().enumerate() {
            assert!(is_unavailable(result), "{server:?} {number}: {result:?}");
        }
        drop(taken);
        assert_eq!(present(&store, &arthur).await, Some(arthur), "{server:?}");
        assert!(by_email(&store, "mordred@camelot.bt").await.is_none(), "{server:?}");
    }
}

#[tokio::test]
async fn a_hash_is_replaced_only_once_when_connections_drop() {
    for server in Server::ALL {
        let Some(store) = ServerStore::<User>::migrated(server).await else { continue };
        let arthur = store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
        let replaced = |hash: &str| {
            let mut change = Change::new(
                User { hashed_password: PasswordHash::from_stored(hash), ..arthur.clone() },
                Columns::HASHED_PASSWORD,
            );
            change.if_hashed_password = Some(arthur.hashed_password.clone());
            change.if_epoch = Some(Epoch(0));
            change.end_sessions = EndSessions::All;
            change
        };
        store.database.cut_connections().await;
        assert!(store.update(replaced("a second hash")).await.unwrap().is_some(), "{server:?}");
        store.database.cut_connections().await;
        assert!(store.update(replaced("a third hash")).await.unwrap().is_none(), "{server:?}");
    }
}
