//! Who may open a connection: the files in the table of docs/guide/outbound.md, and no other.

use std::collections::BTreeSet;

use super::source::{is_test, paths, tokens, words};
use crate::repository::{read, sources};

/// Crates that speak to somebody.
const CRATES: [&str; 11] = [
    "lettre",
    "reqwest",
    "ureq",
    "isahc",
    "surf",
    "curl",
    "fred",
    "oauth2",
    "openidconnect",
    "hickory_resolver",
    "native_tls",
];
/// Types and functions that open a connection, a datagram socket or a process. `TcpListener` only waits for others.
const OPENERS: [&str; 8] =
    ["TcpStream", "TcpSocket", "UdpSocket", "UnixStream", "UnixDatagram", "lookup_host", "HttpGet", "Command"];
/// How others end: pools of connections, and what they are made from. Modules of ours are called `redis` as well, so that
/// client is known by what it is made from: no connection of it comes about without one of these.
const ENDINGS: [&str; 6] =
    ["PoolOptions", "ConnectOptions", "SmtpConnection", "ConnectionManager", "ConnectionInfo", "MultiplexedConnection"];

/// The first word in a file that can open a connection.
fn opener(text: &str) -> Option<String> {
    let code = tokens(text).code;
    // These crates have more in them than a client.
    for (name, client) in [("redis", "Client"), ("hyper", "client"), ("hyper_util", "client")] {
        if paths(&code, name).iter().any(|path| path[0] == client) {
            return Some(format!("{name}::{client}"));
        }
    }
    let opens = |word: &str| {
        CRATES.contains(&word) || OPENERS.contains(&word) || ENDINGS.iter().any(|ending| word.ends_with(ending))
    };
    words(&code).into_iter().map(|(word, _)| word).find(|word| opens(word))
}

/// The folders and files that the table names, from `users-runtime/src`.
fn listed(page: &str) -> BTreeSet<String> {
    let rows = page.lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.filter_map(|row| row.trim_end_matches(" |").rsplit_once(" | ")?.1.split('`').nth(1).map(str::to_owned))
        .collect()
}

/// What a row stands for: everything in the folder of its file.
fn covers(row: &str, path: &str) -> bool {
    let folder = row.rsplit_once('/').map_or(row, |(folder, _)| folder);
    path.strip_prefix("users-runtime/src/").is_some_and(|path| path.starts_with(&format!("{folder}/")))
}

#[test]
fn only_files_of_the_table_open_connections() {
    let rows = listed(&read("docs/guide/outbound.md"));
    assert!(rows.len() >= 3, "the table was read: {rows:?}");
    let (mut unlisted, mut used) = (Vec::new(), BTreeSet::new());
    for file in sources(&["src", "users-macros/src", "users-runtime/src"]) {
        // A port names what is asked of the world, and opens nothing.
        if is_test(&file.path) || file.path.starts_with("users-runtime/src/port/") {
            continue;
        }
        let Some(word) = opener(&file.text) else { continue };
        match rows.iter().find(|row| covers(row, &file.path)) {
            Some(row) => _ = used.insert(row.clone()),
            None => unlisted.push(format!("{}: `{word}` is not in docs/guide/outbound.md", file.path)),
        }
    }
    assert!(unlisted.is_empty(), "{unlisted:#?}");
    assert_eq!(used, rows, "every row of the table stands for code that opens a connection");
}

#[test]
fn what_opens_a_connection_is_found() {
    for code in [
        "use tokio::net::TcpStream;",
        "async fn f() { reqwest::get(url).await; }",
        "let pool = SqlitePoolOptions::new();",
        "use hyper_util::client::legacy::Client;",
        "std::process::Command::new(\"curl\")",
        "use redis::aio::ConnectionManager;",
        "let client = redis::Client::open(url);",
    ] {
        assert!(opener(code).is_some(), "{code}");
    }
    for code in ["// reqwest::get", "let text = \"TcpStream\";", "use tokio::net::TcpListener;", "struct Commander;"] {
        assert_eq!(opener(code), None, "{code}");
    }
}
