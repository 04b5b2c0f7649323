//! Everything that the library logs has the target `axum_users`, so that the documented filter shows all of it.

use super::source::{is_test, paths, tokens, words};
use crate::repository::{Source, sources};

/// The module that writes the log.
const WRITER: &str = "users-runtime/src/event.rs";
/// The mailer that prints mails, for development.
const TERMINAL: &str = "users-runtime/src/adapter/mail/terminal.rs";

/// It keeps the lines of a library, which contain more than ours may, out of the log.
const SILENCER: &str = "users-runtime/src/adapter/webauthn.rs";

/// Returns every use of a log macro outside of the module `event`, and every span without the target.
fn violations(source: &Source) -> Vec<String> {
    let code = tokens(&source.text).code;
    let mut found = Vec::new();
    for path in paths(&code, "tracing").into_iter().chain(paths(&code, "log")) {
        let silences = source.path == SILENCER && path[0] == "dispatcher";
        if path[0] != "instrument" && source.path != WRITER && !silences {
            found.push(format!("{}: `{}` instead of `operation!` or `event::record`", source.path, path.join("::")));
        }
    }
    let printing = ["println", "eprintln", "print", "eprint", "dbg"];
    for (word, line) in words(&code) {
        if printing.contains(&word.as_str()) && source.path != TERMINAL {
            found.push(format!("{}:{line}: {word}", source.path));
        }
    }
    let spans = source.text.split("tracing::instrument(").skip(1);
    let macros = ["tracing::event!(", "tracing::info!(", "tracing::warn!(", "tracing::error!("];
    let events = macros.iter().flat_map(|name| source.text.split(name).skip(1));
    for start in spans.chain(events.filter(|_| source.path == WRITER)) {
        if !start.split(',').next().unwrap_or_default().contains("axum_users") {
            found.push(format!("{}: no target before `{:.40}`", source.path, start.trim_start()));
        }
    }
    found
}

#[test]
fn everything_is_logged_under_the_documented_target() {
    let files = sources(&["users-runtime/src"]);
    assert!(files.iter().any(|file| file.path == WRITER) && files.iter().any(|file| file.path == TERMINAL));
    let found: Vec<_> = files.iter().filter(|file| !is_test(&file.path)).flat_map(violations).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn a_line_without_the_target_is_detected() {
    for (text, finds) in [
        ("fn f() { tracing::error!(event = \"x\", \"text\"); }", 1),
        ("fn f() { tracing::warn!(target: \"axum_users\", \"text\"); }", 1),
        ("use tracing::{info, warn};", 2),
        ("fn f() { log::warn!(\"text\"); }", 1),
        ("fn f() { println!(\"text\"); }", 1),
        ("#[tracing::instrument(name = \"x\", skip_all)]\nfn f() {}", 1),
        ("#[tracing::instrument(target = \"axum_users\", name = \"x\", skip_all)]\nfn f() {}", 0),
        ("fn f() { operation!(ERROR, \"x\", \"text\"); }", 0),
    ] {
        let file = Source { path: "users-runtime/src/service/x.rs".to_owned(), text: text.to_owned() };
        assert_eq!(violations(&file).len(), finds, "{text}: {:?}", violations(&file));
    }
}
