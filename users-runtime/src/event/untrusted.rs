//! Texts that a client or another system chose, in the form in which they are logged.

use std::fmt::{self, Write};

/// The maximum number of characters of a text that are logged.
const MOST: usize = 128;

/// A text that a client or another system chose. `Display` and `Debug` cut it after 128 characters, marked by `…`, and
/// escape control characters, which could forge lines or control a terminal. `Debug` adds quotation marks.
#[derive(Clone, Copy)]
pub(crate) struct Untrusted<'a>(pub(crate) &'a str);

impl fmt::Display for Untrusted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_cut(f, self.0, MOST)
    }
}

impl fmt::Debug for Untrusted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted(&self.to_string()))
    }
}

/// Adds quotation marks to a text that is escaped otherwise. Only the end of the text is marked by one.
pub(super) fn quoted(escaped: &str) -> String {
    format!("\"{}\"", escaped.replace('"', "\\\""))
}

/// Writes at most `most` characters of a text, as `str::escape_debug` escapes them, but quotation marks as they are.
pub(super) fn write_cut(f: &mut impl Write, text: &str, most: usize) -> fmt::Result {
    let mut rest = text.chars();
    for c in rest.by_ref().take(most) {
        match c {
            '\'' | '"' => f.write_char(c)?,
            _ => write!(f, "{}", c.escape_debug())?,
        }
    }
    if rest.next().is_some() { f.write_char('…') } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_and_its_control_characters_are_escaped() {
        for (text, shown) in [
            ("request-4711", "request-4711"),
            ("a\nb\r\t\u{1b}[31m\0", "a\\nb\\r\\t\\u{1b}[31m\\0"),
            ("\u{202e}txt\u{2028}", "\\u{202e}txt\\u{2028}"),
            ("it's \"é\"", "it's \"é\""),
        ] {
            assert_eq!(Untrusted(text).to_string(), shown);
        }
        assert_eq!(format!("{:?}", Untrusted("a\" b=\"\n")), r#""a\" b=\"\n""#);
        assert_eq!(Untrusted(&"é".repeat(128)).to_string(), "é".repeat(128));
        assert_eq!(Untrusted(&"é".repeat(200_000)).to_string(), format!("{}…", "é".repeat(128)));
    }
}
