//! The data that a provider returns about a person.

use serde_json::{Map, Value};

use super::ProviderTokens;

/// The permanent identifier of an account at a provider. Never an address or a nickname, which can be reassigned to
/// another person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject(String);

impl Subject {
    /// The maximum length: the width of fastapi-users' column, which holds the 255 characters of OpenID Connect.
    pub const MAX_CHARS: usize = 320;

    /// Reads a subject from a provider's JSON: a string, or an integer in its decimal form. Returns `None` for anything
    /// else, for an empty text, for one that is too long or has control characters, and for one that starts or ends with a
    /// space, which databases may ignore.
    #[must_use]
    pub fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::parse(text),
            Value::Number(number) if number.is_i64() || number.is_u64() => Self::parse(&number.to_string()),
            _ => None,
        }
    }

    /// Reads a subject from text, as [`Subject::from_json`] does.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_CHARS).contains(&text.chars().count())
            && text.trim() == text
            && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned()))
    }

    /// Returns the subject as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a provider has checked that the person can read mail at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressStatus {
    /// The provider says that it has.
    Verified,
    /// The provider says that it has not.
    Unverified,
    /// The provider says nothing about it.
    Unknown,
}

/// The address of an account at a provider, as the provider wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderAddress {
    /// The address. It was not parsed.
    pub email: String,
    /// Whether the provider has checked it.
    pub status: AddressStatus,
}

/// A person whom a provider has authenticated.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ExternalIdentity {
    /// The subject.
    pub subject: Subject,
    /// The address, if the provider gives one.
    pub address: Option<ProviderAddress>,
    /// Everything that the provider returns about the account: the claims of an ID token, or the response of the API.
    pub claims: Map<String, Value>,
    /// The tokens that the provider issued with it, if it did. They are stored only after
    /// [`OAuthProvider::store_tokens`](crate::oauth::OAuthProvider::store_tokens).
    pub tokens: Option<ProviderTokens>,
}

impl ExternalIdentity {
    /// Describes a person without an address and claims.
    #[must_use]
    pub fn new(subject: Subject) -> Self {
        Self { subject, address: None, claims: Map::new(), tokens: None }
    }

    /// Sets the address.
    #[must_use]
    pub fn address(self, email: impl Into<String>, status: AddressStatus) -> Self {
        Self { address: Some(ProviderAddress { email: email.into(), status }), ..self }
    }

    /// Sets the claims.
    #[must_use]
    pub fn claims(self, claims: Map<String, Value>) -> Self {
        Self { claims, ..self }
    }

    /// Sets the tokens that the provider issued.
    #[must_use]
    pub fn tokens(self, tokens: ProviderTokens) -> Self {
        Self { tokens: Some(tokens), ..self }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_subject_is_a_text_or_an_integer_and_nothing_else() {
        for (value, subject) in [
            (json!("248289761001"), Some("248289761001")),
            (json!(583_231), Some("583231")),
            (json!(u64::MAX), Some("18446744073709551615")),
            (json!(-1), Some("-1")),
            (json!(1.5), None),
            (json!(1e300), None),
            (json!(true), None),
            (json!(null), None),
            (json!([]), None),
            (json!({"id": 1}), None),
            (json!(""), None),
            (json!(" x"), None),
            (json!("x "), None),
            (json!("x\n"), None),
            (json!("\0"), None),
            (json!("x".repeat(320)), Some(&*"x".repeat(320))),
            (json!("x".repeat(321)), None),
        ] {
            assert_eq!(Subject::from_json(&value).as_ref().map(Subject::as_str), subject, "{value}");
        }
    }
}
