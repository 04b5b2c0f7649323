//! The page on browser front ends.

use axum_users::token::TrustedOrigins;

use super::page::{read, runtime, section};

#[test]
fn cors_page() {
    let page = read("docs/guide/cookies.md");
    let program = section(&page, "### CORS").split("```").nth(1).unwrap();
    // Exact origins, and nothing that admits others. The program itself is compiled with the documentation.
    let allowed = program.split(".allow_origin(").nth(1).unwrap().split(')').next().unwrap();
    let origins: Vec<&str> = allowed.split('"').skip(1).step_by(2).collect();
    assert!(!origins.is_empty() && TrustedOrigins::new(origins.iter().copied()).is_ok(), "{origins:?}");
    assert!(program.contains(".allow_credentials(true)"));
    for open in ["Any", "mirror_request", "predicate", "\"*\"", "permissive"] {
        assert!(!program.contains(open), "{open}");
    }
    // The page trusts the same origins, and the library sends no such header.
    assert!(page.contains(&format!("TrustedOrigins::new([\"{}\"])", origins[0])));
    assert!(!runtime().to_lowercase().contains("access-control-"));
}
