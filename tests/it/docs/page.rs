//! Reading and comparing pages.

use std::{collections::BTreeSet, fs};

use crate::repository::path;
pub(crate) use crate::repository::read;

/// Compares a page with what the code says now, or writes it if `UPDATE_DOCS` is set.
#[track_caller]
pub(crate) fn is_current(name: &str, now: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some_and(|update| update == "1") {
        fs::write(path(name), now).unwrap();
    }
    let committed = read(name);
    for (at, (committed, now)) in committed.lines().zip(now.lines()).enumerate() {
        assert_eq!(committed, now, "{name}:{}; write it anew with UPDATE_DOCS=1 cargo test --test it docs::", at + 1);
    }
    assert_eq!(committed.lines().count(), now.lines().count(), "{name} is too short or too long");
}

/// The cells of all tables of a page, without headings.
pub(crate) fn rows(page: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        let is_heading = lines.peek().is_some_and(|next| next.starts_with("|---"));
        if line.starts_with("| ") && !is_heading {
            let cells = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned());
            rows.push(cells.collect());
        }
    }
    rows
}

/// What stands in backticks in a text, in order.
pub(crate) fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The first cell of each row, without backticks.
pub(crate) fn first_cells(rows: &[Vec<String>]) -> BTreeSet<String> {
    rows.iter().map(|row| row[0].trim_matches('`').to_owned()).collect()
}

/// Asserts that each row whose last cell is `` `file` `NAME = VALUE` `` says what the file says: a line with the name that
/// ends in the value. Answers how many there are.
#[track_caller]
pub(crate) fn numbers_stand_in_the_code(page: &str) -> usize {
    let mut found = 0;
    for row in rows(page) {
        let last = row.last().cloned().unwrap_or_default();
        let [file, claim] = quoted(&last)[..] else { continue };
        let (name, value) = claim.split_once(" = ").unwrap_or_else(|| panic!("no value in {row:?}"));
        let source = read(&format!("users-runtime/src/{file}"));
        let says = |line: &str| {
            let line = line.trim().trim_end_matches([';', ',', '}', ' ']);
            line.contains(name) && (line.ends_with(&format!("= {value}")) || line.contains(&format!("{name}: {value}")))
        };
        assert!(source.lines().any(says), "{file} does not say {claim}");
        found += 1;
    }
    found
}

#[test]
fn rows_are_read_without_headings() {
    let page = "| a | b |\n|---|---|\n| `c` | d |\n\ntext\n\n| e | f |\n|---|---|\n| g | `h` and `i` |\n";
    assert_eq!(rows(page), [["`c`", "d"], ["g", "`h` and `i`"]]);
    assert_eq!(quoted(&rows(page)[1][1]), ["h", "i"]);
}
