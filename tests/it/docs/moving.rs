//! The page on moving from fastapi-users, against docs/contributing/security.md, docs/contributing/contract.md and the code.

use std::{collections::BTreeSet, fmt::Write, fs, path::Path};

use axum_users::env::Relaxation;

use super::page::{is_current, quoted, read, rows};

const PAGE: &str = "docs/guide/moving-from-fastapi-users.md";
const BEGIN: &str = "<!-- differences: written by UPDATE_DOCS=1 cargo test --test docs -->\n";
const END: &str = "<!-- end -->\n";

/// Differences that docs/contributing/security.md has no row for as long as what they concern is not built.
const NOT_BUILT: [[&str; 4]; 4] = [
    ["C7", "no rate limits", "none in this version either: put one in front of the logins", "none"],
    ["C14", "`oauth_accounts` of a user hold the provider's tokens", "no OAuth in this version", "none"],
    ["C15", "an OAuth state can be used for an hour, by anybody who has it", "no OAuth in this version", "none"],
    ["C23", "errors are `{\"detail\": …}`", "the same", "the default is the wire"],
];

/// The rows of docs/contributing/security.md and those that it lacks, in the order of their numbers.
fn differences() -> Vec<Vec<String>> {
    let security = read("docs/contributing/security.md");
    let section = security.split("## Differences from fastapi-users").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut all = rows(section);
    for row in NOT_BUILT {
        if all.iter().all(|other| other[0] != row[0]) {
            all.push(row.map(str::to_owned).to_vec());
        }
    }
    all.sort_by_key(|row| row[0].trim_start_matches('C').parse::<u32>().unwrap());
    all
}

#[test]
fn the_differences_are_those_of_the_security_page() {
    let differences = differences();
    let numbers: Vec<&str> = differences.iter().map(|row| row[0].as_str()).collect();
    let wanted: Vec<String> = (1..=numbers.len().max(25)).map(|number| format!("C{number}")).collect();
    assert_eq!(numbers, wanted);

    let mut table = "\n| # | fastapi-users | `Policy::recommended()` | opt-out |\n|---|---|---|---|\n".to_owned();
    for row in &differences {
        // Links are relative to the page that they stand on.
        let row = row.join(" | ").replace("](decisions/", "](../contributing/decisions/").replace("](../guide/", "](");
        writeln!(table, "| {row} |").unwrap();
    }
    let page = read(PAGE);
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    is_current(PAGE, &format!("{before}{BEGIN}{table}\n{END}{after}"));
}

#[test]
fn every_relaxation_is_an_opt_out_of_the_page() {
    let differences = differences();
    let opt_outs: BTreeSet<&str> = differences.iter().flat_map(|row| quoted(&row[3])).collect();
    for relaxation in Relaxation::ALL {
        assert!(opt_outs.contains(relaxation.call()), "{relaxation:?}");
    }
}

/// The sources of the library, as one text.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text.push_str(&sources(&path));
        } else {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
    text
}

#[test]
fn every_name_on_the_page_is_in_the_code() {
    let code = sources(&crate::repository::path("users-runtime/src"));
    let mut calls = 0;
    for row in rows(&read(PAGE)) {
        for cell in &row[1..] {
            // `Type::method`, with arguments or without, and opt-outs such as `keep_sessions()`.
            let named = quoted(cell).into_iter().filter(|name| name.contains("::") || name.ends_with(')'));
            let named = named.filter(|name| !name.contains(' ') && !name.starts_with("#["));
            for name in named {
                let call = name.split('(').next().unwrap().rsplit("::").next().unwrap();
                if call.starts_with(|c: char| c.is_ascii_lowercase()) {
                    assert!(code.contains(&format!("fn {call}")), "{name} in {row:?}");
                    calls += 1;
                }
            }
        }
    }
    assert!(calls > 15, "{calls}");
}

#[test]
fn hooks_are_all_there_with_their_names_in_python() {
    let page = read(PAGE);
    let table = rows(page.split("### Hooks").nth(1).unwrap().split("\n### ").next().unwrap());
    let ours: BTreeSet<&str> = table.iter().flat_map(|row| quoted(&row[1])).collect();
    let hooks = read("users-runtime/src/port/hooks.rs");
    let methods = hooks.split("pub trait UserManager").nth(1).unwrap().split("\n}").next().unwrap();
    let methods: BTreeSet<&str> =
        methods.split("    fn ").skip(1).map(|method| method.split('(').next().unwrap()).collect();
    assert_eq!(ours, methods);

    // Upstream's are those of the contract, and each has the same name here.
    let contract = read("docs/contributing/contract.md");
    let section = contract.split("## 12. User manager").nth(1).unwrap().split("| hook |").nth(1).unwrap();
    let section = section.split("\n\n").next().unwrap();
    let upstream: BTreeSet<&str> =
        section.lines().skip(2).flat_map(|line| quoted(line.split('|').nth(1).unwrap())).collect();
    let named: Vec<&str> =
        table.iter().flat_map(|row| quoted(&row[0])).map(|call| call.split('(').next().unwrap()).collect();
    assert_eq!(named.iter().copied().collect::<BTreeSet<_>>(), upstream);
    for row in table.iter().filter(|row| row[0].starts_with('`')) {
        assert_eq!(quoted(&row[0])[0].split('(').next(), Some(quoted(&row[1])[0]));
    }
}
