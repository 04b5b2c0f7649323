//! The page about limits.

use axum_users::Limits;

use super::page::read;

#[test]
fn limits_page_says_the_defaults() {
    let quota = Limits::default().mails_to_one_account().unwrap();
    let page = read("docs/guide/limits.md");
    assert!(page.contains(&format!("| {} in {} s |", quota.at_most(), quota.per().as_secs())));
    assert_eq!(Limits::off().mails_to_one_account(), None);
}
