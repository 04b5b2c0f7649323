//! SQLite: opening a database.

use std::{str::FromStr, sync::Arc};

use sqlx::{
    Sqlite, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::lookup_cache::LookupCache;
use crate::{
    adapter::sql::{
        PoolSettings, advice::cannot_connect, connection::Pools, kept::Kept, lost::Pinged, shared_commit::WriteQueue,
    },
    domain::{Error, Result, Setting},
    port::BoxFuture,
};

/// The time that a statement waits for the write lock of another process before it fails as busy.
const BUSY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// The size in bytes to which SQLite truncates the write-ahead log when it restarts it: the 1,000 pages of 4 KiB after
/// which it checkpoints. A reader that stays open for long makes the log grow.
const JOURNAL_SIZE_LIMIT: &str = "4096000";

/// Opens a database URL such as `sqlite://app.db?mode=rwc` or `sqlite::memory:`.
///
/// Uses `synchronous = FULL`, so that a commit is on disk before it is acknowledged. The common setting `NORMAL` with a
/// write-ahead log may lose the latest commits in a power failure.
pub(in crate::adapter::sql) fn open<'a>(
    url: &'a str,
    settings: &'a PoolSettings,
) -> BoxFuture<'a, Result<Pools<Sqlite>>> {
    Box::pin(async move {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| Error::setting(Setting::Database, format!("the SQLite URL cannot be parsed: {error}")))?
            .foreign_keys(true)
            .pragma("journal_size_limit", JOURNAL_SIZE_LIMIT)
            .busy_timeout(BUSY_TIMEOUT)
            .synchronous(SqliteSynchronous::Full);
        let Location { in_memory, read_only, has_other_options } = Location::of(url);
        let options = if in_memory || read_only { options } else { options.journal_mode(SqliteJournalMode::Wal) };

        // SQLite has one writer at a time. With a single connection for writes they wait in the pool's queue, which is fair
        // and has a time limit. An in-memory database exists only in its connection, which must never be closed.
        let pool = SqlitePoolOptions::new()
            .acquire_timeout(settings.acquire_timeout)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false);
        let write = pool.clone().max_connections(1).min_connections(1);
        let opened = async {
            let write = write.connect_with(options.clone()).await?;
            let read = if in_memory {
                write.clone()
            } else {
                pool.max_connections(settings.readers.max(1)).connect_with(options.clone()).await?
            };
            // In memory nothing waits for a disk, and reads use the same connection.
            let queue = (!in_memory).then(|| WriteQueue::new(write.clone()));
            let kept = (!in_memory).then(|| Arc::new(Kept::new()));
            // Another VFS may lock the file differently. Connections with `cache=shared` have a common snapshot while any of
            // them reads, so that a query may miss the last commit.
            let is_usual = !in_memory && !read_only && !has_other_options;
            let lookup_cache = is_usual.then(|| LookupCache::open(options.get_filename())).flatten().map(Arc::new);
            Ok(Pools { kept, queue, lookup_cache, pinged: Pinged::Never, ..Pools::of_two(read, write) })
        };
        match opened.await {
            Ok(pools) => Ok(pools),
            Err(error) => Err(cannot_open(error, &options, settings).await),
        }
    })
}

/// Where the database of a URL is and how it is opened. sqlx reads the same from the URL, but returns only the file name.
#[derive(Debug, Default, PartialEq)]
struct Location {
    in_memory: bool,
    read_only: bool,
    /// Whether there are options other than those that let the file be written and created.
    has_other_options: bool,
}

impl Location {
    fn of(url: &str) -> Self {
        let place = url.trim_start_matches("sqlite:").trim_start_matches("//");
        let (file, options) = place.split_once('?').unwrap_or((place, ""));
        let mut location = Self { in_memory: file == ":memory:", ..Self::default() };
        for (name, value) in url::form_urlencoded::parse(options.as_bytes()) {
            match (&*name, &*value) {
                ("mode", "rw" | "rwc") => {}
                ("mode", "memory") => location.in_memory = true,
                ("mode", "ro") | ("immutable", "true" | "1") => location.read_only = true,
                _ => location.has_other_options = true,
            }
        }
        location
    }
}

/// Uses an existing pool for reads and writes.
pub(in crate::adapter::sql) fn share(pool: SqlitePool) -> Pools<Sqlite> {
    Pools::shared(pool, true)
}

async fn cannot_open(error: sqlx::Error, options: &SqliteConnectOptions, settings: &PoolSettings) -> Error {
    match &error {
        sqlx::Error::Database(refusal) if refusal.code().as_deref() == Some("14") => Error::setting(
            Setting::Database,
            "the SQLite file cannot be opened. To create it, use a URL such as sqlite://app.db?mode=rwc",
        ),
        _ => cannot_connect::<Sqlite>(error, options, settings.acquire_timeout).await.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_options_of_a_url_say_how_a_file_is_opened() {
        let file = Location::default();
        for url in
            ["app.db", "app.db?mode=rw", "app.db?mode=rwc", "mode=ro/immutable=1.db", "a:memory:.db", "mode=memory"]
        {
            for prefix in ["sqlite:", "sqlite://"] {
                assert_eq!(Location::of(&format!("{prefix}{url}")), file, "{prefix}{url}");
            }
        }
        for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite://app.db?mode=memory", "sqlite:?%6Dode=memory"] {
            assert_eq!(Location::of(url), Location { in_memory: true, ..Location::default() }, "{url}");
        }
        for url in ["sqlite://app.db?mode=ro", "sqlite://app.db?immutable=1", "sqlite://app.db?immutable=true"] {
            assert_eq!(Location::of(url), Location { read_only: true, ..Location::default() }, "{url}");
        }
        for url in
            ["sqlite://app.db?cache=shared", "sqlite://app.db?mode=rwc&vfs=unix-none", "sqlite:app.db?immutable=0"]
        {
            assert_eq!(Location::of(url), Location { has_other_options: true, ..Location::default() }, "{url}");
        }
    }

    #[tokio::test]
    async fn every_connection_is_durable_and_enforces_foreign_keys() {
        const FULL: i64 = 2;
        let folder = std::env::temp_dir();
        let file = folder.join(format!("axum-users-pragmas-mode=ro-{}.db", std::process::id()));
        let url = format!("sqlite://{}?mode=rwc", file.display());
        for url in ["sqlite::memory:", url.as_str()] {
            let pools = open(url, &PoolSettings::default()).await.unwrap();
            for pool in [&pools.read, &pools.write] {
                let pragma =
                    async |pragma: &'static str| -> i64 { sqlx::query_scalar(pragma).fetch_one(pool).await.unwrap() };
                assert_eq!(pragma("PRAGMA synchronous").await, FULL, "{url}");
                assert_eq!(pragma("PRAGMA foreign_keys").await, 1, "{url}");
                assert_eq!(pragma("PRAGMA busy_timeout").await, 5000, "{url}");
                let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await.unwrap();
                assert_eq!(journal, if url.contains("memory") { "memory" } else { "wal" });
            }
            assert_eq!(pools.write.options().get_max_connections(), 1);
            pools.read.close().await;
            pools.write.close().await;
        }
        std::fs::remove_file(file).unwrap();
    }
}
