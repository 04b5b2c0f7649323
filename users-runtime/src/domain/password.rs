//! Plaintext passwords and their hashes, as types that neither print nor serialize.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

/// A plaintext password, exactly as typed: it is neither trimmed nor normalized.
///
/// `Debug` prints no part of it, it does not implement `Serialize`, and its memory is zeroed when it is dropped.
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// Wraps a password.
    #[must_use]
    pub fn new(password: impl Into<String>) -> Self {
        Self(SecretString::from(password.into()))
    }

    /// Returns the password, for example for a custom policy.
    ///
    /// # Security
    /// The password must not reach a log, an error message or a response.
    #[must_use]
    pub fn secret(&self) -> &str {
        self.0.expose_secret()
    }

    /// Returns the length in Unicode code points, as OWASP ASVS 6.2.1 and NIST SP 800-63B-4 count it.
    #[must_use]
    pub fn code_points(&self) -> usize {
        self.secret().chars().count()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

impl From<&str> for Password {
    fn from(password: &str) -> Self {
        Self::new(password)
    }
}

impl From<String> for Password {
    fn from(password: String) -> Self {
        Self::new(password)
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// A stored password hash: a PHC string (Argon2) or a bcrypt string. It does not implement `Serialize`, so it cannot be
/// part of a response, and `Debug` prints no part of it.
///
/// ```compile_fail,E0277
/// fn respond(hash: users_runtime::PasswordHash) -> String {
///     serde_json::to_string(&hash).unwrap() // the trait `Serialize` is not implemented
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The hash of an account without a password, where the database has NULL: an empty text, which no password matches.
    /// The account gets a password by a reset.
    pub const NONE: Self = Self(String::new());

    /// The placeholder for a stored hash that is not text.
    const UNREADABLE: &str = "(not text)";

    /// Returns the placeholder for a stored hash that is not text. No password matches it.
    pub(crate) fn unreadable() -> Self {
        Self(Self::UNREADABLE.to_owned())
    }

    /// Returns `true` for a stored hash that is not text, which no statement can compare.
    pub(crate) fn is_unreadable(&self) -> bool {
        self.0 == Self::UNREADABLE
    }

    /// Wraps a hash from the database. The text is not checked; a hash of an unknown format never verifies.
    #[must_use]
    pub fn from_stored(hash: impl Into<String>) -> Self {
        Self(hash.into())
    }

    /// Returns the text to store.
    ///
    /// # Security
    /// Use it in a store only. A hash that leaves the server is open to offline guessing.
    #[must_use]
    pub fn as_stored(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(***)")
    }
}
