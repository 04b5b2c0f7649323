//! Lookups in an SQLite file without a query: as long as nothing is committed, they find what they found before, and never anything
//! older than the last commit.

use std::{
    env,
    process::Command,
    slice,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use users_runtime::store::{EndSessions, Lookup, SqlStore, UserStore};

use crate::store::{
    every_write::{Write, by_email, change, key, name, present, session, sessions},
    support::{FileStore, TempFile, account, patient},
    users::{AnyCase, Shouting, User, shouting, user},
};

/// How often the same lookup runs: the first sees the version of the file, the second keeps what it finds, the third needs no query.
const TIMES: usize = 3;

#[tokio::test]
async fn every_write_is_found_at_once() {
    let store = FileStore::<User>::migrated().await;
    let other = SqlStore::<User>::connect_with(&store.file.url(), &patient()).await.unwrap();
    for (writer, offset) in [(&store.store, 0), (&other, 100)] {
        for (number, write) in (1 + offset..).zip(Write::ALL) {
            let about = write.prepare(writer, number).await;
            for _ in 0..TIMES {
                assert!(!write.is_stored(&store, &about).await, "{write:?}");
            }
            write.run(writer, &about).await.unwrap();
            for _ in 0..TIMES {
                assert!(write.is_stored(&store, &about).await, "{write:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_commit_of_another_process_is_found_at_once() {
    /// The database in which the other process writes.
    const WRITES: &str = "LOOKUP_CACHE_WRITES";
    if let Ok(url) = env::var(WRITES) {
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(r#"UPDATE "user" SET "visits" = "visits" + 1"#).execute(&mut connection).await.unwrap();
        return connection.close().await.unwrap();
    }
    let store = FileStore::<User>::migrated().await;
    let arthur = store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
    let test = format!("{}::a_commit_of_another_process_is_found_at_once", module_path!().split_once("::").unwrap().1);
    for written in 0..3 {
        for _ in 0..TIMES {
            assert_eq!(present(&store, &arthur).await.unwrap().visits, arthur.visits + written);
        }
        let mut process = Command::new(env::current_exe().unwrap());
        let process = process.args(["--exact", &test]).env(WRITES, store.file.url());
        assert!(process.output().unwrap().status.success());
    }
}

/// Connections with `cache=shared` have one snapshot as long as any of them reads, so a query then finds what was there before a
/// commit. Nothing of that may be kept when the reader has ended.
#[tokio::test]
async fn with_a_shared_cache_an_old_snapshot_is_not_kept() {
    let file = TempFile::new();
    let store = SqlStore::<User>::connect_with(&format!("{}&cache=shared", file.url()), &patient()).await.unwrap();
    store.migrate().await.unwrap();
    let arthur = store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
    let mut report = SqliteConnectOptions::new().filename(file.path()).shared_cache(true).connect().await.unwrap();
    let mut reading = report.begin().await.unwrap();
    sqlx::raw_sql(r#"SELECT count(*) FROM "user""#).execute(&mut *reading).await.unwrap();
    file.run(r#"UPDATE "user" SET "visits" = 1000"#).await;
    for _ in 0..TIMES {
        present(&store, &arthur).await.unwrap();
    }
    reading.rollback().await.unwrap();
    report.close().await.unwrap();
    for _ in 0..TIMES {
        assert_eq!(present(&store, &arthur).await.unwrap().visits, 1000);
    }
}

#[tokio::test]
async fn ids_that_are_stored_as_the_same_value_are_told_apart() {
    let store = FileStore::<Shouting>::migrated().await;
    let arthur = store.insert(shouting(account("arthur@camelot.bt"))).await.unwrap();
    let other = Lookup::by_id(AnyCase(arthur.id.0.to_uppercase()));
    for _ in 0..TIMES {
        assert!(store.find(&[Lookup::by_id(arthur.id.clone())]).await.unwrap()[0].is_some());
        assert!(store.find(slice::from_ref(&other)).await.unwrap()[0].is_none());
        assert!(store.find_at_once(&other).is_none());
    }
    assert!(store.find_at_once(&Lookup::by_id(arthur.id.clone())).is_some());
}

#[tokio::test]
async fn a_rollback_changes_nothing() {
    let store = FileStore::<User>::migrated().await;
    let arthur = store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
    let mut other = store.file.connect().await;
    let mut transaction = other.begin().await.unwrap();
    sqlx::raw_sql(r#"UPDATE "user" SET "visits" = 7"#).execute(&mut *transaction).await.unwrap();
    for _ in 0..TIMES {
        assert_eq!(present(&store, &arthur).await.unwrap().visits, arthur.visits);
    }
    transaction.rollback().await.unwrap();
    for _ in 0..TIMES {
        assert_eq!(present(&store, &arthur).await.unwrap().visits, arthur.visits);
    }
}

#[tokio::test]
async fn lookups_of_one_user_are_kept_apart() {
    let store = FileStore::<User>::migrated().await;
    let arthur = store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
    sessions(&store.store).add(session(&arthur, 1), 20).await.unwrap();
    store.revoke(&name(2), "2030-01-01T00:00:00Z".parse().unwrap()).await.unwrap();
    let of_token = |number| Lookup::User { id: arthur.id, token: Some(name(number)) };
    let wanted = [Lookup::by_id(arthur.id), of_token(1), of_token(2), Lookup::Session(key(1)), Lookup::Session(key(3))];
    let mut before = None;
    for _ in 0..TIMES {
        let found = format!("{:?}", store.find(&wanted).await.unwrap());
        assert_eq!(before.get_or_insert(found.clone()), &found);
        for (number, lookup) in wanted.iter().enumerate() {
            let alone = store.find(slice::from_ref(lookup)).await.unwrap();
            let both = store.find(&wanted).await.unwrap();
            assert_eq!(format!("{:?}", alone[0]), format!("{:?}", both[number]));
            let at_once = store.find_at_once(lookup);
            assert_eq!(format!("{at_once:?}"), format!("{:?}", both[number]));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_lookup_finds_less_than_was_acknowledged_before_it() {
    const WRITES: i64 = 300;
    let store = FileStore::<User>::migrated().await;
    let arthur =
        store.insert(User { full_name: Some("0".to_owned()), ..user(account("arthur@camelot.bt")) }).await.unwrap();
    let acknowledged = Arc::new(AtomicI64::new(0));
    let number = |user: &User| user.full_name.as_deref().unwrap().parse::<i64>().unwrap();
    let readers: Vec<_> = (0..6)
        .map(|_| {
            let (store, acknowledged, arthur) = (store.store.clone(), Arc::clone(&acknowledged), arthur.clone());
            tokio::spawn(async move {
                let (mut most, mut reads) = (0, 0_u32);
                while most < WRITES {
                    let at_least = acknowledged.load(Ordering::SeqCst).max(most);
                    most = number(&present(&store, &arthur).await.unwrap());
                    assert!(most >= at_least, "{most} after {at_least}");
                    reads += 1;
                    tokio::task::yield_now().await;
                }
                reads
            })
        })
        .collect();
    for written in 1..=WRITES {
        store.update(change(&arthur, &written.to_string(), EndSessions::Keep)).await.unwrap().unwrap();
        acknowledged.store(written, Ordering::SeqCst);
        if written % 10 == 0 {
            // Several reads see the same version, so that what they find is kept.
            for _ in 0..TIMES {
                assert_eq!(number(&present(&store, &arthur).await.unwrap()), written);
            }
        }
    }
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
    assert_eq!(number(&by_email(&store, "arthur@camelot.bt").await.unwrap()), WRITES);
}

#[tokio::test]
async fn a_view_is_queried_every_time() {
    let store = FileStore::<User>::migrated().await;
    let arthur = store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
    for _ in 0..TIMES {
        assert_eq!(present(&store, &arthur).await.as_ref(), Some(&arthur));
    }
    store
        .file
        .run(
            r#"ALTER TABLE "user" RENAME TO "people";
            CREATE VIEW "user" AS SELECT "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name",
            abs("random"() % 1000000000) AS "visits", "tags", "plan", "auth_epoch", "suspended_until", "suspended_reason",
            "must_change_password" FROM "people""#,
        )
        .await;
    let mut seen = Vec::new();
    for _ in 0..TIMES + 1 {
        seen.push(present(&store, &arthur).await.unwrap().visits);
    }
    seen.dedup();
    assert_eq!(seen.len(), TIMES + 1);
}
