//! A cache of lookups in an SQLite file, valid until the next commit.
//!
//! A lookup first queries SQLite for commits by any connection of any process. If there were none, the earlier result
//! of the same lookup is still current, and no query of the tables is needed. SQLite responds in about a microsecond,
//! from memory that all connections of the file share, so this check runs on the thread of the request.

use std::{
    any::Any,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hashlink::LruCache;
use rusqlite::{Connection, OpenFlags};

use crate::domain::{IdValue, SessionKey, TokenId};

/// The maximum number of lookups whose results are kept.
pub(in crate::adapter::sql) const CAPACITY: usize = 1024;

/// The maximum number of consecutive lookups that skip this check, because something was committed before each of the last ones.
const MAX_SKIPPED: u32 = 64;

/// A lookup.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(in crate::adapter::sql) enum Key {
    User(IdValue, Option<TokenId>),
    Session(SessionKey),
}

/// The result of a lookup. The caller knows the type of the user.
pub(in crate::adapter::sql) type AnyFound = Arc<dyn Any + Send + Sync>;

/// SQLite's number for the content of the file. It changes with every commit of another connection, and the connection
/// that reads it writes nothing (<https://sqlite.org/pragma.html#pragma_data_version>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::adapter::sql) struct Version(i64);

/// The results of lookups, valid as long as nothing is committed.
pub(in crate::adapter::sql) struct LookupCache(Mutex<State>);

struct State {
    /// `None` once the store is closed.
    connection: Option<Connection>,
    version: Option<Version>,
    /// How many versions in a row were new.
    new_versions: u32,
    /// How many of the next lookups do not check the version.
    skipped: u32,
    /// Whether lookups read only tables, in the schema with this number.
    are_tables: Option<(i64, bool)>,
    results: Results,
}

/// The results for the current version of the file.
enum Results {
    /// None yet: the version was seen once. Under constant writes no version is seen twice, so storing results would be useless.
    NotYet,
    /// None: a table is a view or virtual, so its rows may differ without a commit.
    Never,
    Kept(LruCache<Key, AnyFound>),
}

impl LookupCache {
    /// Opens a file. Returns `None` if that fails; every lookup is then a query.
    pub(in crate::adapter::sql) fn open(file: &Path) -> Option<Self> {
        if !file.is_file() {
            return None; // for an empty name SQLite opens a temporary database
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags).ok()?;
        // rusqlite would wait five seconds for a lock, on a thread that serves requests.
        connection.busy_timeout(Duration::ZERO).ok()?;
        Some(Self(Mutex::new(State {
            connection: Some(connection),
            version: None,
            new_versions: 0,
            skipped: 0,
            are_tables: None,
            results: Results::NotYet,
        })))
    }

    /// Returns the state. No code that can panic runs under the lock, so a poisoned lock still guards a valid state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the results of these lookups in these tables, `None` for each that needs a query, and the version with
    /// which to [insert](Self::insert) its result.
    pub(in crate::adapter::sql) fn get_all(
        &self,
        tables: impl FnOnce() -> Vec<String>,
        keys: &[Key],
    ) -> (Vec<Option<AnyFound>>, Option<Version>) {
        let mut state = self.state();
        if state.skipped > 0 {
            state.skipped -= 1;
            return (vec![None; keys.len()], None);
        }
        let old = state.look();
        if old.is_none() && matches!(state.results, Results::NotYet) {
            state.begin(tables);
        }
        let results = keys.iter().map(|key| state.results.get(key)).collect();
        let version = state.version.filter(|_| matches!(state.results, Results::Kept(_)));
        drop(state);
        drop(old);
        (results, version)
    }

    /// Returns the result of this lookup, or `None` if it needs a query.
    pub(in crate::adapter::sql) fn get(&self, key: &Key) -> Option<AnyFound> {
        let mut state = self.state();
        if !matches!(state.results, Results::Kept(_)) {
            return None; // without asking SQLite, which the query does
        }
        let old = state.look();
        let found = state.results.get(key);
        drop(state);
        drop(old);
        found
    }

    /// Stores the results of lookups that ran after [`get_all`](Self::get_all) returned the version, unless another
    /// version was seen since.
    pub(in crate::adapter::sql) fn insert(&self, version: Version, found: impl IntoIterator<Item = (Key, AnyFound)>) {
        let mut state = self.state();
        if state.version == Some(version)
            && let Results::Kept(kept) = &mut state.results
        {
            kept.extend(found);
        }
    }

