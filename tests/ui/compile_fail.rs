//! The controls of `docs/contributing/security.md` that the compiler proves, one test each under the name that stands there.

fn does_not_compile(case: &str) {
    trybuild::TestCases::new().compile_fail(format!("{case}.rs"));
}

/// Control 8.2.3: nobody can mark the hash as something that clients see.
#[test]
fn hashed_password_marked_readable() {
    does_not_compile("role/hashed_password_marked_readable");
}

/// Control 15.3.1: a hash is never a plain text.
#[test]
fn plain_string_password_field() {
    does_not_compile("role/plain_string_password_field");
}

/// Control 15.3.1: a hash cannot stand in an answer.
#[test]
fn serialize_hashed_password() {
    does_not_compile("secret/serialize_hashed_password");
}

/// Control 13.3.1: secrets, passwords and tokens do not serialize.
#[test]
fn secret_serialize() {
    does_not_compile("secret/secret_serialize");
}

/// Control 1.2.4: names that stand in SQL are plain words.
#[test]
fn bad_table_or_column_name() {
    does_not_compile("attribute/bad_table_name");
    does_not_compile("attribute/table_name_with_a_quote");
    does_not_compile("field/bad_column_name");
    does_not_compile("field/column_name_with_a_quote");
}

/// Control 9.1.2: a public key is no key of an HMAC.
#[test]
fn hmac_algorithm_with_rsa_key() {
    does_not_compile("secret/hmac_algorithm_with_rsa_key");
}

/// Control 3.3.2: a cookie for all sites comes with the list of those whose requests count.
#[test]
fn samesite_none_without_origins() {
    does_not_compile("cookie/samesite_none_without_origins");
}
