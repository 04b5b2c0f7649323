//! Every ticked row of docs/contributing/security.md must name tests, and each named test must exist.

use std::collections::BTreeSet;

use super::rows::{Row, rows};
use crate::repository::{Source, read, sources};

type Name = (String, String);

/// Returns every test as (module, test), once for each enclosing module: the file, its folders, and modules in the file.
fn tests_of(file: &Source) -> BTreeSet<Name> {
    let mut outer: Vec<String> = file.path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if file.path.strip_prefix("tests/ui/").is_some_and(|case| case.contains('/')) {
        // A compile-fail case is a file whose expected message is checked.
        let case = outer.pop().unwrap_or_default();
        return BTreeSet::from([("compile_fail".to_owned(), case)]);
    }
    outer.retain(|part| !["main", "mod", "tests", "src"].contains(&part.as_str()));
    let (mut found, mut inner, mut is_test) = (BTreeSet::new(), Vec::<(usize, String)>::new(), false);
    for line in file.text.lines() {
        let (indent, text) = (line.len() - line.trim_start().len(), line.trim());
        inner.retain(|(depth, _)| indent > *depth || text.is_empty());
        let item = text.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
        if let Some(name) = item.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(" {")) {
            inner.push((indent, name.to_owned()));
        } else if text.starts_with("#[") && text.trim_end_matches(']').contains("test") && !text.contains("cfg(") {
            is_test = true;
        } else if text.starts_with("#[ignore") {
            is_test = false;
        } else if let Some(name) = function(item) {
            if is_test {
                let modules = outer.iter().chain(inner.iter().map(|(_, module)| module));
                found.extend(modules.map(|module| (module.clone(), name.to_owned())));
            }
            is_test = false;
        }
    }
    found
}

fn function(item: &str) -> Option<&str> {
    let rest = item.trim_start_matches("async ").strip_prefix("fn ")?;
    rest.split(['(', '<']).next()
}

/// Returns the problems of ticked rows.
fn problems(rows: &[Row], tests: &BTreeSet<Name>) -> Vec<String> {
    let mut found = Vec::new();
    for row in rows.iter().filter(|row| row.ticked) {
        if row.tests.is_empty() {
            found.push(format!("docs/contributing/security.md:{}: ticked, but names no test", row.line));
        }
        for name in row.tests.iter().filter(|name| !tests.contains(*name)) {
            found.push(format!("docs/contributing/security.md:{}: there is no test {}::{}", row.line, name.0, name.1));
        }
    }
    found
}

/// Returns whether a test is named `t` and a number.
fn is_story(name: &str) -> bool {
    name.strip_prefix('t').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[test]
fn every_ticked_row_names_existing_tests() {
    let rows = rows(&read("docs/contributing/security.md"));
    assert!(rows.len() > 50, "the tables were parsed");
    let files =
        sources(&["tests", "users-runtime/src", "users-runtime/tests", "users-macros/src", "users-macros/tests"]);
    let tests: BTreeSet<Name> = files.iter().flat_map(tests_of).collect();
    let found = problems(&rows, &tests);
    // A story that no row names could be deleted without anybody noticing.
    for story in tests.iter().filter(|name| name.0 == "takeover" && is_story(&name.1)) {
        assert!(rows.iter().any(|row| row.tests.contains(story)), "no row names {story:?}");
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));

    // Shown with --nocapture, as scripts/security-rows runs it: the totals, and rows that could be ticked.
    let mut sections: Vec<&str> = rows.iter().map(|row| row.section.as_str()).collect();
    sections.dedup();
    for section in sections {
        let (ticked, all) = rows
            .iter()
            .filter(|row| row.section == section)
            .fold((0, 0), |(ticked, all), row| (ticked + usize::from(row.ticked), all + 1));
        println!("{ticked:>3} of {all:>3}  {section}");
    }
    let ticked = rows.iter().filter(|row| row.ticked).count();
    println!("{ticked:>3} of {:>3}  in total", rows.len());
    for row in rows.iter().filter(|row| !row.ticked && !row.tests.is_empty()) {
        let missing: Vec<_> = row.tests.iter().filter(|name| !tests.contains(*name)).collect();
        match missing.is_empty() {
            true => println!("line {}: every test exists, the box can be ticked", row.line),
            false if missing.len() < row.tests.len() => println!("line {}: still missing {missing:?}", row.line),
            false => {}
        }
    }
}

#[test]
fn a_ticked_row_without_a_test_is_detected() {
    let file = Source {
        path: "tests/flows/login.rs".to_owned(),
        text: "#[tokio::test(flavor = \"multi_thread\")]\nasync fn exists() {}\n#[test]\n#[ignore]\nfn off() {}\nfn helper() {}\n\
               mod limits {\n    #[test]\n    fn inner() {}\n}\nmod other {}\n#[test]\nfn after() {}\n"
            .to_owned(),
    };
    let tests = tests_of(&file);
    let document = "| [x] | `login::exists` `limits::inner` `login::inner` |\n| [x] | none |\n| [x] | `login::off` |\n\
                    | [x] | `login::helper` |\n| [x] | `limits::after` |\n| [ ] | `login::helper` |\n";
    let lines: Vec<_> = problems(&rows(document), &tests)
        .iter()
        .filter_map(|text| text.split(':').nth(1)?.parse::<usize>().ok())
        .collect();
    assert_eq!(lines, [2, 3, 4, 5]);
}
