//! SQL statements must be executed to completion.

use super::source::{tokens, words};
use crate::repository::sources;

/// Functions of sqlx that stop after one row or leave the remaining rows to the caller. SQLite commits when a statement ends, so
/// these lose the error of a commit that fails because the disk is full or the file is locked.
const UNFINISHED: [&str; 5] = ["fetch", "fetch_many", "fetch_one", "fetch_optional", "execute_many"];

/// The only file that may use one, for the short forms of lookups: `statement` makes them, and makes none of a statement that
/// writes.
const READS_ONLY: &str = "users-runtime/src/adapter/sql/sqlite/short.rs";

/// Returns the names of such functions in a file, without its tests.
fn unfinished(text: &str) -> Vec<String> {
    let words = words(&tokens(text).code).into_iter().map(|(word, _)| word);
    words.filter(|word| UNFINISHED.contains(&word.as_str())).collect()
}

#[test]
fn every_statement_is_read_to_its_end() {
    let sources = sources(&["users-runtime/src/adapter/sql"]);
    assert!(sources.iter().any(|source| source.text.contains(".fetch_all(")), "the sources of the adapter were found");
    for source in sources {
        let allowed: &[&str] = if source.path == READS_ONLY { &["fetch_optional"] } else { &[] };
        assert_eq!(unfinished(&source.text), allowed, "{}: use `fetch_all` or `execute`", source.path);
    }
}

#[test]
fn a_statement_that_is_not_read_to_its_end_is_detected() {
    for call in ["query.fetch_one(connection)", "Executor::fetch_optional(connection, sql)", "query.fetch(pool)"] {
        assert_eq!(unfinished(&format!("fn f() {{ {call}; }}")).len(), 1, "{call}");
    }
    assert!(unfinished("fn f() { query.fetch_all(pool); query.execute(pool); DB::fetch_first(a, b) }").is_empty());
    assert!(unfinished("// query.fetch_one(connection)\nfn f() {}").is_empty());
}