    /// Closes the file and forgets all results.
    pub(in crate::adapter::sql) fn close(&self) {
        let mut state = self.state();
        let connection = state.connection.take();
        let old = state.forget(None);
        drop(state);
        drop((connection, old));
    }
}

impl Results {
    fn get(&mut self, key: &Key) -> Option<AnyFound> {
        match self {
            Self::Kept(results) => results.get(key).cloned(),
            Self::NotYet | Self::Never => None,
        }
    }
}

impl State {
    /// Reads the version. If it has changed, removes the results and returns them, to be dropped after the lock.
    fn look(&mut self) -> Option<Results> {
        let version =
            self.connection.as_ref().and_then(|connection| number(connection, "PRAGMA data_version")).map(Version);
        if version.is_some() && version == self.version {
            self.new_versions = 0;
            return None;
        }
        // Under constant writes, the check would only cost time.
        self.skipped = (1_u32 << self.new_versions.min(31)).min(MAX_SKIPPED) - 1;
        self.new_versions = self.new_versions.saturating_add(1);
        Some(self.forget(version))
    }

    /// Stores results from now on, if lookups read only tables.
    fn begin(&mut self, tables: impl FnOnce() -> Vec<String>) {
        let Some(connection) = &self.connection else { return };
        // SQLite counts the changes of the schema.
        let Some(schema) = number(connection, "PRAGMA schema_version") else { return };
        let are_tables = match self.are_tables {
            Some((known, are_tables)) if known == schema => are_tables,
            _ => match are_tables(connection, &tables()) {
                Some(are_tables) => are_tables,
                None => return,
            },
        };
        self.are_tables = Some((schema, are_tables));
        self.results = if are_tables { Results::Kept(LruCache::new(CAPACITY)) } else { Results::Never };
    }

    fn forget(&mut self, version: Option<Version>) -> Results {
        self.version = version;
        std::mem::replace(&mut self.results, Results::NotYet)
    }
}

/// Returns the number that a statement reads, or `None` if SQLite cannot respond at once, because another process holds a lock.
fn number(connection: &Connection, statement: &str) -> Option<i64> {
    connection.prepare_cached(statement).ok()?.query_row([], |row| row.get(0)).ok()
}

