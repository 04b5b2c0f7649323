//! Names that stand in SQL: plain words, short enough for every database.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Ident, LitStr};

use crate::{
    attr::{Given, Slot},
    report::Report,
};

/// The longest name of a column: PostgreSQL cuts at 63 bytes, MySQL refuses more than 64 characters.
const LONGEST_COLUMN: usize = 63;

/// The longest name of a table: the longest index, `ix_{table}_accesstoken_created_at`, must not be cut either.
const LONGEST_TABLE: usize = LONGEST_COLUMN - "ix__accesstoken_created_at".len();

/// Columns of ours in the application's table, and what they hold.
const OUR_COLUMNS: [(&str, &str); 2] =
    [("auth_epoch", "which sessions are still good"), ("email_canonical", "the address in its canonical form")];

/// The table.
pub(super) fn table(given: Option<&Given<LitStr>>, report: &Report) -> String {
    match given {
        Some(given) => sql_name("table", &given.value, LONGEST_TABLE, report),
        None => "user".to_owned(),
    }
}

/// The table of sessions: fastapi-users' for its table of users, and one that two user types do not share else.
pub(super) fn session_table(given: Option<&Given<LitStr>>, users: &str, report: &Report) -> String {
    match given {
        Some(given) => {
            let name = sql_name("session_table", &given.value, LONGEST_TABLE, report);
            if name.eq_ignore_ascii_case(users) {
                report.error(
                    &given.value,
                    format!("`{name}` is the table of the users"),
                    "name another table: `session_table = \"…\"`",
                );
            }
            name
        }
        None if users == "user" => "accesstoken".to_owned(),
        None => format!("{users}_accesstoken"),
    }
}

/// The column of a field, and the place to complain about.
pub(super) fn column(given: Slot<LitStr>, usual: &str, ident: &Ident, report: &Report) -> (String, TokenStream) {
    let (column, place) = match given {
        Some(given) => (sql_name("column", &given.value, LONGEST_COLUMN, report), given.value.to_token_stream()),
        None => {
            if let Some(problem) = sql_name_problem(usual, LONGEST_COLUMN) {
                report.error(
                    ident,
                    format!("`{usual}` cannot be the name of a column: {problem}"),
                    format!("name the column: `#[auth(column = \"{}\")]`", plain_word(usual, "column")),
                );
            }
            (usual.to_owned(), ident.to_token_stream())
        }
    };
    if let Some((ours, meaning)) = OUR_COLUMNS.iter().find(|(ours, _)| column.eq_ignore_ascii_case(ours)) {
        report.error(
            &place,
            format!("the column `{ours}` is taken: axum-users keeps there {meaning}"),
            "name another column: `#[auth(column = \"…\")]`",
        );
    }
    (column, place)
}

/// The name of a table or column as it was given; anything but a plain word is refused, since it stands in SQL.
fn sql_name(key: &str, given: &LitStr, longest: usize, report: &Report) -> String {
    let name = given.value();
    if let Some(problem) = sql_name_problem(&name, longest) {
        report.error(
            given,
            format!("{name:?} cannot be the name of a {key}: {problem}"),
            if name.len() > longest {
                format!("PostgreSQL cuts longer names, or those of the indexes; write `{key} = \"…\"`")
            } else {
                format!("use ASCII letters, digits and `_`, as in `{key} = \"{}\"`", plain_word(&name, key))
            },
        );
    }
    name
}

fn sql_name_problem(name: &str, longest: usize) -> Option<String> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if name.is_empty() {
        Some("it is empty".to_owned())
    } else if let Some(odd) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || *c == '_')) {
        Some(format!("it contains {odd:?}"))
    } else if !starts_well {
        Some("it starts with a digit".to_owned())
    } else if name.len() > longest {
        Some(format!("it has {} characters, the most is {longest}", name.len()))
    } else {
        None
    }
}

/// The nearest allowed name, for the help line.
fn plain_word(name: &str, fallback: &str) -> String {
    let mut word: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        word.insert(0, '_');
    }
    if word.chars().all(|c| c == '_') { format!("my_{fallback}") } else { word }
}
