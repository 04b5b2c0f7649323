//! The page on browser front ends.

use axum_users::{Cookie, token::TrustedOrigins};

use super::page::{first_cells, quoted, read, rows};

#[test]
fn cors_page() {
    let page = read("docs/guide/cookies.md");
    let (_, cors) = page.split_once("### CORS").unwrap();
    let program = cors.split("```").nth(1).unwrap();
    // Exact origins, each a whole one, and nothing that lets others in. The program itself is compiled with the documentation.
    let allowed = program.split(".allow_origin(").nth(1).unwrap().split(')').next().unwrap();
    let origins: Vec<&str> = allowed.split('"').skip(1).step_by(2).collect();
    assert!(!origins.is_empty() && TrustedOrigins::new(origins.iter().copied()).is_ok(), "{origins:?}");
    assert!(program.contains(".allow_credentials(true)"));
    for open in ["Any", "mirror_request", "predicate", "\"*\"", "very_permissive", "permissive"] {
        assert!(!program.contains(open), "{open}");
    }
    assert!(
        cors.contains("mirror_request") && cors.contains("`*` does not go with credentials"),
        "and it warns of both"
    );
    // The library itself names no such header anywhere.
    for file in ["users-runtime/src/http/edge.rs", "users-runtime/src/http/security_headers.rs"] {
        assert!(!read(file).to_lowercase().contains("access-control"), "{file}");
    }
    assert!(page.contains(&format!(".trusted_origins(TrustedOrigins::new([\"{}\"])?)", origins[0])));
}

#[test]
fn the_settings_are_those_of_the_code() {
    let page = read("docs/guide/cookies.md");
    let table = page.split("## Settings").nth(1).unwrap().split("\n## ").next().unwrap();
    let documented: Vec<String> =
        first_cells(&rows(table)).iter().map(|cell| cell.split('(').next().unwrap().to_owned()).collect();
    let source = read("users-runtime/src/adapter/cookie/mod.rs");
    let settings = source.split("    pub fn ").skip(1).filter_map(|item| item.split_once('('));
    let mut in_code: Vec<String> =
        settings.filter(|(_, rest)| rest.starts_with("self")).map(|(name, _)| name.to_owned()).collect();
    // Explained with the logout.
    in_code.retain(|name| name != "clear_site_storage");
    in_code.sort();
    assert_eq!(documented, in_code);
    assert!(page.contains("`clear_site_storage()`"));
    // The example sets what the page says.
    let example = read("examples/server.rs");
    assert!(example.contains("Cookie::new().max_age(lifetime)"));
    let name = quoted(&rows(table)[0][1])[0].to_owned();
    assert!(format!("{:?}", Cookie::new()).contains(&name), "{name}");
}