/// Returns whether none of these names belongs to a view or virtual table; `None` if SQLite cannot tell at once.
fn are_tables(connection: &Connection, names: &[String]) -> Option<bool> {
    let statement = "SELECT count(*) FROM pragma_table_list WHERE name = ?1 COLLATE NOCASE AND type <> 'table'";
    for name in names {
        if connection.query_row(statement, [name], |row| row.get::<_, i64>(0)).ok()? > 0 {
            return Some(false);
        }
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the results of lookups in a new file, and a connection that writes there.
    fn opened(statements: &str) -> (tempfile::TempDir, LookupCache, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.db");
        let writer = Connection::open(&file).unwrap();
        writer.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE user (id)").unwrap();
        writer.execute_batch(statements).unwrap();
        (folder, LookupCache::open(&file).unwrap(), writer)
    }

    fn key(number: i64) -> Key {
        Key::User(IdValue::Integer(number), None)
    }

    fn recall(cache: &LookupCache) -> (Option<i32>, Option<Version>) {
        let (found, version) = cache.get_all(|| vec!["user".to_owned()], &[key(1)]);
        (found[0].as_deref().map(|found| *found.downcast_ref().unwrap()), version)
    }

    fn keep(cache: &LookupCache, version: Version, found: i32) {
        cache.insert(version, [(key(1), Arc::new(found) as AnyFound)]);
    }

    fn write(writer: &Connection) {
        writer.execute("INSERT INTO user VALUES (1)", []).unwrap();
    }

    #[test]
    fn results_are_kept_from_the_second_look_at_a_version_until_a_commit() {
        let (_folder, cache, writer) = opened("");
        assert_eq!(recall(&cache), (None, None), "seen once");
        for round in 0..3 {
            let (found, version) = recall(&cache);
            assert_eq!(found, None);
            keep(&cache, version.unwrap(), round);
            assert_eq!(recall(&cache), (Some(round), version));
            assert!(cache.get(&key(1)).is_some());
            assert!(cache.get(&key(2)).is_none());
            write(&writer);
            assert!(cache.get(&key(1)).is_none());
        }
    }

    #[test]
    fn under_constant_writes_sqlite_is_hardly_asked() {
        let (_folder, cache, writer) = opened("");
        let mut skipped = 0;
        for _ in 0..1000 {
            write(&writer);
            skipped += u32::from(cache.state().skipped > 0);
            assert_eq!(recall(&cache), (None, None));
        }
        assert!(skipped > 970, "{skipped}");
        let needed = (1..).find(|_| recall(&cache).1.is_some()).unwrap();
        assert!(needed <= 2 * MAX_SKIPPED, "{needed}");
    }

    #[test]
    fn what_was_found_before_a_commit_is_not_kept_after_it() {
        let (_folder, cache, writer) = opened("");
        recall(&cache);
        let before = recall(&cache).1.unwrap();
        write(&writer);
        recall(&cache);
        recall(&cache).1.unwrap();
        keep(&cache, before, 1);
        assert_eq!(recall(&cache).0, None);
    }

    #[test]
    fn a_commit_of_a_connection_that_was_opened_later_is_seen() {
        let (folder, cache, _writer) = opened("");
        recall(&cache);
        keep(&cache, recall(&cache).1.unwrap(), 1);
        write(&Connection::open(folder.path().join("app.db")).unwrap());
        assert_eq!(recall(&cache).0, None);
    }

    #[test]
    fn rows_of_views_and_virtual_tables_are_never_kept() {
        for other in ["CREATE VIEW USER AS SELECT random() AS id", "CREATE VIRTUAL TABLE user USING fts5 (id)"] {
            let (_folder, cache, _writer) = opened(&format!("DROP TABLE user; {other}"));
            for _ in 0..3 {
                assert_eq!(recall(&cache), (None, None), "{other}");
            }
        }
    }

    #[test]
    fn a_table_that_becomes_a_view_is_noticed() {
        let (_folder, cache, writer) = opened("");
        recall(&cache);
        assert!(recall(&cache).1.is_some());
        writer.execute_batch("DROP TABLE user; CREATE VIEW user AS SELECT random() AS id").unwrap();
        for _ in 0..3 {
            assert_eq!(recall(&cache), (None, None));
        }
    }

    #[test]
    fn the_oldest_result_is_forgotten_when_there_are_too_many() {
        let (_folder, cache, _writer) = opened("");
        recall(&cache);
        let version = recall(&cache).1.unwrap();
        keep(&cache, version, 1);
        for number in 2..=CAPACITY {
            cache.insert(version, [(key(i64::try_from(number).unwrap()), Arc::new(0) as AnyFound)]);
        }
        assert_eq!(recall(&cache).0, Some(1));
        for number in 1..=CAPACITY {
            cache.insert(version, [(key(-i64::try_from(number).unwrap()), Arc::new(0) as AnyFound)]);
        }
        assert_eq!(recall(&cache).0, None);
    }

    #[test]
    fn a_lock_is_not_waited_for() {
        let (_folder, cache, writer) = opened("PRAGMA journal_mode = DELETE");
        recall(&cache);
        keep(&cache, recall(&cache).1.unwrap(), 1);
        writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert_eq!(recall(&cache), (None, None));
        assert!(cache.get(&key(1)).is_none());
        let waits =
            |connection: &Connection| connection.query_row("PRAGMA busy_timeout", [], |row| row.get::<_, i64>(0));
        assert_eq!(cache.state().connection.as_ref().map(waits), Some(Ok(0)));
        writer.execute_batch("ROLLBACK").unwrap();
        assert!((0..4).any(|_| recall(&cache).1.is_some()));
    }

    #[test]
    fn a_lock_while_the_schema_is_read_does_not_turn_the_cache_off() {
        let (_folder, cache, writer) = opened("PRAGMA journal_mode = DELETE");
        recall(&cache);
        let locked = || {
            writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
            vec!["user".to_owned()]
        };
        cache.get_all(locked, &[key(1)]);
        writer.execute_batch("ROLLBACK").unwrap();
        write(&writer);
        assert!((0..200).any(|_| recall(&cache).1.is_some()));
    }

    #[test]
    fn what_is_no_file_is_not_opened() {
        let (folder, ..) = opened("");
        assert!(LookupCache::open(Path::new("")).is_none());
        assert!(LookupCache::open(folder.path()).is_none());
        assert!(LookupCache::open(&folder.path().join("other.db")).is_none());
    }

    #[test]
    fn nothing_is_kept_after_the_store_was_closed() {
        let (_folder, cache, _writer) = opened("");
        recall(&cache);
        keep(&cache, recall(&cache).1.unwrap(), 1);
        cache.close();
        assert_eq!(recall(&cache), (None, None));
    }
}
