//! The page on metrics.

use std::{collections::BTreeSet, fmt::Write as _};

use axum_users::event::{EventKind, METRICS};

use super::page::{is_current, read, runtime};

#[test]
fn the_metrics_on_the_page_are_those_of_the_code() {
    const PAGE: &str = "docs/guide/metrics.md";
    const HEAD: &str = "| metric | kind | labels | meaning |\n|---|---|---|---|\n";
    let page = read(PAGE);
    let (before, after) = page.split_once(HEAD).unwrap();
    let after = after.split_once("\n\n").map_or(after, |(_, after)| after).trim_start_matches('\n');
    let mut table = String::new();
    for metric in METRICS {
        let labels = metric.labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(" ");
        let kind = format!("{:?}", metric.kind).to_lowercase();
        writeln!(table, "| `{}` | {kind} | {labels} | {} |", metric.name, metric.meaning).unwrap();
    }
    is_current(PAGE, &format!("{before}{HEAD}{table}\n{after}"));

    // Rules and panels name metrics, events and reasons that exist.
    let is_of_a_name = |c: char| c.is_ascii_lowercase() || c == '_';
    for rest in page.split("axum_users_").skip(1) {
        let name = format!("axum_users_{}", rest.split(|c| !is_of_a_name(c)).next().unwrap());
        assert!(METRICS.iter().any(|metric| metric.name == name), "{name}");
    }
    let plain = page.replace("\\\"", "\"");
    let values = |key: &str| -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        for pattern in [format!("{key}=\""), format!("{key}=~\"")] {
            let texts = plain.split(&pattern).skip(1).filter_map(|rest| rest.split('"').next());
            found.extend(texts.flat_map(|text| text.split('|')));
        }
        found
    };
    let (events, code) = (EventKind::ALL.map(EventKind::name), runtime());
    let (named, reasons) = (values("event"), values("reason"));
    assert!(named.len() >= 3 && named.iter().all(|name| events.contains(name)), "{named:?}");
    assert!(reasons.len() >= 3 && reasons.iter().all(|reason| code.contains(&format!("\"{reason}\""))), "{reasons:?}");
    let panel = page.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(panel).unwrap()["targets"].is_array());
}
