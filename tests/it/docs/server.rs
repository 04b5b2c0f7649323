//! The page about running a service, against `examples/server.rs` and `axum_users::serve`.

use std::collections::BTreeSet;

use super::page::{first_cells, read, rows};

/// The names of environment variables that the example reads.
fn variables(source: &str) -> BTreeSet<String> {
    let calls = ["variable(\"", "env::var(\"", "env::var_os(\"", "on(\"", "switch(\"", "starts_with(\""];
    let names = calls.into_iter().flat_map(|call| source.split(call).skip(1)).filter_map(|rest| rest.split('"').next());
    let is_variable = |name: &&str| name.chars().all(|c| c.is_ascii_uppercase() || c == '_') && name.len() > 3;
    names
        .filter(is_variable)
        .map(|name| if name == "OAUTH_" { "OAUTH_…".to_owned() } else { name.to_owned() })
        .collect()
}

#[test]
fn server_setup_page() {
    let page = read("docs/guide/deployment.md");
    let example = read("examples/server.rs");
    let table = rows(page.split("## A server of your own").next().unwrap());

    // RUST_LOG is read by the subscriber.
    let mut read_by_the_example = variables(&example);
    read_by_the_example.insert("RUST_LOG".to_owned());
    assert_eq!(first_cells(&table), read_by_the_example);
    for row in &table {
        let (name, default) = (row[0].trim_matches('`'), row[2].trim_matches('`'));
        let in_code = format!("variable(\"{name}\", \"");
        if let Some(rest) = example.split(&in_code).nth(1) {
            assert_eq!(rest.split('"').next(), Some(default), "{name}");
        }
    }

    // The set-up of one's own has the time limits of ours, and the example uses ours.
    let serve = read("users-runtime/src/builder/serve.rs");
    for ours in [
        "header_read_timeout(",
        "http1::Builder",
        "timer(TokioTimer::new())",
        "into_make_service_with_connect_info::<SocketAddr>()",
    ] {
        assert!(serve.contains(ours) && page.contains(ours), "{ours}");
    }
    assert!(serve.contains("HEAD_TIME: Duration = Duration::from_secs(10)"));
    assert!(page.contains("header_read_timeout(Duration::from_secs(10))") && page.contains("users.drain("));
    assert!(example.contains("axum_users::serve(app, bind)"));
}
