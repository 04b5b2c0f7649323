//! Small rules about files.

use super::source::{code, is_test, without_tests};
use crate::repository::{Source, sources};

/// Everything we write, but for samples of other people's code (compile-fail cases, golden expansions).
fn ours() -> Vec<Source> {
    let mut files = sources(&["src", "users-macros", "users-runtime", "tests", "examples", "benches"]);
    files.retain(|file| !["/ui/", "/golden/", "/target/"].iter().any(|folder| file.path.contains(folder)));
    files
}

/// More lines than this, without the tests beside the code, are two files.
const LONGEST: usize = 400;
/// Tests of one topic may take more.
const LONGEST_TEST: usize = 650;
/// The facade and the card of a room hold no logic.
const LONGEST_CARD: usize = 40;

fn too_long(file: &Source) -> Option<String> {
    let is_card = file.path == "src/lib.rs" || file.path.contains("/flows/") && file.path.ends_with("/mod.rs");
    let (most, lines) = match () {
        () if is_test(&file.path) => (LONGEST_TEST, file.text.lines().count()),
        () if is_card => (LONGEST_CARD, file.text.lines().count()),
        () => (LONGEST, without_tests(&code(&file.text)).lines().count()),
    };
    (lines > most).then(|| format!("{}: {lines} lines, at most {most}", file.path))
}

/// What must not stand in code: work left undone, tests switched off, and tests that wait by the clock.
fn undone(file: &Source) -> Vec<String> {
    let code = code(&file.text);
    let first_test = if is_test(&file.path) { 0 } else { without_tests(&code).lines().count() };
    let comments: Vec<&str> = file.text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in code.lines().enumerate() {
        let words = ["todo!", "unimplemented!", "#[ignore"].into_iter().filter(|word| line.contains(word));
        // A wait that is itself what the test is about says so in a comment right above it.
        let is_excused = at > 0 && comments[at - 1].contains("// slow on purpose");
        let waits = at >= first_test && line.contains("sleep(") && !is_excused;
        found.extend(words.chain(waits.then_some("sleep(")).map(|word| format!("{}:{}: {word}", file.path, at + 1)));
    }
    found
}

#[test]
fn no_file_is_too_long() {
    let files = ours();
    assert!(files.len() > 60, "the tree was found");
    let found: Vec<_> = files.iter().filter_map(too_long).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn nothing_is_left_undone_switched_off_or_waited_for_by_the_clock() {
    let found: Vec<_> = ours().iter().flat_map(undone).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_rules_find_what_breaks_them() {
    let file = |path: &str, text: String| Source { path: path.to_owned(), text };
    assert!(too_long(&file("users-runtime/src/user.rs", "//\n".repeat(401))).is_some());
    assert!(too_long(&file("users-runtime/src/user.rs", "//\n".repeat(400))).is_none());
    assert!(too_long(&file("users-runtime/src/flows/login/mod.rs", "//\n".repeat(41))).is_some());
    assert!(too_long(&file("src/lib.rs", "//\n".repeat(41))).is_some());
    assert!(too_long(&file("tests/flows/login.rs", "//\n".repeat(651))).is_some());
    let mostly_tests = format!("//\n#[cfg(test)]\nmod tests {{\n{}}}\n", "//\n".repeat(500));
    assert!(too_long(&file("users-runtime/src/user.rs", mostly_tests)).is_none());
    for (path, text, finds) in [
        ("src/x.rs", "fn f() { todo!() }", 1),
        ("src/x.rs", "fn f() { unimplemented!(\"x\") }", 1),
        ("src/x.rs", "#[test]\n#[ignore]\nfn f() {}", 1),
        ("src/x.rs", "tokio::time::sleep(d).await;", 0),
        ("src/x.rs", "#[cfg(test)]\nmod tests {\n    fn f() { std::thread::sleep(d) }\n}", 1),
        ("tests/x.rs", "tokio::time::sleep(d).await;", 1),
        ("tests/x.rs", "// slow on purpose: the hook is\nsleep(d)", 0),
        ("tests/x.rs", "// todo!\nlet x = \"sleep(\";", 0),
    ] {
        assert_eq!(undone(&file(path, text.to_owned())).len(), finds, "{text}");
    }
}

/// A request's address is parsed by the reader of its fields, and one from code where an account is created or changed.
/// Everything else receives an `EmailAddress`.
#[test]
fn addresses_are_parsed_in_three_places_only() {
    let calls = |file: &Source| without_tests(&code(&file.text)).matches("EmailAddress::parse(").count();
    let found: Vec<String> = sources(&["users-runtime/src"])
        .iter()
        .filter(|file| !file.path.contains("/domain/") && !is_test(&file.path))
        .flat_map(|file| vec![file.path.clone(); calls(file)])
        .collect();
    assert_eq!(
        found,
        ["account/create.rs", "account/update.rs", "http/fields.rs"].map(|file| format!("users-runtime/src/{file}"))
    );
}
