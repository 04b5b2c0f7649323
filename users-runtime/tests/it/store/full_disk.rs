//! SQLite on a disk that is full. A limit on the size of files stands for it, and holds for a whole process, so each test
//! starts one of its own.

use std::{env, process::Command};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use users_runtime::store::{SqlStore, UserStore};

use crate::store::{
    every_write::{is_unavailable, present, refused_and_not_stored},
    refused_writes::pool_of_the_application,
    support::{TempFile, account},
    users::{User, user},
};

/// Set in the process whose files are limited.
const LIMITED: &str = "AXUM_USERS_TEST_LIMITED_FILES";
const DONE: &str = "the limit was met";

/// Runs `body` in a process of its own, which is this test again. Its shell ignores the signal of the limit, so that a write
/// is refused and does not end the process.
fn in_a_limited_process(test: &str, body: impl Future<Output = ()>) {
    if env::var_os(LIMITED).is_some() {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(body);
        println!("{DONE}");
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

/// Lets no file of this process be written beyond `bytes`; `None` for no limit.
fn limit(bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum }).unwrap();
}

/// With a write-ahead log, it is the commit that writes.
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
fn what_is_acknowledged_while_a_disk_fills_is_stored() {
    in_a_limited_process("what_is_acknowledged_while_a_disk_fills_is_stored", async {
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
                answer => {
                    assert!(is_unavailable(&answer), "{answer:?}");
                    refused += 1;
                }
            }
        }
        assert!(!acknowledged.is_empty() && refused > 100, "{refused} of 200 were refused");

        // As after a crash: another store opens the files as they are.
        limit(None);
        let after = SqlStore::<User>::connect(&file.url()).await.unwrap();
        for stored in &acknowledged {
            assert_eq!(present(&after, stored).await.as_ref(), Some(stored));
        }
        let mut connection = file.connect().await;
        let count: i64 = sqlx::query_scalar(r#"SELECT count(*) FROM "user""#).fetch_one(&mut connection).await.unwrap();
        assert_eq!(usize::try_from(count), Ok(acknowledged.len()), "what was refused is not stored");
    });
}
