//! The page about passwords.

use axum_users::{Password, PasswordPolicy};

use super::page::{read, rows, section};

#[test]
fn context_words_page() {
    let page = read("docs/guide/passwords.md");
    let section = section(&page, "## Context words");
    // Of each password in the table, the policy of the program on the page says the same.
    assert!(
        section.contains(".context_words([\"camelot\", \"round table\"])")
            && section.contains(".site_name(\"Avalon\")")
    );
    let policy = PasswordPolicy::recommended().context_words(["camelot", "round table"]).site_name("Avalon");
    let examples = rows(section);
    assert!(examples.len() >= 8);
    for row in examples {
        let accepted = policy.check(&Password::new(row[0].trim_matches('`')), "king.arthur@example.com").is_ok();
        assert_eq!(row[1], if accepted { "accepted" } else { "refused" }, "{row:?}");
    }
}

#[test]
fn the_numbers_of_the_page_are_those_of_the_policies() {
    let page = read("docs/guide/passwords.md");
    let policies = [PasswordPolicy::recommended(), PasswordPolicy::nist(), PasswordPolicy::none()];
    for (row, policy) in rows(&page).iter().zip(policies) {
        assert_eq!(row[1..3], [policy.least().to_string(), policy.most().to_string()], "{row:?}");
    }
}
