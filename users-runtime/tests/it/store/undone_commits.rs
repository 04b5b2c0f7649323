//! Writes to an SQLite file that share a transaction which is rolled back because of one of them: it fails, and the others are
//! repeated alone.

use std::{
    future::{Future as _, poll_fn},
    ops::Range,
    task::Poll,
    time::Duration,
};

use futures_util::future::join_all;
use sqlx::{Connection as _, Executor as _};
use users_runtime::{
    store::{NewSession, StoreError, UserStore},
    token::Device,
};

use crate::store::{
    every_write::{by_email, present, session, sessions},
    shared_commits::{TOGETHER, commits, knight, run, warm},
    support::{FileStore, account},
    users::{User, user},
};

/// Lets no user be stored whose address starts with "homeless", but finds them at the commit.
const HOMELESS: &str = r#"CREATE TABLE castle (id INTEGER PRIMARY KEY);
    CREATE TABLE home (castle INTEGER REFERENCES castle (id) DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER homeless AFTER INSERT ON "user" WHEN NEW.email LIKE 'homeless%'
    BEGIN INSERT INTO home (castle) VALUES (1); END;"#;

/// Rolls back the transaction, as SQLite itself does when the disk is full.
const CURSED: &str = r#"CREATE TRIGGER cursed AFTER INSERT ON "user" WHEN NEW.email LIKE 'cursed%'
    BEGIN SELECT RAISE(ROLLBACK, 'cursed'); END;
    CREATE TRIGGER cursed_device AFTER INSERT ON accesstoken WHEN NEW.user_agent = 'cursed'
    BEGIN SELECT RAISE(ROLLBACK, 'cursed'); END;"#;

fn homeless() -> User {
    user(account("homeless@camelot.bt"))
}

/// Returns when the tasks of the database had time to run.
async fn pause(fresh: &FileStore<User>) {
    by_email(&fresh.store, "first@camelot.bt").await.unwrap();
}

#[tokio::test]
async fn a_constraint_that_is_checked_at_the_commit_fails_one_write_alone() {
    let fresh = warm().await;
    run(&fresh, HOMELESS).await;
    let (knights, homeless) = tokio::join!(
        join_all((0..TOGETHER).map(|number| fresh.store.insert(knight(number)))),
        fresh.store.insert(homeless()),
    );
    assert!(matches!(homeless, Err(StoreError::Conflict)), "{homeless:?}");
    for stored in knights {
        let stored = stored.unwrap();
        assert_eq!(present(&fresh.store, &stored).await, Some(stored));
    }
    assert_eq!(by_email(&fresh.store, "homeless@camelot.bt").await, None);

    // Afterwards they share commits again.
    let before = commits(&fresh.file);
    join_all((100..100 + TOGETHER).map(|number| fresh.store.insert(knight(number)))).await;
    assert_eq!(commits(&fresh.file) - before, 1);
}

#[tokio::test]
async fn a_write_is_repeated_alone_however_many_others_wait() {
    /// The most writes in one transaction.
    const MOST: usize = 256;
    const WAIT: usize = 44;
    let fresh = warm().await;
    run(&fresh, HOMELESS).await;
    // The log is not started again during a read, so it keeps all commits.
    let mut reader = fresh.file.connect().await;
    let mut reads = reader.begin().await.unwrap();
    reads.fetch_one(r#"SELECT count(*) FROM "user""#).await.unwrap();

    let before = commits(&fresh.file);
    let written = |number| if number == MOST - 1 { homeless() } else { knight(number) };
    let results = join_all((0..MOST + WAIT).map(|number| fresh.store.insert(written(number)))).await;
    for (number, result) in results.iter().enumerate() {
        assert_eq!(matches!(result, Err(StoreError::Conflict)), number == MOST - 1, "{number}: {result:?}");
        assert_eq!(result.is_ok(), number != MOST - 1, "{number}: {result:?}");
    }
    // Those who waited share one. The repeated writes have one each, except for the refused one.
    assert_eq!(commits(&fresh.file) - before, 1 + (MOST - 1));
}

#[tokio::test]
async fn a_write_for_which_the_database_rolls_back_fails_alone() {
    let fresh = warm().await;
    run(&fresh, CURSED).await;
    let arthur = fresh.store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
    let sessions = sessions(&fresh.store);
    let some = |range: Range<usize>| join_all(range.map(|number| fresh.store.insert(knight(number))));
    // One statement, and several; before, between and after the others.
    for (round, earlier) in [0, 8, 16].into_iter().enumerate() {
        let (first, number) = (round * 16, u32::try_from(round).unwrap());
        let device = Device::new(None, Some("cursed"));
        let (before, cursed, cursed_session, plain, after) = tokio::join!(
            some(first..first + earlier),
            fresh.store.insert(user(account("cursed@camelot.bt"))),
            sessions.add(NewSession { device, ..session(&arthur, 2 * number + 1) }, 20),
            sessions.add(session(&arthur, 2 * number + 2), 20),
            some(first + earlier..first + 16),
        );
        // The error is that of a write alone.
        assert!(matches!(cursed, Err(StoreError::InvalidValue { .. })), "{cursed:?}");
        assert!(matches!(cursed_session, Err(StoreError::InvalidValue { .. })), "{cursed_session:?}");
        plain.unwrap();
        for stored in before.into_iter().chain(after) {
            let stored = stored.unwrap();
            assert_eq!(present(&fresh.store, &stored).await, Some(stored));
        }
        assert_eq!(by_email(&fresh.store, "cursed@camelot.bt").await, None);
        assert_eq!(sessions.list(&arthur.id.to_string()).await.unwrap().len(), round + 1);
    }
}

/// What a cancelled write leaves in the transaction may violate a constraint.
#[tokio::test]
async fn a_cancelled_write_that_cannot_be_committed_harms_nobody() {
    let fresh = warm().await;
    run(&fresh, HOMELESS).await;
    for polls in 0..24 {
        let cancelled = async {
            let mut inserting = Box::pin(fresh.store.insert(homeless()));
            for _ in 0..polls {
                if poll_fn(|context| Poll::Ready(inserting.as_mut().poll(context))).await.is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        let (stored, ()) = tokio::join!(fresh.store.insert(knight(polls)), cancelled);
        let stored = stored.unwrap_or_else(|error| panic!("{polls} polls: {error:?}"));
        assert_eq!(present(&fresh.store, &stored).await, Some(stored), "{polls} polls");
        assert_eq!(by_email(&fresh.store, "homeless@camelot.bt").await, None);
    }
}

/// A connection of the pool that is dropped outside a runtime panics.
#[test]
fn a_write_that_is_dropped_outside_a_runtime_harms_nobody() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let fresh = runtime.block_on(warm());
    for (round, (polls, is_first)) in (0..8).flat_map(|polls| [(polls, true), (polls, false)]).enumerate() {
        let [dropped, other, next] = [0, 1, 2].map(|number| {
            let store = fresh.store.clone();
            Box::pin(async move { store.insert(knight(3 * round + number)).await })
        });
        let mut dropped = dropped;
        let other = runtime.spawn(other);
        runtime.block_on(async {
            if !is_first {
                tokio::task::yield_now().await;
            }
            for _ in 0..polls {
                if poll_fn(|context| Poll::Ready(dropped.as_mut().poll(context))).await.is_ready() {
                    break;
                }
                pause(&fresh).await;
            }
        });
        let _panics = std::thread::spawn(move || drop(dropped)).join();
        runtime.block_on(async {
            let both = tokio::time::timeout(Duration::from_secs(20), async { (other.await, next.await) }).await;
            let (other, next) = both.unwrap_or_else(|_| panic!("{polls} polls: nobody may write any more"));
            for stored in [other.unwrap(), next] {
                let stored = stored.unwrap_or_else(|error| panic!("{polls} polls: {error:?}"));
                assert_eq!(present(&fresh.store, &stored).await, Some(stored), "{polls} polls");
            }
        });
    }
}
