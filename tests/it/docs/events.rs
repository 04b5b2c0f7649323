//! The inventory of events.

use std::collections::BTreeSet;

use axum_users::event::EventKind;

use super::page::{first_cells, quoted, read, rows, runtime, section};

#[test]
fn events_match_code() {
    let (page, code) = (read("docs/guide/events.md"), runtime());
    let events = rows(page.split("\n## ").next().unwrap());
    assert_eq!(first_cells(&events), EventKind::ALL.map(|kind| kind.name().to_owned()).into());
    // Every kind is written somewhere, with every reason that the page lists for it.
    for kind in EventKind::ALL {
        assert!(
            code.contains(&format!("Kind::{kind:?},")) || code.contains(&format!("Kind::{kind:?}.name()")),
            "{kind:?}"
        );
    }
    for row in events {
        for reason in quoted(&row[3]) {
            assert!(code.contains(&format!("\"{reason}\"")), "{} has no reason {reason}", row[0]);
        }
    }
    // `operation!(LEVEL, "name", …)`, possibly on several lines.
    let lines = code.split("operation!(").skip(1).filter_map(|rest| {
        let (level, rest) = rest.trim_start().split_once(',')?;
        let name = rest.trim_start().strip_prefix('"')?.split('"').next()?;
        Some((name.to_owned(), level.to_owned()))
    });
    let listed = rows(section(&page, "## Other lines"));
    let listed = listed.iter().map(|row| (row[0].trim_matches('`').to_owned(), row[1].clone()));
    assert_eq!(listed.collect::<BTreeSet<_>>(), lines.collect::<BTreeSet<_>>());
    for field in first_cells(&rows(section(&page, "## Fields"))) {
        assert!(code.contains(&format!("{field},")) || code.contains(&format!("{field} =")), "{field}");
    }
}
