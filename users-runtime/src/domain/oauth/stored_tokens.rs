//! The provider tokens that are stored with a link.

use std::fmt;

/// The columns `access_token` and `refresh_token` of a link: encrypted texts, which a store keeps as they are. A link
/// without tokens has an empty text in the first and NULL in the second.
///
/// `Debug` prints neither, because in rows of fastapi-users they are not encrypted.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct StoredTokens {
    /// The value of `access_token`, at most 65,535 bytes of ASCII.
    pub access_token: String,
    /// The value of `refresh_token`, likewise.
    pub refresh_token: Option<String>,
}

impl fmt::Debug for StoredTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredTokens(***)")
    }
}

/// Separates the encrypted text from the time until which an instance may refresh it.
#[cfg(feature = "oauth")]
const LEASE: char = '#';

#[cfg(feature = "oauth")]
impl StoredTokens {
    /// Returns the encrypted access token without the mark of a refresh. It differs for every set of tokens.
    pub(crate) fn sealed_access(&self) -> &str {
        self.access_token.split_once(LEASE).map_or(&self.access_token, |(sealed, _)| sealed)
    }

    /// Returns until when an instance has reserved the refresh of these tokens, in seconds since 1970.
    pub(crate) fn reserved_until(&self) -> Option<i64> {
        self.access_token.split_once(LEASE)?.1.parse().ok()
    }

    /// Returns the same tokens, reserved until this time.
    #[must_use]
    pub(crate) fn reserved(&self, until: i64) -> Self {
        Self { access_token: format!("{}{LEASE}{until}", self.sealed_access()), ..self.clone() }
    }

    /// Returns the same tokens, not reserved.
    #[must_use]
    pub(crate) fn released(&self) -> Self {
        Self { access_token: self.sealed_access().to_owned(), ..self.clone() }
    }
}

#[cfg(all(test, feature = "oauth"))]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_is_beside_the_encrypted_text() {
        let tokens = StoredTokens { access_token: "sealed".to_owned(), refresh_token: Some("other".to_owned()) };
        let reserved = tokens.reserved(1_800_000_000);
        assert_eq!((tokens.reserved_until(), reserved.reserved_until()), (None, Some(1_800_000_000)));
        assert_eq!((reserved.sealed_access(), reserved.refresh_token.as_deref()), ("sealed", Some("other")));
        assert_eq!(reserved.reserved(1_800_000_030).access_token, "sealed#1800000030");
        assert_eq!(reserved.released(), tokens);
        assert!(!format!("{tokens:?}").contains("sealed"));
    }
}
