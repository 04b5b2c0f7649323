//! Why a text is not JSON, in the words of Python's `json` module and with its position.
//!
//! serde_json decides what is JSON. This scanner only explains a refusal, so it may never accept anything: where it
//! finds nothing to blame, serde_json's position stands.

use super::{Problem, json_value::MAX_DEPTH};

/// What is said about lists and objects that stand too deep in each other.
pub(super) const TOO_DEEP: &str = "Nesting is too deep";

/// The problem with a text that serde_json refused.
pub(super) fn explain(text: &str, error: &serde_json::Error) -> Problem {
    let offset_of_error = || offset(text, error.line(), error.column());
    let (message, offset) = if error.is_data() {
        (TOO_DEEP, offset_of_error())
    } else {
        first_error(text).unwrap_or_else(|| ("Number out of range", offset_of_error()))
    };
    Problem::at(offset, "json_invalid", "JSON decode error").empty_object_as_input().ctx("error", message)
}

/// A line and column of serde_json (bytes, from 1) as an offset in characters.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let end = before.saturating_add(column.saturating_sub(1)).min(text.len());
    text.char_indices().take_while(|(at, _)| *at < end).count()
}

/// The first error that Python reports, with its offset in characters; `None` if Python reports none.
fn first_error(text: &str) -> Option<(&'static str, usize)> {
    if text.starts_with('\u{feff}') {
        return Some(("Unexpected UTF-8 BOM (decode using utf-8-sig)", 0));
    }
    let mut scanner = Scanner { text: text.chars().collect(), at: 0 };
    scanner.document().err()
}

