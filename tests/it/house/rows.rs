//! The security contract as data: rows with a box and the names of the tests that prove them.

/// One row of a table in docs/contributing/security.md.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The heading that it stands under.
    pub(crate) section: String,
    /// The line it stands on.
    pub(crate) line: usize,
    /// Whether its box is ticked.
    pub(crate) ticked: bool,
    /// The names `module::test` in it.
    pub(crate) tests: Vec<(String, String)>,
}

/// The rows of a document: lines of tables whose first cell is `[ ]` or `[x]`.
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

/// The names between backticks that have the form `module::test`.
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
fn rows_are_read_with_their_names() {
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
