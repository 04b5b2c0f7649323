//! Only the modules of the connections that docs/guide/outbound.md lists may open a connection.

use std::collections::BTreeSet;

use super::source::{is_test, paths, tokens, words};
use crate::repository::{read, sources};

/// Crates that open network connections.
const CRATES: [&str; 10] =
    ["lettre", "reqwest", "ureq", "isahc", "surf", "curl", "fred", "openidconnect", "hickory_resolver", "native_tls"];
/// Types and functions that open a connection, a datagram socket or a process. `TcpListener` only accepts connections.
const OPENERS: [&str; 8] =
    ["TcpStream", "TcpSocket", "UdpSocket", "UnixStream", "UnixDatagram", "lookup_host", "HttpGet", "Command"];
/// Suffixes of type names: connection pools and their options. Our own modules are also called `redis`, so that
/// client is recognised by the types without which it cannot open a connection.
const ENDINGS: [&str; 6] =
    ["PoolOptions", "ConnectOptions", "SmtpConnection", "ConnectionManager", "ConnectionInfo", "MultiplexedConnection"];

/// Returns the first word in a file that can open a connection.
fn opener(text: &str) -> Option<String> {
    let code = tokens(text).code;
    // These crates contain more than a client.
    for (name, client) in [("redis", "Client"), ("hyper", "client"), ("hyper_util", "client")] {
        if paths(&code, name).iter().any(|path| path[0] == client) {
            return Some(format!("{name}::{client}"));
        }
    }
    // The protocol has the name of the crate.
    if !paths(&code, "oauth2").is_empty() {
        return Some("oauth2".to_owned());
    }
    let opens = |word: &str| {
        CRATES.contains(&word) || OPENERS.contains(&word) || ENDINGS.iter().any(|ending| word.ends_with(ending))
    };
    words(&code).into_iter().map(|(word, _)| word).find(|word| opens(word))
}

/// The folder of each connection on the page, by the first words of its table row.
const FOLDERS: [(&str, &str); 5] = [
    ("database queries", "adapter/sql"),
    ("Redis commands", "adapter/redis"),
    ("mail", "adapter/mail/smtp"),
    ("range query", "adapter/breached"),
    ("OAuth providers", "adapter/oauth"),
];

#[test]
fn only_files_of_the_table_open_connections() {
    let page = read("docs/guide/outbound.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.split([' ', '(']).next()).skip(1);
    let known = FOLDERS.map(|(connection, _)| connection.split(' ').next().unwrap());
    assert_eq!(rows.collect::<Vec<_>>(), known, "the page lists these connections");

    let (mut unlisted, mut used) = (Vec::new(), BTreeSet::new());
    for file in sources(&["src", "users-macros/src", "users-runtime/src"]) {
        // A port only declares an interface, and the root only exports names.
        let declares = file.path.starts_with("users-runtime/src/port/") || file.path == "users-runtime/src/lib.rs";
        if is_test(&file.path) || declares {
            continue;
        }
        let Some(word) = opener(&file.text) else { continue };
        let is_in = |folder: &str| file.path.starts_with(&format!("users-runtime/src/{folder}/"));
        match FOLDERS.iter().find(|(_, folder)| is_in(folder)) {
            Some((connection, _)) => _ = used.insert(*connection),
            None => unlisted.push(format!("{}: `{word}` opens a connection that is not listed", file.path)),
        }
    }
    assert!(unlisted.is_empty(), "{unlisted:#?}");
    assert_eq!(used, FOLDERS.map(|(connection, _)| connection).into(), "each listed connection is opened somewhere");
}

#[test]
fn code_that_opens_a_connection_is_detected() {
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