type Scan = Result<(), (&'static str, usize)>;

/// Reads as CPython's `_json.c` reads.
struct Scanner {
    text: Vec<char>,
    at: usize,
}

impl Scanner {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn fail(&self, message: &'static str) -> Scan {
        Err((message, self.at))
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    fn document(&mut self) -> Scan {
        self.spaces();
        self.value(0)?;
        self.spaces();
        if self.at < self.text.len() { self.fail("Extra data") } else { Ok(()) }
    }

    fn value(&mut self, depth: usize) -> Scan {
        match self.peek() {
            Some('"') => self.string(),
            Some('{' | '[') if depth == MAX_DEPTH => self.fail(TOO_DEEP),
            Some('{') => self.object(depth + 1),
            Some('[') => self.array(depth + 1),
            Some('-' | '0'..='9') => self.number(),
            _ => self.word(),
        }
    }

    /// `null`, `true` or `false`. Python takes `NaN` and `Infinity`, too; JSON has no such words.
    fn word(&mut self) -> Scan {
        for word in ["null", "true", "false"] {
            if self.text[self.at..].iter().copied().take(word.len()).eq(word.chars()) {
                self.at += word.len();
                return Ok(());
            }
        }
        self.fail("Expecting value")
    }

    /// Takes as much as is a number and leaves the rest: `01` is a zero with data after it.
    fn number(&mut self) -> Scan {
        let start = self.at;
        if self.peek() == Some('-') {
            self.at += 1;
        }
        match self.peek() {
            Some('0') => self.at += 1,
            Some('1'..='9') => self.digits(),
            _ => return Err(("Expecting value", start)),
        }
        if self.peek() == Some('.') && self.digit_follows(1) {
            self.at += 1;
            self.digits();
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            let sign = usize::from(matches!(self.text.get(self.at + 1), Some('+' | '-')));
            if self.digit_follows(1 + sign) {
                self.at += 1 + sign;
                self.digits();
            }
        }
        Ok(())
    }

    fn digit_follows(&self, distance: usize) -> bool {
        self.text.get(self.at + distance).is_some_and(char::is_ascii_digit)
    }

    fn digits(&mut self) {
        while self.digit_follows(0) {
            self.at += 1;
        }
    }

    fn string(&mut self) -> Scan {
        let start = self.at;
        let unterminated = Err(("Unterminated string starting at", start));
        self.at += 1;
        loop {
            match self.peek() {
                None => return unterminated,
                Some('"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some('\0'..='\x1f') => return self.fail("Invalid control character at"),
                Some('\\') => match self.text.get(self.at + 1) {
                    None => return unterminated,
                    Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => self.at += 2,
                    Some('u') => self.unicode_escape()?,
                    Some(_) => return self.fail("Invalid \\escape"),
                },
                Some(_) => self.at += 1,
            }
        }
    }

    /// `\uXXXX`, or two of them that make a pair. Python takes halves of pairs, too; UTF-8 has none.
    fn unicode_escape(&mut self) -> Scan {
        let wrong = Err(("Invalid \\uXXXX escape", self.at + 1));
        match self.code_unit(self.at) {
            None | Some(0xdc00..=0xdfff) => wrong,
            Some(0xd800..=0xdbff) => match self.code_unit(self.at + 6) {
                Some(0xdc00..=0xdfff) => {
                    self.at += 12;
                    Ok(())
                }
                _ => wrong,
            },
            Some(_) => {
                self.at += 6;
                Ok(())
            }
        }
    }

    fn code_unit(&self, at: usize) -> Option<u32> {
        let escape = self.text.get(at..at + 6)?;
        // CPython wants one more character after the four digits: a string must still end.
        if escape[..2] != ['\\', 'u'] || self.text.len() == at + 6 {
            return None;
        }
        escape[2..].iter().try_fold(0, |unit, digit| Some(unit * 16 + digit.to_digit(16)?))
    }

    fn object(&mut self, depth: usize) -> Scan {
        self.at += 1;
        self.spaces();
        if self.peek() == Some('}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.peek() != Some('"') {
                return self.fail("Expecting property name enclosed in double quotes");
            }
            self.string()?;
            self.spaces();
            if self.peek() != Some(':') {
                return self.fail("Expecting ':' delimiter");
            }
            self.at += 1;
            self.spaces();
            self.value(depth)?;
            if self.ends_with('}')? {
                return Ok(());
            }
        }
    }

    fn array(&mut self, depth: usize) -> Scan {
        self.at += 1;
        self.spaces();
        if self.peek() == Some(']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth)?;
            if self.ends_with(']')? {
                return Ok(());
            }
        }
    }

    /// What follows an entry: the end (`true`) or a comma.
    fn ends_with(&mut self, end: char) -> Result<bool, (&'static str, usize)> {
        self.spaces();
        match self.peek() {
            Some(c) if c == end => {
                self.at += 1;
                Ok(true)
            }
            Some(',') => {
                self.at += 1;
                self.spaces();
                Ok(false)
            }
            _ => Err(("Expecting ',' delimiter", self.at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::json_value;

    /// What CPython 3.11 says; `tests/data/json_corpus.py` makes it.
    const CORPUS: &str = include_str!("../../tests/data/json_corpus.jsonl");

    fn refusal(text: &str) -> Value {
        serde_json::to_value(json_value::parse(text).expect_err(text)).unwrap()
    }

    fn invalid(offset: usize, message: &str) -> Value {
        json!({"type": "json_invalid", "loc": ["body", offset], "msg": "JSON decode error", "input": {},
            "ctx": {"error": message}})
    }

    #[test]
    fn malformed_texts_are_explained_as_python_explains_them() {
        for line in CORPUS.lines() {
            let (text, message, offset): (String, String, usize) = serde_json::from_str(line).unwrap();
            assert_eq!(refusal(&text), invalid(offset, &message), "{text:?}");
        }
    }

    #[test]
    fn what_python_takes_and_json_does_not_have_is_refused_where_it_stands() {
        for (text, offset, message) in [
            ("NaN", 0, "Expecting value"),
            ("[Infinity]", 1, "Expecting value"),
            ("{\"a\":-Infinity}", 5, "Expecting value"),
            ("[\"\\ud83d\"]", 3, "Invalid \\uXXXX escape"),
            ("[\"\\ude00\\ud83d\"]", 3, "Invalid \\uXXXX escape"),
            ("[\"\\ud83d\\u0041\"]", 3, "Invalid \\uXXXX escape"),
            ("[1e999]", 5, "Number out of range"),
            ("[\"é\",\n1e999]", 10, "Number out of range"),
        ] {
            assert_eq!(refusal(text), invalid(offset, message), "{text}");
        }
    }
}
