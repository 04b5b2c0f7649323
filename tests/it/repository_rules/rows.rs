//! Parses the tables of the security contract: a checkbox and the names of tests per row.

/// One row of a table in docs/contributing/security.md.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The heading above the row.
    pub(crate) section: String,
    /// The line number.
    pub(crate) line: usize,
    /// Whether the checkbox is ticked.
    pub(crate) ticked: bool,
    /// The names `module::test` in the row.
    pub(crate) tests: Vec<(String, String)>,
}

/// Returns the table rows of a document whose first cell is `[ ]` or `[x]`.
pub(crate) fn rows(document: &str) -> Vec<Row> {
    let mut section = String::new();
    let mut rows = Vec::new();
    for (at, line) in document.lines().enumerate() {
        if let Some(heading) = line.strip_prefix("## ") {
            heading.clone_into(&mut section);
        }
        let ticked = match line.get(..6) {
            Some("| [x] ") => true,
            Some("| [ ] ") => false,
            _ => continue,
        };
        rows.push(Row { section: section.clone(), line: at + 1, ticked, tests: names(line) });
    }
    rows
}

/// Returns the names in backticks of the form `module::test`.
fn names(line: &str) -> Vec<(String, String)> {
    let is_name =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    line.split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|text| text.split_once("::"))
        .filter(|(module, test)| is_name(module) && is_name(test))
        .map(|(module, test)| (module.to_owned(), test.to_owned()))
        .collect()
}

#[test]
fn rows_are_parsed_with_their_test_names() {
    let document =
        "## One\n| | a | b |\n|---|---|---|\n| [x] | `Policy::x` of `f()` | `m::t` `n::u_2` |\n| [ ] | c | |\n";
    let name = |module: &str, test: &str| (module.to_owned(), test.to_owned());
    assert_eq!(
        rows(document),
        [
            Row { section: "One".to_owned(), line: 4, ticked: true, tests: vec![name("m", "t"), name("n", "u_2")] },
            Row { section: "One".to_owned(), line: 5, ticked: false, tests: vec![] },
        ]
    );
}
