//! The inventory of events.

use std::collections::BTreeSet;

use axum_users::event::EventKind;

use super::page::{first_cells, quoted, read, rows};

/// All sources of the runtime, joined.
fn runtime() -> String {
    let mut folders = vec![crate::repository::path("users-runtime/src")];
    let mut text = String::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    text
}

#[test]
fn events_match_code() {
    let page = read("docs/guide/events.md");
    let (events, lines) = page.split_once("## Other lines").unwrap();
    let names: BTreeSet<String> = EventKind::ALL.into_iter().map(|kind| kind.name().to_owned()).collect();
    let fields = events.find("## Fields").unwrap();
    assert_eq!(first_cells(&rows(&events[..fields])), names, "the table of events");

    // Every kind is written somewhere, and so is every reason that the page gives for it.
    let code = runtime();
    for kind in EventKind::ALL {
        assert!(
            code.contains(&format!("EventKind::{kind:?},")) || code.contains(&format!("EventKind::{kind:?}.name()")),
            "{kind:?}"
        );
    }
    for row in rows(&events[..fields]) {
        for reason in quoted(&row[3]) {
            assert!(code.contains(&format!("\"{reason}\"")), "{} has no reason {reason}", row[0]);
        }
    }
    let of_the_code: BTreeSet<&str> =
        code.split("event = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let of_the_page = first_cells(&rows(lines));
    assert_eq!(
        of_the_page.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        of_the_code,
        "the table of other lines"
    );
}

#[test]
fn the_fields_are_those_that_are_written() {
    let page = read("docs/guide/events.md");
    let fields = page.split_once("## Fields").unwrap().1.split_once("## Other lines").unwrap().0;
    let source = read("users-runtime/src/event.rs");
    for name in first_cells(&rows(fields)) {
        assert!(source.contains(&format!("{name},")) || source.contains(&format!("{name} =")), "{name}");
    }
}
