//! Every SQL statement is read to its end.

use super::source::{tokens, words};
use crate::repository::sources;

/// Functions of sqlx that stop after a row, or leave the rest to the caller. SQLite commits when a statement ends, so these
/// lose the error of a commit that fails because the disk is full or the file is locked.
const UNFINISHED: [&str; 5] = ["fetch", "fetch_many", "fetch_one", "fetch_optional", "execute_many"];

/// The names of such functions in a file, apart from its tests.
fn unfinished(text: &str) -> Vec<String> {
    let words = words(&tokens(text).code).into_iter().map(|(word, _)| word);
    words.filter(|word| UNFINISHED.contains(&word.as_str())).collect()
}

#[test]
fn every_statement_is_read_to_its_end() {
    let sources = sources(&["users-runtime/src/adapter/sql"]);
    assert!(sources.iter().any(|source| source.text.contains(".fetch_all(")), "the adapter is read");
    for source in sources {
        assert_eq!(unfinished(&source.text), [""; 0], "{}: read it by `fetch_all` or `execute`", source.path);
    }
}

#[test]
fn a_statement_that_is_not_read_to_its_end_is_found() {
    for call in ["query.fetch_one(connection)", "Executor::fetch_optional(connection, sql)", "query.fetch(pool)"] {
        assert_eq!(unfinished(&format!("fn f() {{ {call}; }}")).len(), 1, "{call}");
    }
    assert!(unfinished("fn f() { query.fetch_all(pool); query.execute(pool); DB::fetch_first(a, b) }").is_empty());
    assert!(unfinished("// query.fetch_one(connection)\nfn f() {}").is_empty());
}
