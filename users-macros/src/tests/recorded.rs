//! The messages about mistakes, as recorded in `tests/messages`: one file per topic, one heading per mistake. Below each
//! line of code are the errors that point at it: the marked tokens, the message and the help.
//!
//! `BLESS=1 cargo test -p axum-users-macros recorded` writes the files anew. Read the change as a user of the crate would.

use std::{collections::BTreeSet, env, fmt::Write as _, fs, path::PathBuf};

use syn::DeriveInput;

use super::errors;
use crate::model::Databases;

/// A placeholder for the fields of the six roles.
const SIX_ROLES: &str = "    // the six roles";
const ROLES: [&str; 6] = [
    "id: Uuid,",
    "email: String,",
    "hashed_password: PasswordHash,",
    "is_active: bool,",
    "is_superuser: bool,",
    "is_verified: bool,",
];

/// One mistake: its name, and the lines of code without the recorded errors.
struct Case {
    name: String,
    code: Vec<String>,
}

fn path(topic: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "messages", &format!("{topic}.md")].iter().collect()
}

/// The cases in a file: a heading, then an indented block.
fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            cases.push(Case { name: name.to_owned(), code: Vec::new() });
        } else if let (Some(code), Some(case)) = (line.strip_prefix("    "), cases.last_mut())
            && !["^", "= "].iter().any(|mark| code.trim_start().starts_with(mark))
        {
            case.code.push(code.to_owned());
        }
    }
    cases
}

impl Case {
    /// The struct. All roles are on the line of their placeholder, so that the lines keep their numbers.
    fn input(&self) -> DeriveInput {
        let roles = ROLES.join(" ");
        let code: Vec<&str> =
            self.code.iter().map(|line| if line == SIX_ROLES { roles.as_str() } else { line.as_str() }).collect();
        syn::parse_str(&code.join("\n")).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// The code with the errors below their lines.
    fn with_errors(&self) -> String {
        let errors = errors(&self.input(), Databases::ALL);
        assert!(!errors.is_empty(), "{} has no mistake", self.name);
        let mut text = format!("## {}\n\n", self.name);
        for (number, line) in (1..).zip(&self.code) {
            let _ = writeln!(text, "    {line}");
            for error in errors.iter().filter(|error| error.span().start().line == number) {
                let (start, end) = (error.span().start(), error.span().end());
                assert_eq!(start.line, end.line, "{}: {error}", self.name);
                assert_ne!(line, SIX_ROLES, "{}: {error}", self.name);
                let indent = " ".repeat(4 + start.column);
                let message = error.to_string();
                let (message, help) = message.split_once("\nhelp: ").unwrap_or_else(|| panic!("{message}"));
                let marks = "^".repeat(end.column - start.column);
                let _ = writeln!(text, "{indent}{marks} {message}\n{indent}= help: {help}");
            }
        }
        text
    }
}

/// The struct of a recorded case.
pub(super) fn input(topic: &str, case: &str) -> DeriveInput {
    let cases = cases(&fs::read_to_string(path(topic)).unwrap());
    cases.iter().find(|known| known.name == case).unwrap_or_else(|| panic!("no case {topic}/{case}")).input()
}

fn is_as_recorded(topic: &str) {
    let recorded = fs::read_to_string(path(topic)).unwrap();
    let (title, _) = recorded.split_once("\n## ").unwrap();
    let cases = cases(&recorded);
    let found: Vec<String> = cases.iter().map(Case::with_errors).collect();
    let found = format!("{title}\n{}", found.join("\n"));
    if env::var_os("BLESS").is_some() {
        fs::write(path(topic), &found).unwrap();
        return;
    }
    let difference = found.lines().zip(recorded.lines()).find(|(found, recorded)| found != recorded);
    assert!(found == recorded, "{topic}: found and recorded: {difference:#?}; look at it and run with BLESS=1");
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "{topic}: each mistake has its own name");
}

#[test]
fn mistakes_in_attributes_have_the_recorded_messages() {
    is_as_recorded("attribute");
}

#[test]
fn mistakes_in_roles_have_the_recorded_messages() {
    is_as_recorded("role");
}

#[test]
fn mistakes_in_custom_fields_have_the_recorded_messages() {
    is_as_recorded("field");
}

#[test]
fn mistakes_in_the_kind_of_item_have_the_recorded_messages() {
    is_as_recorded("item");
}

#[test]
fn every_message_is_one_sentence_without_a_period_and_one_help_line() {
    for topic in ["attribute", "role", "field", "item"] {
        for case in cases(&fs::read_to_string(path(topic)).unwrap()) {
            for error in errors(&case.input(), Databases::ALL) {
                let message = error.to_string();
                let lines: Vec<&str> = message.lines().collect();
                assert!(
                    matches!(lines[..], [_, help] if help.starts_with("help: ")),
                    "{topic}/{}: {message}",
                    case.name
                );
                assert!(lines.iter().all(|line| !line.ends_with('.')), "{topic}/{}: {message}", case.name);
            }
        }
    }
}
