//! Links between pages, and the contents of the guide.

use std::{collections::BTreeSet, path::Path};

use super::page::{files, read};
use crate::repository::path;

/// Where the pages of the guide link to files outside of the guide, since the book contains only the guide.
pub(super) const REPOSITORY: &str = "https://github.com/axum-users/axum-users/blob/main/";

fn pages() -> Vec<String> {
    let roots = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"].map(str::to_owned);
    roots.into_iter().chain(files("docs", ".md")).collect()
}

/// The targets of links in Markdown that lead to another file or heading of the repository.
fn links(page: &str) -> impl Iterator<Item = &str> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    targets.filter(|target| (!target.contains("://") || target.starts_with(REPOSITORY)) && !target.contains(' '))
}

/// The anchor that GitHub and mdBook give to a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || ['-', '_', ' '].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_exist() {
    let mut broken = Vec::new();
    for name in pages() {
        let text = read(&name);
        for link in links(&text) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let folder = Path::new(&name).parent().unwrap();
            let target = match file.strip_prefix(REPOSITORY) {
                Some(file) => file.to_owned(),
                None if file.is_empty() => name.clone(),
                None => folder.join(file).to_str().unwrap().to_owned(),
            };
            let has_heading = || {
                let headings = read(&target);
                headings
                    .lines()
                    .filter(|line| line.starts_with('#'))
                    .any(|line| anchor(line.trim_start_matches('#')) == heading)
            };
            let leaves_the_book = name.starts_with("docs/guide/") && file.starts_with("..");
            if leaves_the_book || !path(&target).exists() || !heading.is_empty() && !has_heading() {
                broken.push(format!("{name}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert_eq!(links("[a](b.md#c) [d](https://e) `f](g h)`").collect::<Vec<_>>(), ["b.md#c"]);
    assert_eq!(anchor(" Cookies, CSRF and CORS"), "cookies-csrf-and-cors");
}

#[test]
fn the_summary_of_the_guide_lists_every_page() {
    let listed: BTreeSet<String> = links(&read("docs/guide/SUMMARY.md")).map(str::to_owned).collect();
    let there = files("docs/guide", ".md").into_iter().map(|name| name.trim_start_matches("docs/guide/").to_owned());
    assert_eq!(listed, there.filter(|name| name != "SUMMARY.md").collect());
}
