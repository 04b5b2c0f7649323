//! The image of the example server: what its files say about users, health and variables. No container runs here.

use std::collections::BTreeSet;

use super::page::{first_cells, read, rows, section};

/// The instructions of the Dockerfile, with continued lines joined.
fn instructions() -> Vec<(String, String)> {
    let text = read("examples/server/Dockerfile").replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(' ').map(|(name, rest)| (name.to_owned(), rest.to_owned())).unwrap()).collect()
}

/// The instructions of this name in the last stage.
fn last_stage(name: &str) -> Vec<String> {
    let all = instructions();
    let start = all.iter().rposition(|(name, _)| name == "FROM").unwrap();
    all[start..].iter().filter(|(other, _)| other == name).map(|(_, rest)| rest.clone()).collect()
}

#[test]
fn the_image_has_one_program_which_is_not_root_and_checks_its_own_health() {
    assert_eq!(last_stage("FROM"), ["scratch"]);
    assert_eq!(last_stage("USER"), ["65532:65532"]);
    assert_eq!(last_stage("ENTRYPOINT"), [r#"["/server"]"#]);
    let [health] = &last_stage("HEALTHCHECK")[..] else { panic!("one health check") };
    assert!(health.ends_with(r#"CMD ["/server", "--health"]"#), "{health}");
    assert!(last_stage("COPY").iter().all(|copy| copy.starts_with("--from=build /")), "nothing of the source tree");
}

#[test]
fn the_image_is_built_with_features_that_exist_and_the_toolchain_of_the_workspace() {
    let manifest = read("Cargo.toml");
    let instructions = instructions();
    let (_, build) = instructions.iter().find(|(name, rest)| name == "RUN" && rest.contains("cargo build")).unwrap();
    let features = build.split_once("--features ").unwrap().1.split(',');
    for feature in features {
        assert!(manifest.contains(&format!("\n{feature} = [")), "{feature}");
        assert_ne!(feature, "testing");
    }
    let version = manifest.split_once("rust-version = \"").unwrap().1.split('"').next().unwrap();
    assert_eq!(instructions[0], ("FROM".to_owned(), format!("rust:{version}-alpine AS build")));
}

#[test]
fn variables_of_the_image_and_of_compose_are_those_of_the_guide() {
    let page = read("docs/guide/deployment.md");
    let known = first_cells(&rows(section(&page, "## The example server")));
    let compose = read("examples/server/compose.yaml");
    let service = compose.split_once("  server:\n").unwrap().1.split("\n\n").next().unwrap();
    let environment = service.split_once("environment:\n").unwrap().1;
    let set = environment
        .lines()
        .take_while(|line| line.starts_with("      "))
        .map(|line| line.trim().split(':').next().unwrap());
    let of_image = last_stage("ENV").into_iter().map(|pair| pair.split('=').next().unwrap().to_owned());
    let used: BTreeSet<String> = set.map(str::to_owned).chain(of_image).collect();
    assert!(used.contains("AUTH_SECRET") && used.contains("BIND"), "{used:?}");
    assert!(used.is_subset(&known), "{used:?}");
}
