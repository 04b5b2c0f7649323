//! The workflows of `.github` run every check that the scripts have.

use std::collections::BTreeSet;

use crate::repository::read;

/// Returns the names in the line `all=(…)` of a script.
fn checks(script: &str) -> BTreeSet<String> {
    let text = read(script);
    let names =
        text.lines().find_map(|line| line.strip_prefix("all=(")?.strip_suffix(')')).expect("the script has checks");
    names.split(' ').map(str::to_owned).collect()
}

/// Returns the words of a workflow after `script`, and those of the lists from which it takes its arguments.
fn run_by(workflow: &str, script: &str, list: &str) -> BTreeSet<String> {
    let text = read(&format!(".github/workflows/{workflow}"));
    let runs = text.lines().filter_map(|line| line.split_once(script).or_else(|| line.split_once(list)));
    runs.flat_map(|(_, names)| names.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn workflows_run_every_step_of_the_tests_and_every_nightly_check() {
    let run = run_by("ci.yml", "run: scripts/test", " steps: [");
    let missing: Vec<_> = checks("scripts/test").difference(&run).cloned().collect();
    // The tests build what they run, and the job `supply-chain` runs `cargo deny` with the advisories.
    assert_eq!(missing, ["build", "supply_chain"]);
    let run = run_by("nightly.yml", "run: scripts/nightly", " checks: [");
    assert_eq!(checks("scripts/nightly").difference(&run).collect::<Vec<_>>(), Vec::<&String>::new());
}
