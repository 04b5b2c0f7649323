//! Writes to an SQLite file that arrive together: they share a commit, and nothing else.

use std::{
    env,
    io::{BufRead, BufReader, Write as _},
    process::{Command, Stdio},
    time::Duration,
};

use futures_util::future::join_all;
use sqlx::{Executor, Row};
use users_runtime::store::{EndSessions, SqlStore, StoreError, UserStore};

use crate::store::{
    every_write::{by_email, change, key, later, name, present, session, sessions},
    support::{FileStore, TempFile, account},
    users::{User, user},
};

/// The number of writes that arrive together.
pub const TOGETHER: usize = 32;

pub fn knight(number: usize) -> User {
    user(account(&format!("knight{number}@camelot.bt")))
}

/// Returns the number of commits in the write-ahead log, since it was last started: the frames that end a transaction
/// (<https://sqlite.org/fileformat2.html#the_write_ahead_log>).
pub fn commits(file: &TempFile) -> usize {
    const HEADER: usize = 32;
    const FRAME_HEADER: usize = 24;
    let log = std::fs::read(format!("{}-wal", file.path().display())).unwrap();
    let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
    let frame = FRAME_HEADER + number(8) as usize;
    let salt = &log[16..24];
    let frames = log[HEADER..].chunks_exact(frame).take_while(|frame| &frame[8..16] == salt);
    frames.filter(|frame| frame[4..8] != [0; 4]).count()
}

pub async fn run(fresh: &FileStore<User>, statements: &'static str) {
    fresh.file.connect().await.execute(sqlx::raw_sql(statements)).await.unwrap();
}

/// Returns a store that has read its table, which it does before its first write.
pub async fn warm() -> FileStore<User> {
    let fresh = FileStore::<User>::migrated().await;
    fresh.store.insert(user(account("first@camelot.bt"))).await.unwrap();
    fresh
}

#[tokio::test]
async fn writes_that_arrive_together_share_a_commit() {
    let fresh = warm().await;
    let before = commits(&fresh.file);
    let stored = join_all((0..TOGETHER).map(|number| fresh.store.insert(knight(number)))).await;
    assert!(stored.iter().all(Result::is_ok));
    assert_eq!(commits(&fresh.file) - before, 1);

    // Of any kind: several statements in a savepoint, or one.
    let users: Vec<User> = stored.into_iter().map(Result::unwrap).collect();
    let (sessions, before) = (sessions(&fresh.store), commits(&fresh.file));
    let end = EndSessions::AllBut(name(1000), later());
    let token = name(1001);
    let (added, changed, plain, revoked, deleted) = tokio::join!(
        join_all((1..9).map(|number| sessions.add(session(&users[number as usize], number), 20))),
        fresh.store.update(change(&users[10], "Gawain", end)),
        fresh.store.update(change(&users[11], "Percival", EndSessions::Keep)),
        fresh.store.revoke(&token, later()),
        fresh.store.delete(users[12].id),
    );
    assert!(added.iter().all(Result::is_ok) && revoked.is_ok() && deleted.unwrap());
    assert!(changed.unwrap().is_some() && plain.unwrap().is_some());
    assert_eq!(commits(&fresh.file) - before, 1);
    assert!(sessions.remove(&key(3)).await.unwrap());
    assert_eq!(present(&fresh.store, &users[12]).await, None);
}

