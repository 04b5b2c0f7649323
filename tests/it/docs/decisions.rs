//! The index of decisions, generated from their files.

use super::page::{files, is_current, read};

const INDEX: &str = "docs/contributing/decisions/README.md";
const HEAD: &str = "| | decision | date | status |\n|---|---|---|---|\n";

#[test]
fn the_index_of_decisions_is_that_of_their_files() {
    let index = read(INDEX);
    let (before, _) = index.split_once(HEAD).unwrap();
    let mut table = String::new();
    for file in files("docs/contributing/decisions", ".md").iter().filter(|file| *file != INDEX) {
        let (text, name) = (read(file), file.rsplit('/').next().unwrap());
        let [title, "", date, status, ""] = text.lines().take(5).collect::<Vec<_>>()[..] else { panic!("{file}") };
        let (number, title) = title.trim_start_matches("# ").split_once(". ").unwrap();
        assert_eq!(number.parse(), name[..4].parse::<u32>(), "{file}");
        let (date, status) = (date.strip_prefix("Date: ").unwrap(), status.strip_prefix("Status: ").unwrap());
        assert!(chrono::NaiveDate::parse_from_str(date, "%Y-%m-%d").is_ok(), "{file}: {date}");
        table.push_str(&format!("| {number} | [{title}]({name}) | {date} | {status} |\n"));
    }
    is_current(INDEX, &format!("{before}{HEAD}{table}"));
}
