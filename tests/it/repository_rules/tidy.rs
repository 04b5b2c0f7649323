//! Rules about the length and content of source files.

use super::source::{is_test, paths, tokens, words};
use crate::repository::{Source, sources};

/// Returns all source files except compile-fail cases and golden expansions.
fn ours() -> Vec<Source> {
    let mut files = sources(&["src", "users-macros", "users-runtime", "tests", "examples", "benches"]);
    files.retain(|file| !["/ui/", "/golden/", "/target/"].iter().any(|folder| file.path.contains(folder)));
    files
}

/// The maximum number of lines of a file, without its unit tests.
const LONGEST: usize = 400;
/// The maximum for test files.
const LONGEST_TEST: usize = 650;
/// The maximum for the facade, which contains no logic.
const LONGEST_FACADE: usize = 40;

fn too_long(file: &Source) -> Option<String> {
    let (most, lines) = match () {
        () if is_test(&file.path) => (LONGEST_TEST, file.text.lines().count()),
        () if file.path == "src/lib.rs" => (LONGEST_FACADE, file.text.lines().count()),
        () => (LONGEST, file.text.lines().count() - tokens(&file.text).lines_of_tests),
    };
    (lines > most).then(|| format!("{}: {lines} lines, at most {most}", file.path))
}

/// Returns unfinished code, disabled tests, and tests that sleep.
fn forbidden(file: &Source) -> Vec<String> {
    let tokens = tokens(&file.text);
    let (code, tests) = (words(&tokens.code), words(&tokens.tests));
    let comments: Vec<&str> = file.text.lines().collect();
    let mut found = Vec::new();
    for (words, in_a_test) in [(&code, is_test(&file.path)), (&tests, true)] {
        for (at, (word, line)) in words.iter().enumerate() {
            let is_followed_by = |next: &str| words.get(at + 1).is_some_and(|(word, _)| word == next);
            // A necessary wait is excused by a comment on the line above.
            let is_excused = *line > 1 && comments[line - 2].contains("// slow on purpose");
            let is_forbidden = match word.as_str() {
                "todo" | "unimplemented" => is_followed_by("!"),
                "ignore" => at > 1 && words[at - 1].0 == "[" && words[at - 2].0 == "#",
                "sleep" => is_followed_by("(") && in_a_test && !is_excused,
                _ => false,
            };
            if is_forbidden {
                found.push(format!("{}:{line}: {word}", file.path));
            }
        }
    }
    found
}

#[test]
fn no_file_is_too_long() {
    let files = ours();
    assert!(files.len() > 60, "the source tree was found");
    let found: Vec<_> = files.iter().filter_map(too_long).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_code_is_unfinished_no_test_is_disabled_and_no_test_sleeps() {
    let found: Vec<_> = ours().iter().flat_map(forbidden).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_rules_detect_violations() {
    let file = |path: &str, text: String| Source { path: path.to_owned(), text };
    assert!(too_long(&file("users-runtime/src/user.rs", "//\n".repeat(401))).is_some());
    assert!(too_long(&file("users-runtime/src/user.rs", "//\n".repeat(400))).is_none());
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
        assert_eq!(forbidden(&file(path, text.to_owned())).len(), finds, "{text}");
    }
}

/// Every place that has an address from outside reads it by the rule of the policy for that place, and every lookup of a
/// text goes through one function. Everything else receives an `EmailAddress`.
#[test]
fn addresses_are_read_by_the_rules_of_the_policy() {
    let files = sources(&["users-runtime/src"]);
    let outside = |file: &&Source| {
        let excused = ["/domain/", "/testing/", "/adapter/memory/"];
        !excused.iter().any(|folder| file.path.contains(folder)) && !is_test(&file.path)
    };
    let places = |matches: &dyn Fn(&Source) -> bool| -> Vec<&str> {
        let found = files.iter().filter(outside).filter(|file| matches(file));
        found.map(|file| file.path.strip_prefix("users-runtime/src/").unwrap_or_default()).collect()
    };
    let names = |file: &Source, start: &str, end: &str| {
        paths(&tokens(&file.text).code, start).iter().any(|path| path[..] == [end])
    };
    assert_eq!(places(&|file| names(file, "EmailAddress", "parse")), [""; 0]);
    let new = [
        "account/create.rs",
        "account/identity/links.rs",
        "builder/check.rs",
        "flows/account_status/http.rs",
        "flows/email_change/http.rs",
        "flows/email_code/http.rs",
        "flows/invitations/http.rs",
        "flows/invitations/logic.rs",
        "flows/logout/http.rs",
        "flows/magic_link/http.rs",
        "flows/mfa_login/http.rs",
        "flows/oauth/http.rs",
        "flows/passkeys/http.rs",
        "flows/reauthenticate/http.rs",
        "flows/refresh/http.rs",
        "flows/register/http.rs",
        "flows/reset_password/http.rs",
        "flows/totp/http.rs",
        "flows/verify/http.rs",
        "http/oauth_routes.rs",
    ];
    assert_eq!(places(&|file| file.text.contains(".new_email()")), new);
    let changed = ["account/update.rs", "flows/me/http.rs", "flows/users/http.rs"];
    assert_eq!(places(&|file| file.text.contains(".own_or_new_email(")), changed);
    let stored = [
        "flows/email_code/http.rs",
        "flows/magic_link/http.rs",
        "flows/reset_password/http.rs",
        "flows/verify/http.rs",
    ];
    assert_eq!(places(&|file| file.text.contains(".stored_email()")), stored);
    // These have the address as it is stored; every other text is looked up in all of its forms.
    let stored = [
        "adapter/jwt/email_change.rs",
        "adapter/sql/read_back.rs",
        "adapter/sql/schema/confusable.rs",
        "flows/verify/logic.rs",
    ];
    assert_eq!(places(&|file| names(file, "CanonicalEmail", "of")), stored);
}
