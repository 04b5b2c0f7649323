//! Access to the files of the repository.
#![allow(dead_code, reason = "each test program uses a part of this module")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A source file.
pub(crate) struct Source {
    /// Its path from the root of the repository, with slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Returns the absolute path of a file or folder of the repository.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(name)
}

/// Reads a file of the repository.
pub(crate) fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns all Rust files under the folders, in order. A missing folder has none.
pub(crate) fn sources(folders: &[&str]) -> Vec<Source> {
    let mut names: Vec<String> = Vec::new();
    let mut open: Vec<String> = folders.iter().map(|folder| (*folder).to_owned()).collect();
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(path(&folder)) else { continue };
        for entry in entries.map(Result::unwrap) {
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                open.push(name);
            } else if name.ends_with(".rs") {
                names.push(name);
            }
        }
    }
    names.sort();
    names.into_iter().map(|path| Source { text: read(&path), path }).collect()
}

/// Compares a page with its generated text, or writes it if `UPDATE_DOCS` is set.
#[track_caller]
pub(crate) fn is_current(name: &str, now: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some_and(|update| update == "1") {
        fs::write(path(name), now).unwrap();
    }
    let committed = read(name);
    let differs = committed.lines().zip(now.lines()).position(|(committed, now)| committed != now);
    assert!(committed == now, "{name} is out of date (line {differs:?}): run this test with UPDATE_DOCS=1");
}
