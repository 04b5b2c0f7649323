//! Reading Rust sources as far as the rules need it: code without comments and texts, and the paths that a file names.

/// The code alone: comments, texts and characters are blanked, line breaks stay.
pub(crate) fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match (bytes[at], &bytes[at + 1..]) {
            (b'/', [b'/', ..]) => find(bytes, at, b"\n").unwrap_or(bytes.len()),
            (b'/', [b'*', ..]) => end_of_comment(bytes, at),
            (b'"', _) => end_of_text(bytes, at + 1),
            (b'r', rest) if !in_word(bytes, at) && is_raw(rest) => end_of_raw(bytes, at + 1),
            (b'\'', [b'\\', ..]) => find(bytes, at + 3, b"'").map_or(bytes.len(), |end| end + 1),
            (b'\'', rest) if is_character(rest) => find(bytes, at + 1, b"'").map_or(bytes.len(), |end| end + 1),
            _ => {
                at += 1;
                continue;
            }
        };
        out[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at = end;
    }
    String::from_utf8(out).unwrap()
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    bytes.get(from..)?.windows(what.len()).position(|window| window == what).map(|found| from + found)
}

fn end_of_comment(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn end_of_text(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// `r"…"` or `r#"…"#`, but not the raw identifier `r#type`.
fn is_raw(after_r: &[u8]) -> bool {
    after_r.iter().find(|byte| **byte != b'#') == Some(&b'"')
}

fn end_of_raw(bytes: &[u8], after_r: usize) -> usize {
    let hashes = bytes[after_r..].iter().take_while(|byte| **byte == b'#').count();
    let end = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    find(bytes, after_r + hashes + 1, &end).map_or(bytes.len(), |found| found + end.len())
}

fn in_word(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| bytes[before]);
    before.is_some_and(|byte| byte.is_ascii_alphanumeric() && byte != b'b' || byte == b'_')
}

/// Whether the apostrophe before starts a character and not a lifetime: one character, then another apostrophe.
fn is_character(rest: &[u8]) -> bool {
    std::str::from_utf8(&rest[..rest.len().min(5)])
        .unwrap_or_else(|error| std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or(""))
        .chars()
        .nth(1)
        == Some('\'')
}

/// Whether a file holds nothing but tests.
pub(crate) fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// The part of a file's code that is no test: everything before its test module.
pub(crate) fn without_tests(code: &str) -> &str {
    let end =
        code.find("#[cfg(test)]\nmod ").or_else(|| code.find("#[cfg(test)]\npub(crate) mod ")).unwrap_or(code.len());
    &code[..end]
}

/// Every path that code names and that starts with `start` (such as `crate`), with groups taken apart:
/// `crate::{a::{b, c}, d}` names `a::b`, `a::c` and `d`.
pub(crate) fn paths(code: &str, start: &str) -> Vec<Vec<String>> {
    let bytes = code.as_bytes();
    code.match_indices(start)
        .filter(|(at, _)| *at == 0 || !is_word(bytes[at - 1]) && bytes[at - 1] != b'$')
        .filter_map(|(at, _)| code[at + start.len()..].trim_start().strip_prefix("::"))
        .flat_map(|rest| {
            let mut found = Vec::new();
            tree(rest.trim_start(), &[], &mut found);
            found
        })
        .collect()
}

/// Reads one branch of a path or use tree; answers what follows it.
fn tree<'a>(text: &'a str, before: &[String], found: &mut Vec<Vec<String>>) -> &'a str {
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix('}') {
                return after;
            }
            let after = tree(rest, before, found).trim_start();
            let after =
                after.strip_prefix("as ").map_or(after, |alias| alias.trim_start_matches(|c: char| is_word_char(c)));
            let after = after.trim_start();
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None if after.starts_with('}') => rest = after,
                None => return after,
            }
        }
    }
    let word: String = text.chars().take_while(|c| is_word_char(*c) || *c == '*').collect();
    let rest = &text[word.len()..];
    let mut path = before.to_vec();
    path.push(word);
    match rest.strip_prefix("::").map(str::trim_start) {
        Some(deeper) if deeper.starts_with(|c: char| is_word_char(c) || c == '{' || c == '*') => {
            tree(deeper, &path, found)
        }
        _ => {
            found.push(path);
            rest
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[test]
fn comments_texts_and_characters_are_no_code() {
    let text = concat!(
        "a // b \"\n",
        "/* c /* d */ \" */ e '\"' '\\'' 'é' <'a> \"f \\\" g\" r#\"h \" i\"# br\"\\\" bar\"j\" k"
    );
    let words: Vec<_> = code(text).split_whitespace().map(str::to_owned).collect();
    assert_eq!(words, ["a", "e", "<'a>", "b", "bar", "k"]);
    assert_eq!(code(text).lines().count(), text.lines().count());
}

#[test]
fn paths_are_taken_out_of_groups() {
    let code = "use crate::{a::{b, c as d, self}, e::*};\nlet x: crate::f::G<crate::h::I> = $crate::no(my_crate::no);";
    let found: Vec<_> = paths(code, "crate").into_iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["a::b", "a::c", "a::self", "e::*", "f::G", "h::I"]);
}
