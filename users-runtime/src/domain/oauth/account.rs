//! Accounts at providers, as they are stored.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::domain::{IdKind, IdValue, PasswordHash};

/// The id of a row of `oauth_account`. It has the kind of the users' ids, as in fastapi-users.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OAuthAccountId {
    /// An integer, which the database makes.
    Integer(i64),
    /// A UUID.
    Uuid(Uuid),
    /// Text, for users whose ids are texts.
    Text(String),
}

impl OAuthAccountId {
    /// Makes an id of this kind from random bytes; 0 for integers, which the database makes.
    #[must_use]
    pub fn from_random(kind: IdKind, random: [u8; 16]) -> Self {
        let uuid = uuid::Builder::from_random_bytes(random).into_uuid();
        match kind {
            IdKind::Integer => Self::Integer(0),
            IdKind::Uuid => Self::Uuid(uuid),
            IdKind::Text => Self::Text(uuid.to_string()),
        }
    }

    /// Reads the text of an id, as in a path. Returns `None` if it is no id of this kind.
    #[must_use]
    pub fn parse(kind: IdKind, text: &str) -> Option<Self> {
        match kind {
            IdKind::Integer => text.parse().ok().filter(|id: &i64| id.to_string() == text).map(Self::Integer),
            IdKind::Uuid => Uuid::try_parse(text).ok().map(Self::Uuid),
            IdKind::Text => Some(Self::Text(text.to_owned())),
        }
    }

    /// Returns the form that stores keep.
    #[must_use]
    pub fn to_value(&self) -> IdValue {
        match self {
            Self::Integer(id) => IdValue::Integer(*id),
            Self::Uuid(id) => IdValue::Uuid(*id),
            Self::Text(id) => IdValue::Text(id.clone()),
        }
    }

    /// Converts from the form that stores keep.
    #[must_use]
    pub fn from_value(value: IdValue) -> Self {
        match value {
            IdValue::Integer(id) => Self::Integer(id),
            IdValue::Uuid(id) => Self::Uuid(id),
            IdValue::Text(id) => Self::Text(id),
        }
    }
}

impl fmt::Display for OAuthAccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(id) => id.fmt(f),
            Self::Uuid(id) => id.fmt(f),
            Self::Text(id) => f.write_str(id),
        }
    }
}

/// A link between a user and an account at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuthAccount<Id> {
    /// The id of the row.
    pub id: OAuthAccountId,
    /// The user.
    pub user_id: Id,
    /// The name of the provider, such as `google`.
    pub oauth_name: String,
    /// The subject: the provider's permanent identifier of the account. Unique together with the provider.
    pub account_id: String,
    /// The address that the provider last had for the account.
    pub account_email: String,
}

impl<Id> OAuthAccount<Id> {
    /// Describes a stored link.
    #[must_use]
    pub fn new(
        id: OAuthAccountId,
        user_id: Id,
        oauth_name: impl Into<String>,
        account_id: impl Into<String>,
        account_email: impl Into<String>,
    ) -> Self {
        Self {
            id,
            user_id,
            oauth_name: oauth_name.into(),
            account_id: account_id.into(),
            account_email: account_email.into(),
        }
    }
}

/// A link to store. The user is named by the operation that stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOAuthAccount {
    /// The id of the row; ignored if the database makes it.
    pub id: OAuthAccountId,
    /// The name of the provider.
    pub oauth_name: String,
    /// The subject.
    pub account_id: String,
    /// The address that the provider has.
    pub account_email: String,
    /// The placeholder that stands for a password, if the user gets one together with this link.
    pub placeholder: Option<PlaceholderPassword>,
}

/// The digest of a password hash to which no password is known: that of an account created by a login with a provider.
///
/// It is stored with the link. As long as the user's hash has this digest, no password was ever set, and the last link
/// is the only login method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceholderPassword(String);

impl PlaceholderPassword {
    /// The length of the digest: 256 bits in base64url without padding.
    pub const CHARS: usize = 43;

    /// Returns the digest of a hash.
    #[must_use]
    pub fn of(hash: &PasswordHash) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(hash.as_stored())))
    }

    /// Wraps a stored digest.
    #[must_use]
    pub fn from_stored(digest: impl Into<String>) -> Self {
        Self(digest.into())
    }

    /// Returns the digest as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the digest was computed from this hash.
    #[must_use]
    pub fn is_of(&self, hash: &PasswordHash) -> bool {
        *self == Self::of(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_kind_of_the_users_ids_and_one_form() {
        let uuid = "6f2ef3d0-2f6b-4a51-9d5c-3d6a0c1c9f10";
        for (kind, text, is_id) in [
            (IdKind::Integer, "7", true),
            (IdKind::Integer, "007", false),
            (IdKind::Integer, uuid, false),
            (IdKind::Uuid, uuid, true),
            (IdKind::Uuid, "7", false),
            (IdKind::Text, "any", true),
        ] {
            let id = OAuthAccountId::parse(kind, text);
            assert_eq!(id.is_some(), is_id, "{kind:?} {text}");
            if let Some(id) = id {
                assert_eq!(id.to_string(), text);
                assert_eq!(OAuthAccountId::from_value(id.to_value()), id);
            }
        }
        assert_eq!(serde_json::to_string(&OAuthAccountId::Integer(7)).unwrap(), "7");
        assert_eq!(serde_json::to_string(&OAuthAccountId::parse(IdKind::Uuid, uuid)).unwrap(), format!("\"{uuid}\""));
    }

    #[test]
    fn a_placeholder_is_that_of_one_hash() {
        let (hash, other) = (PasswordHash::from_stored("$argon2id$1"), PasswordHash::from_stored("$argon2id$2"));
        let placeholder = PlaceholderPassword::of(&hash);
        assert!(placeholder.is_of(&hash) && !placeholder.is_of(&other));
        assert_eq!(placeholder.as_str().len(), PlaceholderPassword::CHARS);
        assert_eq!(PlaceholderPassword::from_stored(placeholder.as_str()), placeholder);
    }
}
