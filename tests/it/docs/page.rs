//! Reading pages.

use std::{collections::BTreeSet, fs};

use axum_users::{AuthUser, PasswordHash};

pub(crate) use crate::repository::{is_current, read};
use crate::repository::{path, sources};

/// A user with the six roles and no other field.
#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: uuid::Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

/// The files below a folder of the repository whose name ends in `ending`, as paths from the root.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files(&name, ending)),
            false if name.ends_with(ending) => found.push(name),
            false => {}
        }
    }
    found.sort();
    found
}

/// All sources of the runtime, as one text.
pub(crate) fn runtime() -> String {
    sources(&["users-runtime/src"]).into_iter().map(|source| source.text).collect()
}

/// The part of a page below a heading, without the next section of the same level.
#[track_caller]
pub(crate) fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let level = heading.split(' ').next().unwrap();
    let (_, text) = page.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    text.split(&format!("\n{level} ")).next().unwrap()
}

/// The cells of all tables in a text, without the heading rows.
pub(crate) fn rows(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let is_heading = lines.peek().is_some_and(|next| next.starts_with("|---"));
        if line.starts_with("| ") && !is_heading {
            let cells = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned());
            rows.push(cells.collect());
        }
    }
    rows
}

/// What a text has in backticks, in order.
pub(crate) fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The first cell of each row, without backticks.
pub(crate) fn first_cells(rows: &[Vec<String>]) -> BTreeSet<String> {
    rows.iter().map(|row| row[0].trim_matches('`').to_owned()).collect()
}
