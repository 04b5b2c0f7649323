//! The page about passwords, and that its examples are true.

use axum_users::{Password, PasswordPolicy};

use super::page::{read, rows};

#[test]
fn context_words_page() {
    let page = read("docs/guide/passwords.md");
    let section = page.split("## Words of your own").nth(1).expect("a section about context words");
    let section = section.split("\n## ").next().unwrap();
    assert!(section.contains(".context_words([\"camelot\", \"round table\"])") && section.contains(".site_name("));
    // The table says of each password whether the policy of the example takes it.
    let policy = PasswordPolicy::recommended().context_words(["camelot", "round table"]).site_name("Avalon");
    let examples = rows(section);
    assert!(examples.len() >= 8);
    for row in examples {
        let (password, verdict) = (row[0].trim_matches('`'), row[1].as_str());
        let taken = policy.check(&Password::new(password), "king.arthur@example.com").is_ok();
        assert_eq!(taken, verdict == "taken", "{password}: {verdict}");
    }
}

#[test]
fn the_numbers_of_the_page_are_those_of_the_policies() {
    let page = read("docs/guide/passwords.md");
    let all = rows(&page);
    let row = |name: &str| all.iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("no row {name}")).clone();
    for (name, policy) in [
        ("`PasswordPolicy::recommended()`", PasswordPolicy::recommended()),
        ("`PasswordPolicy::nist()`", PasswordPolicy::nist()),
        ("`PasswordPolicy::none()`", PasswordPolicy::none()),
    ] {
        assert_eq!(
            (row(name)[1].clone(), row(name)[2].clone()),
            (policy.least().to_string(), policy.most().to_string())
        );
    }
    assert!(page.contains(&format!("{} bytes", PasswordPolicy::MAX_BYTES)));
}
