//! SQLite on a full disk, simulated by a limit on the file size. The limit applies to a whole process, so each test
//! starts a separate process.

use std::{env, process::Command};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use users_runtime::store::{SqlStore, UserStore};

use crate::store::{
    every_write::{is_unavailable, present, refused_and_not_stored},
    refused_writes::pool_of_the_application,
    support::{TempFile, account},
    users::{User, user},
};

/// Set in the process with limited files.
const LIMITED: &str = "AXUM_USERS_TEST_LIMITED_FILES";
const DONE: &str = "the limit was reached";

/// Runs `body` in a separate process that runs the same test. Its shell ignores the signal of the limit, so that a write
/// fails instead of killing the process.
fn in_a_limited_process(test: &str, body: impl Future<Output = ()>) {
    if env::var_os(LIMITED).is_some() {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(body);
        std::io::Write::write_all(&mut std::io::stdout(), DONE.as_bytes()).unwrap();
        return;
    }
    let test = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
    let output = Command::new("sh")
        .args(["-c", r#"trap '' XFSZ; exec "$0" "$@""#])
        .arg(env::current_exe().unwrap())
        .args(["--exact", &test, "--nocapture", "--test-threads=1"])
        .env(LIMITED, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains(DONE), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

/// Limits the size of files that this process writes; `None` removes the limit.
fn limit(bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum }).unwrap();
}

/// With a write-ahead log the commit writes to the file.
#[test]
fn nothing_is_acknowledged_on_a_full_disk() {
    in_a_limited_process("nothing_is_acknowledged_on_a_full_disk", async {
        let file = TempFile::new();
        let store = SqlStore::<User>::connect(&file.url()).await.unwrap();
        store.migrate().await.unwrap();
        let reader = SqlStore::<User>::connect(&file.url()).await.unwrap();
        refused_and_not_stored(&store, &reader, async || limit(Some(0)), async |()| limit(None)).await;
    });
}

#[test]
fn nothing_is_acknowledged_on_a_full_disk_by_a_pool_of_the_application() {
    in_a_limited_process("nothing_is_acknowledged_on_a_full_disk_by_a_pool_of_the_application", async {
        let file = TempFile::new();
        let store = SqlStore::<User>::from_sqlite_pool(pool_of_the_application(file.path(), 2).await).unwrap();
        store.migrate().await.unwrap();
        refused_and_not_stored(&store, &store, async || limit(Some(0)), async |()| limit(None)).await;
    });
}

#[test]
fn acknowledged_writes_are_stored_while_the_disk_fills() {
    in_a_limited_process("acknowledged_writes_are_stored_while_the_disk_fills", async {
        const ROOM: u64 = 100_000;
        let file = TempFile::new();
        let store = SqlStore::<User>::connect(&file.url()).await.unwrap();
        store.migrate().await.unwrap();
        let log = std::fs::metadata(format!("{}-wal", file.path().display())).unwrap().len();
        limit(Some(log + ROOM));
        let (mut acknowledged, mut refused) = (Vec::new(), 0);
        for number in 0..200 {
            let wanted = user(account(&format!("{number}@camelot.bt")));
            match store.insert(wanted).await {
                Ok(stored) => acknowledged.push(stored),
                result => {
                    assert!(is_unavailable(&result), "{result:?}");
                    refused += 1;
                }
            }
        }
        assert!(!acknowledged.is_empty() && refused > 100, "{refused} of 200 were rejected");

        // Another store opens the files as they are, as after a crash.
        limit(None);
        let after = SqlStore::<User>::connect(&file.url()).await.unwrap();
        for stored in &acknowledged {
            assert_eq!(present(&after, stored).await.as_ref(), Some(stored));
        }
        let mut connection = file.connect().await;
        let count: i64 = sqlx::query_scalar(r#"SELECT count(*) FROM "user""#).fetch_one(&mut connection).await.unwrap();
        assert_eq!(usize::try_from(count), Ok(acknowledged.len()), "rejected writes are not stored");
    });
}

#[test]
fn writes_that_share_a_commit_fail_together_on_a_full_disk() {
    in_a_limited_process("writes_that_share_a_commit_fail_together_on_a_full_disk", async {
        const ROOM: u64 = 100_000;
        let file = TempFile::new();
        let store = SqlStore::<User>::connect(&file.url()).await.unwrap();
        store.migrate().await.unwrap();
        // Before its first write the store reads its table, and the first writes would not arrive together.
        let first = store.insert(user(account("first@camelot.bt"))).await.unwrap();
        let log = std::fs::metadata(format!("{}-wal", file.path().display())).unwrap().len();
        limit(Some(log + ROOM));
        let (mut acknowledged, mut refused) = (vec![first], 0);
        for round in 0..40 {
            let together = (0..8).map(|number| store.insert(user(account(&format!("{round}.{number}@camelot.bt")))));
            let results = futures_util::future::join_all(together).await;
            let stored = results.iter().filter(|result| result.is_ok()).count();
            assert!(stored == 0 || stored == 8, "{results:?}");
            for result in results {
                assert!(result.is_ok() || is_unavailable(&result), "{result:?}");
                refused += usize::from(result.is_err());
                acknowledged.extend(result);
            }
        }
        assert!(acknowledged.len() > 1 && refused > 100, "{refused} of 320 were rejected");

        limit(None);
        let last = user(account("last@camelot.bt"));
        acknowledged.push(store.insert(last).await.unwrap());
        let mut connection = file.connect().await;
        let count: i64 = sqlx::query_scalar(r#"SELECT count(*) FROM "user""#).fetch_one(&mut connection).await.unwrap();
        assert_eq!(usize::try_from(count), Ok(acknowledged.len()), "rejected writes are not stored");
    });
}
