//! The mistakes that security controls rely on: each makes the derive refuse the struct. The names are those in
//! `docs/contributing/security.md`; the recorded messages are in `tests/messages`.

use quote::quote;

use super::{messages, recorded};

/// Asserts that the derive emits the recorded error instead of an implementation.
fn does_not_compile(topic: &str, case: &str) {
    let input = recorded::input(topic, case);
    assert!(!messages(quote!(#input)).is_empty(), "{case}");
    let expansion = crate::derive(&input, crate::model::Databases::ALL).to_string();
    assert!(expansion.starts_with(":: core :: compile_error !"), "{case}: {expansion}");
}

/// Control 8.2.3: no mark shows the hash to clients.
#[test]
fn hashed_password_marked_readable() {
    does_not_compile("role", "hashed_password_marked_readable");
}

/// Control 15.3.1: a hash has its own type, which cannot be serialized.
#[test]
fn plain_string_password_field() {
    does_not_compile("role", "plain_string_password_field");
    does_not_compile("role", "plain_string_behind_an_alias");
}

/// Control 1.2.4: names in SQL are plain words.
#[test]
fn bad_table_or_column_name() {
    does_not_compile("attribute", "bad_table_name");
    does_not_compile("attribute", "table_name_with_a_quote");
    does_not_compile("field", "bad_column_name");
    does_not_compile("field", "column_name_with_a_quote");
}
