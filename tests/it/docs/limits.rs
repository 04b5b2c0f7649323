//! The page on guessing and flooding, and the table of limits in the documentation of `Limits`.

use std::collections::BTreeSet;

use axum_users::{
    Limits,
    limits::{Limit, Rule},
};

use super::page::{first_cells, quoted, read, rows, runtime, section};

const PAGE: &str = "docs/guide/limits.md";

#[test]
fn docs_match_defaults() {
    let page = read(PAGE);
    let table = rows(section(&page, "## The limits"));
    let documented: Vec<_> = table.iter().map(|row| (row[0].trim_matches('`').to_owned(), row[1].clone())).collect();
    let default = |limit: Limit| Limits::default().rule(limit).map(|rule: Rule| rule.to_string());
    let expected: Vec<_> = Limit::ALL.map(|limit| (limit.name().to_owned(), default(limit).unwrap())).into();
    assert_eq!(documented, expected);
    assert!(Limit::ALL.iter().all(|limit| Limits::off().rule(*limit).is_none()));

    // The table in the documentation of the struct.
    let source = read("users-runtime/src/service/limits.rs");
    for line in source.lines().filter_map(|line| line.strip_prefix("/// | [`")) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let named: Vec<_> =
            Limit::ALL.into_iter().filter(|limit| cells[0].contains(&format!("(Limit::{limit:?})"))).collect();
        assert!(!named.is_empty(), "{line}");
        assert!(named.iter().all(|limit| default(*limit).as_deref() == Some(cells[1])), "{line}");
    }
    assert!(Limit::ALL.iter().all(|limit| source.contains(&format!("(Limit::{limit:?})"))));
}

#[test]
fn limits_page_complete() {
    let page = read(PAGE);
    // Every limit has a source, and every setting of the struct is on the page.
    let table = rows(section(&page, "## The limits"));
    assert!(table.iter().all(|row| row.len() == 5 && row.iter().all(|cell| !cell.is_empty())), "{table:?}");
    let settings = first_cells(&rows(section(&page, "## Changing limits")));
    let settings: BTreeSet<_> =
        settings.iter().map(|call| call.split('(').next().unwrap().trim_start_matches("Limits::")).collect();
    let source = read("users-runtime/src/service/limits.rs");
    let setters = source.split("    pub fn ").skip(1).filter_map(|item| item.split_once('('));
    let setters: BTreeSet<_> = setters.filter(|(_, rest)| rest.contains("-> Self {")).map(|(name, _)| name).collect();
    let is_reader = |name: &&&str| ["rule", "known_addresses", "known_browsers"].contains(*name);
    assert_eq!(settings, setters.iter().filter(|name| !is_reader(name)).copied().collect());
    // So are the defaults of known clients, the calls for counters, and the headers of a response.
    let days = |time: Option<std::time::Duration>| format!("{} days", time.unwrap().as_secs() / 86_400);
    assert!(page.contains(&days(Limits::default().known_addresses())));
    assert!(page.contains(&days(Limits::default().known_browsers())));
    let stores = first_cells(&rows(section(&page, "## Where counters are")));
    assert_eq!(
        stores.into_iter().collect::<Vec<_>>(),
        ["counters(…)", "counters_in_database()", "counters_in_redis(redis)", "none"]
    );
    for header in ["ratelimit-policy", "ratelimit"] {
        assert!(runtime().contains(&format!("\"{header}\"")) && page.contains(&format!("{header}: ")), "{header}");
    }
    // Why accounts cannot be locked out, and the bound, which follows from the defaults.
    assert!(section(&page, "## Why accounts cannot be locked out").len() > 1500);
    let bound = rows(section(&page, "## The bound"));
    assert_eq!(quoted(&bound[0][1]), Vec::<&str>::new());
    let numbers = |limit| Limits::default().rule(limit).unwrap().to_string();
    assert_eq!(numbers(Limit::LoginAccount), numbers(Limit::LoginKnown));
    assert_eq!(numbers(Limit::LoginAccount), "100, then one each 15 min");
    assert_eq!([&*bound[1][1], &*bound[2][1], &*bound[3][1]], ["100 + 4·h", "100 + 4·h", "**200 + 8·h**"]);
}

/// The page on second factors says how far somebody gets in a year who guesses codes.
#[test]
fn guessed_codes_have_the_chance_on_the_page() {
    const YEAR: u64 = 365 * 24 * 3600;
    let page = read("docs/guide/second-factor.md");
    let text = section(&page, "### Guessing codes");
    let guesses = |limit| {
        let Some(Rule::Quota(quota)) = Limits::default().rule(limit) else { panic!("{limit:?}") };
        u64::from(quota.at_most()) + YEAR * u64::from(quota.at_most()) / quota.per().as_secs()
    };
    let ways = [Limit::SecondFactorLongTerm, Limit::SecondFactorInSessionLongTerm].map(guesses);
    assert_eq!(ways, [2930, 2930]);
    // Two of a million codes are right at a time.
    let chance = |guesses: u64| format!("{:.1} %", 100.0 * (1.0 - (1.0_f64 - 2e-6).powf(guesses as f64)));
    for told in ["2,930".to_owned(), chance(ways[0]), chance(ways[0] + ways[1])] {
        assert!(text.contains(&told), "{told}");
    }
}
