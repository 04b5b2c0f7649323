//! The page on moving from fastapi-users, compared with the security page, the wire contract and the code.

use std::{collections::BTreeSet, fmt::Write};

use axum_users::env::Relaxation;

use super::{
    links::REPOSITORY,
    page::{is_current, quoted, read, rows, section},
};

const PAGE: &str = "docs/guide/moving-from-fastapi-users.md";
const BEGIN: &str = "<!-- differences: generated with UPDATE_DOCS=1 from docs/contributing/security.md -->\n";
const END: &str = "<!-- end -->\n";

/// Differences without a row on the security page, because what they concern is not implemented.
const NOT_IMPLEMENTED: [[&str; 4]; 1] =
    [["C23", "errors are `{\"detail\": …}`", "the same", "the default is the wire"]];

#[test]
fn the_differences_are_those_of_the_security_page() {
    let security = read("docs/contributing/security.md");
    let mut differences = rows(section(&security, "## Differences from fastapi-users"));
    differences.extend(NOT_IMPLEMENTED.map(|row| row.map(str::to_owned).to_vec()));
    differences.sort_by_key(|row| row[0].trim_start_matches('C').parse::<u32>().unwrap());
    let numbers: Vec<_> = differences.iter().map(|row| row[0].clone()).collect();
    assert_eq!(numbers, (1..=numbers.len().max(26)).map(|number| format!("C{number}")).collect::<Vec<_>>());
    let opt_outs: BTreeSet<&str> = differences.iter().flat_map(|row| quoted(&row[3])).collect();
    for relaxation in Relaxation::ALL {
        assert!(opt_outs.contains(relaxation.call()), "{relaxation:?}");
    }

    let mut table = "\n| # | fastapi-users | `Policy::recommended()` | opt-out |\n|---|---|---|---|\n".to_owned();
    for row in &differences {
        // Links are relative to the page that they are on.
        let decisions = format!("]({REPOSITORY}docs/contributing/decisions/");
        let row = row.join(" | ").replace("](decisions/", &decisions).replace("](../guide/", "](");
        writeln!(table, "| {row} |").unwrap();
    }
    let page = read(PAGE);
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    is_current(PAGE, &format!("{before}{BEGIN}{table}\n{END}{after}"));
}

#[test]
fn all_hooks_are_listed_with_their_names_in_python() {
    let (page, hooks) = (read(PAGE), read("users-runtime/src/port/hooks.rs"));
    let table = rows(section(&page, "### Hooks"));
    let methods = hooks.split("pub trait UserManager").nth(1).unwrap().split("\n}").next().unwrap();
    let methods: BTreeSet<&str> =
        methods.split("    fn ").skip(1).map(|method| method.split('(').next().unwrap()).collect();
    assert_eq!(table.iter().flat_map(|row| quoted(&row[1])).collect::<BTreeSet<_>>(), methods);

    let contract = read("docs/contributing/contract.md");
    let upstream = contract.split("| hook |").nth(1).unwrap().split("\n\n").next().unwrap();
    let upstream: BTreeSet<&str> =
        upstream.lines().skip(2).flat_map(|line| quoted(line.split('|').nth(1).unwrap())).collect();
    let python: Vec<&str> = table.iter().flat_map(|row| quoted(&row[0])).collect();
    let python: BTreeSet<&str> = python.into_iter().map(|call| call.split('(').next().unwrap()).collect();
    assert_eq!(python, upstream);
    assert!(python.is_subset(&methods), "the names are the same in both");
}
