//! The size of SQLite's write-ahead log.

use sqlx::{Connection, Executor};
use users_runtime::store::UserStore;

use crate::store::{
    every_write::by_email,
    support::{FileStore, account},
    users::{User, user},
};

/// The size that the log has after a checkpoint, with some room.
const LIMIT: u64 = 5 * 1024 * 1024;

/// A reader that stays open keeps SQLite from starting the log again. Afterwards its file shrinks by itself.
#[tokio::test]
async fn the_log_shrinks_after_a_long_reader() {
    let fresh = FileStore::<User>::migrated().await;
    let log = format!("{}-wal", fresh.file.path().display());
    let size = || std::fs::metadata(&log).map_or(0, |file| file.len());
    let mut reader = fresh.file.connect().await;
    reader.execute(sqlx::raw_sql("BEGIN; SELECT count(*) FROM \"user\"")).await.unwrap();
    let mut number = 0;
    while size() < 3 * LIMIT {
        number += 1;
        let mut large = user(account(&format!("{number}@camelot.bt")));
        large.full_name = Some("x".repeat(500_000));
        fresh.store.insert(large).await.unwrap();
    }
    reader.execute(sqlx::raw_sql("COMMIT")).await.unwrap();
    reader.close().await.unwrap();
    for more in 0..3 {
        fresh.store.insert(user(account(&format!("after.{more}@camelot.bt")))).await.unwrap();
    }
    assert!(size() <= LIMIT, "the log has {} bytes", size());
    assert!(by_email(&fresh.store, "after.2@camelot.bt").await.is_some());
}
