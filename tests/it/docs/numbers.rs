//! Defaults and limits in tables, compared with the code.

use std::collections::BTreeSet;

use axum_users::{Cookie, Limits};

use super::page::{first_cells, quoted, read, rows, runtime, section};

/// Asserts that a table has exactly these rows: the first cell, the number in the second, and how the code says it.
#[track_caller]
fn numbers(text: &str, expected: &[(&str, &str, &str)]) {
    let table: Vec<_> = rows(text).into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let names: Vec<_> = expected.iter().map(|(name, number, _)| ((*name).to_owned(), (*number).to_owned())).collect();
    assert_eq!(table, names);
    let code = runtime();
    for (name, number, says) in expected {
        assert!(code.contains(says), "{name} is not {number}: no `{says}`");
    }
}

#[test]
fn session_page() {
    numbers(
        section(&read("docs/guide/sessions.md"), "## Time limits"),
        &[
            ("JWT, after login", "3,600 s", "DEFAULT_LIFETIME: Duration = Duration::from_secs(3600)"),
            ("stored session, after login", "24 h", "lifetime: Some(DAY)"),
            ("stored session, after its last use", "1 h", "idle: Some(HOUR)"),
            ("precision of the last use", "1 min", "TOUCH_EVERY: Duration = Duration::from_secs(60)"),
            ("login that counts as fresh", "300 s", "fresh_login: Duration::from_secs(300)"),
            ("concurrent sessions per user", "20", "at_most: 20"),
        ],
    );
}

#[test]
fn resources_page() {
    let page = read("docs/guide/resources.md");
    numbers(
        &page,
        &[
            (
                "request head, and idle time between two requests (built-in server)",
                "10 s",
                "HEAD_TIME: Duration = Duration::from_secs(10)",
            ),
            (
                "a request to the library's routes, body included",
                "10 s",
                "REQUEST_TIMEOUT: Duration = Duration::from_secs(10)",
            ),
            ("request body", "16 KiB", "BODY_LIMIT: usize = 16 * 1024"),
            ("nesting depth of JSON", "32", "MAX_DEPTH: usize = 32"),
            ("access token", "4,096 bytes", "MAX_TOKEN_BYTES: usize = 4096"),
            ("password", "1,024 bytes", "MAX_BYTES: usize = 1024"),
            ("memory of all running hashes", "256 MiB", "memory_budget_mib: 256"),
            ("passwords waiting, per worker", "32", "queue_per_worker: 32"),
            ("waiting time of a password", "2 s", "max_wait: Duration::from_secs(2)"),
            ("memory of a stored hash", "1 GiB", "MAX_MEMORY_KIB: u32 = 1024 * 1024"),
            ("passes of a stored hash", "32", "MAX_PASSES: u32 = 32"),
            ("concurrent queries for current users", "2", "MAX_QUERIES: usize = 2"),
            ("lookups in one query", "256", "MAX_BATCH: usize = 256"),
            ("waiting time for a database connection", "2 s", "acquire_timeout: Duration::from_secs(2)"),
            (
                "waiting time for another process's lock on a SQLite file",
                "5 s",
                "BUSY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5)",
            ),
            ("connecting to Redis", "3 s", "CONNECT: Duration = Duration::from_secs(3)"),
            ("a response from Redis", "2 s", "REPLY: Duration = Duration::from_secs(2)"),
            ("both, including one retry", "5 s", "TOTAL: Duration = Duration::from_secs(5)"),
            ("queued mails", "1,024", "CAPACITY: usize = 1024"),
            ("mails being sent at once", "8", "WORKERS: usize = 8"),
            ("keys of [mail counters](limits.md) in memory", "100,000", "CAPACITY: usize = 100_000"),
            ("a job after the response", "60 s", "JOB_TIME: Duration = Duration::from_secs(60)"),
            (
                "requests in progress at shutdown (built-in server)",
                "30 s",
                "STOP_TIME: Duration = Duration::from_secs(30)",
            ),
            ("queued mails at shutdown (built-in server)", "30 s", "DRAIN: Duration = Duration::from_secs(30)"),
        ],
    );
}

#[test]
#[should_panic(expected = "mails is not 9")]
fn a_number_that_the_code_does_not_say_is_found() {
    numbers("| a | b |\n|---|---|\n| mails | 9 |\n", &[("mails", "9", "WORKERS: usize = 9")]);
}

#[test]
fn limits_page_says_the_defaults() {
    let quota = Limits::default().mails_to_one_account().unwrap();
    let table = rows(&read("docs/guide/limits.md"));
    assert_eq!(table[0][1], format!("{} in {} s", quota.at_most(), quota.per().as_secs()));
    assert_eq!((table.len(), Limits::off().mails_to_one_account()), (1, None));
}

#[test]
fn outbound_page() {
    let table = rows(&read("docs/guide/outbound.md"));
    assert!(table.iter().all(|row| row.len() == 5 && row.iter().all(|cell| !cell.is_empty())), "{table:?}");
    let times: Vec<_> = table.iter().map(|row| row[4].split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(times, ["2 s", "2 s", "10 s", "those of"]);
    assert!(runtime().contains("TIME: Duration = Duration::from_secs(10)"), "the time for a mail");
    // The pages that are served load nothing from elsewhere.
    for page in ["page.html", "page.js", "page.css"] {
        let text = read(&format!("users-runtime/src/openapi/page/{page}"));
        assert!(!["//cdn", "https:", "http:"].iter().any(|other| text.contains(other)), "{page}");
    }
}

#[test]
fn server_setup_page() {
    let (page, example) = (read("docs/guide/deployment.md"), read("examples/server.rs"));
    let table = rows(section(&page, "## The example server"));
    // The names of variables that the example reads; RUST_LOG is read by the subscriber.
    let is_variable = |name: &str| name.len() > 3 && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let literals = example.split('"').skip(1).step_by(2).filter(|text| is_variable(text)).chain(["RUST_LOG"]);
    let names: BTreeSet<String> = literals.map(|name| name.replace("OAUTH_", "OAUTH_…")).collect();
    assert_eq!(first_cells(&table), names);
    for row in &table {
        let (name, default) = (row[0].trim_matches('`'), row[2].trim_matches('`'));
        if let Some(rest) = example.split(&format!("variable(\"{name}\", \"")).nth(1) {
            assert_eq!(rest.split('"').next(), Some(default), "{name}");
        }
    }
    // The programs of the page set what the built-in server sets.
    for setting in ["header_read_timeout(", "TokioTimer::new()", "into_make_service_with_connect_info::<SocketAddr>()"]
    {
        assert!(runtime().contains(setting) && page.contains(setting), "{setting}");
    }
    assert!(page.contains("users.drain("));
}

#[test]
fn the_settings_of_cookies_are_those_of_the_code() {
    let page = read("docs/guide/cookies.md");
    let table = rows(section(&page, "## Settings"));
    let documented = first_cells(&table).into_iter().map(|cell| cell.split('(').next().unwrap().to_owned());
    let source = read("users-runtime/src/adapter/cookie/mod.rs");
    let setters = source.split("    pub fn ").skip(1).filter_map(|item| item.split_once("("));
    let in_code = setters.filter(|(_, rest)| rest.starts_with("mut self") || rest.starts_with("self"));
    let in_code: BTreeSet<_> = in_code.map(|(name, _)| name.to_owned()).collect();
    assert_eq!(documented.chain(["clear_site_storage".to_owned()]).collect::<BTreeSet<_>>(), in_code);
    assert!(format!("{:?}", Cookie::new()).contains(quoted(&table[0][1])[0]));
}
