//! The page about limits.

use super::page::{numbers_stand_in_the_code, read};

#[test]
fn resources_page() {
    let page = read("docs/guide/resources.md");
    assert!(numbers_stand_in_the_code(&page) >= 20, "every row names its number in the code");
    // The prose repeats the defaults.
    for number in ["256 MiB, at most", "19 MiB", "lowest priority", "`Retry-After`"] {
        assert!(page.contains(number), "{number}");
    }
}

#[test]
#[should_panic(expected = "does not say WORKERS = 9")]
fn a_number_that_the_code_does_not_say_is_found() {
    numbers_stand_in_the_code("| mails | 9 | wait | `manager/jobs.rs` `WORKERS = 9` |\n");
}
