//! The name with which a user logs in beside the address, such as a user name.

use super::field::Rule;

/// A login name (`#[auth(login)]`) in its normal form: lower case.
///
/// It has 1 to 64 letters and digits of ASCII, `.`, `_` and `-`, and starts with a letter or a digit. It has no `@`, so
/// no text is both a name and an address: nobody can choose another person's address as a name. Letters beyond ASCII
/// are refused because many of them look alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginName(String);

impl LoginName {
    /// The maximum number of characters.
    pub const MAX: u64 = 64;
    /// The rule for the length, for a field with such a name.
    pub const LENGTH: Rule = Rule::Length { min: Some(1), max: Some(Self::MAX) };
    /// The rule for the characters.
    pub const FORM: Rule = Rule::Pattern("^[A-Za-z0-9][A-Za-z0-9._-]*$");

    /// Parses a name. Returns `None` for a text that is not a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let length = u64::try_from(text.len()).ok()?;
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let is_name = (1..=Self::MAX).contains(&length)
            && text.bytes().all(is_part)
            && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
        is_name.then(|| Self(text.to_ascii_lowercase()))
    }

    /// Parses a name that a person typed into a login form; surrounding spaces are ignored. Returns `None` for an
    /// address and for any other text that is not a name.
    #[must_use]
    pub fn typed(text: &str) -> Option<Self> {
        Self::parse(text.trim_matches(' '))
    }

    /// Returns the name in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name in lower case.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_without_their_case_and_addresses_are_none() {
        for (text, name) in [("Arthur", "arthur"), ("king.arthur-1_", "king.arthur-1_"), ("7", "7")] {
            assert_eq!(LoginName::parse(text).as_ref().map(LoginName::as_str), Some(name));
        }
        let long = "a".repeat(65);
        for text in ["", "arthur@camelot.bt", "@", "a b", "\u{430}rthur", ".a", "-a", "a\n", "a\0", "ﬁ", &long] {
            assert_eq!(LoginName::parse(text), None, "{text:?}");
        }
        assert_eq!(LoginName::typed(" Arthur ").map(LoginName::into_string).as_deref(), Some("arthur"));
    }
}