#[tokio::test]
async fn writes_are_in_the_order_of_their_arrival() {
    let fresh = warm().await;
    join_all((0..TOGETHER).map(|number| fresh.store.insert(knight(number)))).await;
    let mut connection = fresh.file.connect().await;
    let rows = connection
        .fetch_all(r#"SELECT "email" FROM "user" WHERE "email" LIKE 'knight%' ORDER BY rowid"#)
        .await
        .unwrap();
    let stored: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(stored, (0..TOGETHER).map(|number| knight(number).email).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_refused_write_fails_alone() {
    let fresh = FileStore::<User>::migrated().await;
    let arthur = fresh.store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
    let sessions = sessions(&fresh.store);
    let stranger = user(account("stranger@camelot.bt"));
    let mut outdated = change(&arthur, "Mordred", EndSessions::AllBut(name(1), later()));
    outdated.if_email = Some("other@camelot.bt".to_owned());
    let before = commits(&fresh.file);
    let (knights, twice, unknown, of_arthur, outdated) = tokio::join!(
        join_all((0..TOGETHER).map(|number| fresh.store.insert(knight(number)))),
        fresh.store.insert(user(account("ARTHUR@camelot.bt"))),
        sessions.add(session(&stranger, 1), 20),
        sessions.add(session(&arthur, 2), 20),
        fresh.store.update(outdated),
    );
    assert!(matches!(twice, Err(StoreError::EmailTaken)), "{twice:?}");
    assert!(matches!(unknown, Err(StoreError::Conflict)), "{unknown:?}");
    assert_eq!(outdated.unwrap(), None);
    assert!(of_arthur.is_ok() && knights.iter().all(Result::is_ok));
    assert!(commits(&fresh.file) - before <= 3);
    assert_eq!(sessions.list(&arthur.id.to_string()).await.unwrap().len(), 1);
    assert_eq!(present(&fresh.store, &arthur).await, Some(arthur));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cancelled_caller_harms_nobody() {
    let fresh = FileStore::<User>::migrated().await;
    let arthur = fresh.store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
    let tasks: Vec<_> = (0..16_usize)
        .map(|task| {
            let (store, arthur) = (fresh.store.clone(), arthur.clone());
            tokio::spawn(async move {
                let sessions = sessions(&store);
                let mut acknowledged = Vec::new();
                for round in 0..40_usize {
                    let number = task * 1000 + round;
                    // Cancelled at a varying point, or completed: one statement, and several.
                    let wait = Duration::from_micros((task * 37 + round * 91) as u64 % 1500);
                    let session = session(&arthur, u32::try_from(number).unwrap() + 1);
                    let _elapsed = tokio::time::timeout(wait, sessions.add(session, 1000)).await;
                    let _elapsed = tokio::time::timeout(wait, store.insert(knight(number + 500))).await;
                    acknowledged.push(store.insert(knight(number)).await.unwrap());
                }
                acknowledged
            })
        })
        .collect();
    let after = SqlStore::<User>::connect(&fresh.file.url()).await.unwrap();
    for task in tasks {
        let acknowledged = tokio::time::timeout(Duration::from_secs(60), task).await.expect("nobody waits forever");
        for stored in acknowledged.unwrap() {
            assert_eq!(present(&after, &stored).await, Some(stored));
        }
    }
    let mut connection = fresh.file.connect().await;
    let check: String = connection.fetch_one("PRAGMA integrity_check").await.unwrap().get(0);
    assert_eq!(check, "ok");
}

/// What a caller does before it is cancelled, in steps: it is polled as often as it is woken.
#[tokio::test]
async fn a_caller_that_is_cancelled_after_any_number_of_polls_is_stored_whole_or_not_at_all() {
    let fresh = FileStore::<User>::migrated().await;
    let arthur = fresh.store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
    let sessions = sessions(&fresh.store);
    for polls in 0..24_u32 {
        let (one, other) = (10 * polls + 1, 10 * polls + 2);
        let cancelled = async {
            let mut adding = Box::pin(sessions.add(session(&arthur, one), 10_000));
            for _ in 0..polls {
                let done = std::future::poll_fn(|context| std::task::Poll::Ready(adding.as_mut().poll(context))).await;
                if done.is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        let (first, (), last) = tokio::join!(
            fresh.store.insert(knight(one as usize)),
            cancelled,
            sessions.add(session(&arthur, other), 10_000),
        );
        let stored = first.unwrap();
        assert_eq!(present(&fresh.store, &stored).await, Some(stored), "{polls} polls");
        last.unwrap();
        assert!(sessions.remove(&key(other)).await.unwrap(), "{polls} polls");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_write_of_64_writers_is_refused() {
    let fresh = FileStore::<User>::migrated().await;
    let writers: Vec<_> = (0..64)
        .map(|writer| {
            let store = fresh.store.clone();
            tokio::spawn(async move {
                let mut own = store.insert(knight(writer)).await.unwrap();
                for round in 0..10 {
                    let change = change(&own, &format!("{round}"), EndSessions::Keep);
                    own = store.update(change).await.unwrap().unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

/// Set in the process that is killed.
const KILLED: &str = "AXUM_USERS_TEST_KILLED_WRITER";

#[test]
fn a_killed_process_loses_no_acknowledged_write() {
    if let Ok(url) = env::var(KILLED) {
        return tokio::runtime::Runtime::new().unwrap().block_on(write_until_killed(&url));
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for run in 0..5 {
        let file = TempFile::new();
        runtime.block_on(async { SqlStore::<User>::connect(&file.url()).await.unwrap().migrate().await.unwrap() });
        let test =
            format!("{}::a_killed_process_loses_no_acknowledged_write", module_path!().split_once("::").unwrap().1);
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", &test, "--nocapture", "--test-threads=1"])
            .env(KILLED, file.url())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The test's name is in front of the first address, and the last one may be cut.
        let lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut emails = lines.filter(|line| line.ends_with("@camelot.bt"));
        let mut acknowledged: Vec<String> = emails.by_ref().take(150 + 40 * run).collect();
        process.kill().unwrap();
        process.wait().unwrap();
        acknowledged.extend(emails);
        assert!(acknowledged.len() >= 150, "the process was killed while it wrote");
        runtime.block_on(async {
            let store = SqlStore::<User>::connect(&file.url()).await.unwrap();
            for line in &acknowledged {
                let email = line.rsplit(' ').next().unwrap();
                assert!(by_email(&store, email).await.is_some(), "{email} was acknowledged");
            }
        });
    }
}

async fn write_until_killed(url: &str) {
    let store = SqlStore::<User>::connect(url).await.unwrap();
    let writers = (0..TOGETHER).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0.. {
                let email = format!("{}.{writer}.{number}@camelot.bt", std::process::id());
                store.insert(user(account(&email))).await.unwrap();
                std::io::stdout().write_all(format!("{email}\n").as_bytes()).unwrap();
            }
        })
    });
    join_all(writers).await;
}
