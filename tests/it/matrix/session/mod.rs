//! The session controls in docs/contributing/security.md, over every combination.

mod ending;
mod limits;
mod own;
mod reauthentication;
mod relogin;
mod tokens;

/// A second password that every policy accepts.
const OTHER: &str = "another long sword";
