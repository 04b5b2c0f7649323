//! Reads the SQL text in a database's catalog, such as the expressions of indexes.

use std::ops::Range;

/// A token of SQL text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or keyword, or a number.
    Word,
    /// A name in quotes.
    Quoted,
    /// A string.
    Text,
    /// Another character.
    Symbol(char),
}

/// Splits SQL text into tokens: the kind and the place of each. A quote within a quoted text is doubled.
pub(super) fn tokens(sql: &str) -> Vec<(Kind, Range<usize>)> {
    let mut tokens = Vec::new();
    let mut rest = sql.char_indices().peekable();
    while let Some((start, c)) = rest.next() {
        let closing = match c {
            c if c.is_whitespace() => continue,
            '"' | '`' | '\'' => Some(c),
            '[' => Some(']'),
            _ => None,
        };
        let mut end = start + c.len_utf8();
        let kind = if let Some(closing) = closing {
            while let Some((at, c)) = rest.next() {
                end = at + c.len_utf8();
                if c == closing && rest.next_if(|(_, next)| *next == closing).is_none() {
                    break;
                }
            }
            if c == '\'' { Kind::Text } else { Kind::Quoted }
        } else if is_word(c) {
            while let Some((at, c)) = rest.next_if(|(_, c)| is_word(*c)) {
                end = at + c.len_utf8();
            }
            Kind::Word
        } else {
            Kind::Symbol(c)
        };
        tokens.push((kind, start..end));
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Returns the text of a name without its quotes.
fn unquoted(name: &str) -> String {
    let mut inner = name.chars();
    match (inner.next(), inner.next_back()) {
        (Some('['), Some(']')) => inner.collect(),
        (Some(quote @ ('"' | '`')), Some(_)) => inner.as_str().replace(&format!("{quote}{quote}"), &quote.to_string()),
        _ => name.to_owned(),
    }
}

/// Returns all names and keywords in an expression, without quotes.
pub(super) fn names(sql: &str) -> Vec<String> {
    let words = tokens(sql).into_iter().filter(|(kind, _)| matches!(kind, Kind::Word | Kind::Quoted));
    words.map(|(_, range)| unquoted(&sql[range])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_outside_of_strings() {
        assert_eq!(names("lower((\"E\"\"mail\")::text) || 'email, it''s'"), ["lower", "E\"mail", "text"]);
        assert_eq!(names("lcase(`email`)"), ["lcase", "email"]);
        assert_eq!(names("substr([the email], 1)"), ["substr", "the email", "1"]);
    }
}
