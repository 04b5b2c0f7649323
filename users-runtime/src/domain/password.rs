//! Passwords in clear and their hashes, as types that neither print nor serialize.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

/// A password as a person typed it: exact bytes, no trimming, no normalisation.
///
/// `Debug` prints no part of it, it does not serialize, and it is wiped from memory when dropped.
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// Takes over a password.
    #[must_use]
    pub fn new(password: impl Into<String>) -> Self {
        Self(SecretString::from(password.into()))
    }

    /// The password itself, for a policy of the application's own.
    ///
    /// # Security
    /// Must not reach a log, an error or an answer.
    #[must_use]
    pub fn secret(&self) -> &str {
        self.0.expose_secret()
    }

    /// Its length as a person counts it: Unicode code points (OWASP ASVS 6.2.1 and NIST SP 800-63B-4 count so).
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

/// A stored password hash: a PHC string (Argon2) or a bcrypt string. Opaque on purpose: it does not implement
/// `Serialize`, so it cannot stand in an answer, and `Debug` prints no part of it.
///
/// ```compile_fail,E0277
/// fn answer(hash: users_runtime::PasswordHash) -> String {
///     serde_json::to_string(&hash).unwrap() // the trait `Serialize` is not implemented
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes over a hash as it stands in the database. Nothing is checked: an unknown form never verifies.
    #[must_use]
    pub fn from_stored(hash: impl Into<String>) -> Self {
        Self(hash.into())
    }

    /// The hash as it is stored.
    ///
    /// # Security
    /// For a store only. A hash that leaves the server can be guessed offline.
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
