//! Names in SQL: plain words, short enough for every database.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Ident, LitStr};

use crate::{
    attr::{Given, Slot},
    model::Databases,
    report::Report,
};

/// The longest name of a column: PostgreSQL truncates at 63 bytes, MySQL refuses more than 64 characters.
const LONGEST_COLUMN: usize = 63;

/// The longest name of a table: the longest index, `ix_{table}_accesstoken_created_at`, must not be truncated either.
const LONGEST_TABLE: usize = LONGEST_COLUMN - "ix__accesstoken_created_at".len();

/// Our columns in the application's table, and their contents.
const OUR_COLUMNS: [(&str, &str); 5] = [
    ("auth_epoch", "the number that ends sessions"),
    ("suspended_until", "the end of a suspension"),
    ("suspended_reason", "the reason of a suspension"),
    ("must_change_password", "whether the password must be changed"),
    ("email_canonical", "the canonical form of the address"),
];

/// Returns the table of users.
pub(super) fn table(given: Option<&Given<LitStr>>, report: &Report) -> String {
    match given {
        Some(given) => sql_name("table", &given.value, LONGEST_TABLE, report),
        None => "user".to_owned(),
    }
}

/// Returns the table of sessions: that of fastapi-users for the table `user`, otherwise one that no other user type shares.
pub(super) fn session_table(given: Option<&Given<LitStr>>, users: &str, report: &Report) -> String {
    match given {
        Some(given) => {
            let name = sql_name("session_table", &given.value, LONGEST_TABLE, report);
            if name.eq_ignore_ascii_case(users) {
                report.error(
                    &given.value,
                    format!("`{name}` is already the table of users"),
                    "choose another table: `session_table = \"…\"`",
                );
            }
            name
        }
        None if users == "user" => "accesstoken".to_owned(),
        None => format!("{users}_accesstoken"),
    }
}

/// Returns the given name of the table of accounts at OAuth providers.
pub(super) fn oauth_table(given: &Given<LitStr>, report: &Report) -> String {
    sql_name("oauth_table", &given.value, LONGEST_TABLE, report)
}

/// Returns the schema of the tables (PostgreSQL) or their database (MySQL), if one is named.
pub(super) fn schema(given: Option<&Given<LitStr>>, databases: Databases, report: &Report) -> Option<String> {
    let given = given?;
    if !(databases.postgres || databases.mysql || databases.is_empty()) {
        report.error(&given.key, "SQLite has no schemas", "remove `schema`");
    }
    Some(sql_name("schema", &given.value, LONGEST_COLUMN, report))
}

/// Returns the column of a field, and the place for errors about it.
pub(super) fn column(given: Slot<LitStr>, usual: &str, ident: &Ident, report: &Report) -> (String, TokenStream) {
    let (column, place) = match given {
        Some(given) => (sql_name("column", &given.value, LONGEST_COLUMN, report), given.value.to_token_stream()),
        None => {
            if let Some(problem) = sql_name_problem(usual, LONGEST_COLUMN) {
                report.error(
                    ident,
                    format!("`{usual}` cannot be the name of a column: {problem}"),
                    format!("choose a column: `#[auth(column = \"{}\")]`", plain_word(usual, "column")),
                );
            }
            (usual.to_owned(), ident.to_token_stream())
        }
    };
    if let Some((ours, meaning)) = OUR_COLUMNS.iter().find(|(ours, _)| column.eq_ignore_ascii_case(ours)) {
        report.error(
            &place,
            format!("the column `{ours}` is reserved: axum-users stores {meaning} there"),
            "choose another column: `#[auth(column = \"…\")]`",
        );
    }
    (column, place)
}

/// Returns the given name of a table or column. Anything but a plain word is refused, since the name becomes SQL.
fn sql_name(key: &str, given: &LitStr, longest: usize, report: &Report) -> String {
    let name = given.value();
    if let Some(problem) = sql_name_problem(&name, longest) {
        report.error(
            given,
            format!("{name:?} cannot be the name of a {key}: {problem}"),
            if name.len() > longest {
                format!("PostgreSQL truncates longer names, and those of indexes: write `{key} = \"…\"`")
            } else {
                format!("use ASCII letters, digits and `_`: `{key} = \"{}\"`", plain_word(&name, key))
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
        Some(format!("it has {} characters, and {longest} are possible", name.len()))
    } else {
        None
    }
}

/// Returns the closest allowed name, for the help line.
fn plain_word(name: &str, fallback: &str) -> String {
    let mut word: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        word.insert(0, '_');
    }
    if word.chars().all(|c| c == '_') { format!("my_{fallback}") } else { word }
}
