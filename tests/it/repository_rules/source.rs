//! Parses Rust sources for the repository rules: tokens without comments, separated from tests, and the paths in them.

use std::str::FromStr;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// The tokens of a file without comments. Documentation and strings are literals, which contain no paths.
pub(crate) struct Tokens {
    /// All tokens outside of tests.
    pub(crate) code: Vec<TokenTree>,
    /// The items behind `#[cfg(test)]`.
    pub(crate) tests: Vec<TokenTree>,
    /// The number of lines of the tests.
    pub(crate) lines_of_tests: usize,
}

/// Tokenizes a file or a part of one.
#[track_caller]
pub(crate) fn tokens(text: &str) -> Tokens {
    let stream = TokenStream::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let mut found = Tokens { code: Vec::new(), tests: Vec::new(), lines_of_tests: 0 };
    let mut rest = stream.into_iter().peekable();
    while let Some(token) = rest.next() {
        if !(is(&token, '#') && rest.peek().is_some_and(is_cfg_test)) {
            found.code.push(token);
            continue;
        }
        // The item ends with its block or with a semicolon.
        let first = token.span().start().line;
        for token in rest.by_ref() {
            let is_last = is(&token, ';') || group(&token, Delimiter::Brace).is_some();
            let last = token.span().end().line;
            found.tests.push(token);
            if is_last {
                found.lines_of_tests += last - first + 1;
                break;
            }
        }
    }
    found
}

fn is(token: &TokenTree, punctuation: char) -> bool {
    matches!(token, TokenTree::Punct(found) if found.as_char() == punctuation)
}

fn is_cfg_test(token: &TokenTree) -> bool {
    group(token, Delimiter::Bracket).is_some_and(|inner| inner.to_string().replace(' ', "") == "cfg(test)")
}

fn group(token: &TokenTree, delimiter: Delimiter) -> Option<TokenStream> {
    match token {
        TokenTree::Group(group) if group.delimiter() == delimiter => Some(group.stream()),
        _ => None,
    }
}

/// Flattens the tokens into texts with line numbers, in order. A delimiter is a separate word.
pub(crate) fn words(tokens: &[TokenTree]) -> Vec<(String, usize)> {
    let mut words = Vec::new();
    for token in tokens {
        let line = token.span().start().line;
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                words.push((open.to_owned(), line));
                words.extend(self::words(&Vec::from_iter(group.stream())));
                words.push((close.to_owned(), group.span_close().end().line));
            }
            TokenTree::Literal(_) => {}
            other => words.push((other.to_string(), line)),
        }
    }
    words
}

/// Returns whether a file contains only tests.
pub(crate) fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// Returns every path that starts with `start` (such as `crate`), with groups expanded: `crate::{a::{b, c}, d}` gives `a::b`, `a::c`
/// and `d`.
pub(crate) fn paths(tokens: &[TokenTree], start: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            // Inside a path it is a module of that name, and `$crate` refers to the crate of a macro.
            TokenTree::Ident(name) if name == start => {
                let before = &tokens[..at];
                let in_a_path = separator(&before[at.saturating_sub(2)..])
                    && matches!(at.checked_sub(3).map(|at| &tokens[at]), Some(TokenTree::Ident(_)));
                if !in_a_path && !before.last().is_some_and(|token| is(token, '$')) && separator(&tokens[at + 1..]) {
                    branch(&tokens[at + 3..], &[], &mut found);
                }
            }
            TokenTree::Group(group) => found.extend(paths(&Vec::from_iter(group.stream()), start)),
            _ => {}
        }
    }
    found
}

/// Returns whether the tokens start with `::`.
fn separator(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(first), second, ..]
        if first.as_char() == ':' && first.spacing() == Spacing::Joint && is(second, ':'))
}

/// Parses one branch of a path or of a `use` tree.
fn branch(tokens: &[TokenTree], before: &[String], found: &mut Vec<Vec<String>>) {
    match tokens {
        [TokenTree::Group(group), ..] if group.delimiter() == Delimiter::Brace => {
            let inner = Vec::from_iter(group.stream());
            inner.split(|token| is(token, ',')).for_each(|part| branch(part, before, found));
        }
        [first @ (TokenTree::Ident(_) | TokenTree::Punct(_)), rest @ ..] => {
            let path = [before, &[first.to_string()]].concat();
            let goes_on = match rest {
                [_, _, next, ..] if separator(rest) => {
                    matches!(next, TokenTree::Ident(_)) || is(next, '*') || group(next, Delimiter::Brace).is_some()
                }
                _ => false,
            };
            if goes_on { branch(&rest[2..], &path, found) } else { found.push(path) }
        }
        _ => {}
    }
}

#[test]
fn comments_and_strings_contain_no_paths_and_tests_are_separated() {
    let text = concat!(
        "//! crate::a\n/* crate::b */ /// crate::c\nfn d() { \"crate::e\"; r#\"crate::f\"#; b\"g\"; 'h' }\n",
        "#[cfg(test)]\nmod tests {\n    use crate::i;\n}\nfn j<'k>() {}\n"
    );
    let Tokens { code, tests, lines_of_tests } = tokens(text);
    assert_eq!(lines_of_tests, 4);
    assert!(paths(&code, "crate").is_empty());
    assert_eq!(paths(&tests, "crate"), [["i"]]);
    let lines: Vec<_> = words(&code).into_iter().filter(|(word, _)| word == "d" || word == "j").collect();
    assert_eq!(lines, [("d".to_owned(), 3), ("j".to_owned(), 8)]);
}

#[test]
fn grouped_paths_are_expanded() {
    let text = "use crate::{a::{b, c as d, self}, e::*};\nlet x: crate::f::G<crate::h::I> = $crate::no(my_crate::no, a::crate::no);";
    let found: Vec<_> = paths(&tokens(text).code, "crate").into_iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["a::b", "a::c", "a::self", "e::*", "f::G", "h::I"]);
}
