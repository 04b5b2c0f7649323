//! The master secret.

use std::fmt;

use secrecy::{ExposeSecret, SecretSlice};

use super::{Error, Result};

/// The master secret of a service, from which the keys of all purposes are derived (HKDF-SHA-256, one label each).
///
/// At least 32 bytes (RFC 7518 section 3.2 asks for as many as the hash has). `Debug` prints nothing of it, it does not
/// serialize, and it is wiped from memory when dropped.
#[derive(Clone)]
pub struct SecretKey(SecretSlice<u8>);

impl SecretKey {
    /// The least number of bytes: the output size of SHA-256.
    pub const MIN_BYTES: usize = 32;

    /// Takes the bytes of a secret.
    ///
    /// # Errors
    /// [`Error::Config`] if it has fewer than 32 bytes or is a well-known placeholder such as `SECRET` or `changeme`,
    /// repeated or not.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self> {
        let bytes: Vec<u8> = bytes.into();
        if bytes.len() < Self::MIN_BYTES {
            return Err(Error::config(format!(
                "the secret has {} bytes, at least {} are needed. Make one: openssl rand -base64 48",
                bytes.len(),
                Self::MIN_BYTES
            )));
        }
        if is_placeholder(&bytes) {
            return Err(Error::config(
                "the secret is a placeholder from an example. Make a real one: openssl rand -base64 48",
            ));
        }
        Ok(Self(bytes.into()))
    }

    /// Takes any bytes, however few and well known, for moving a service whose secret is in use already.
    ///
    /// # Security
    /// Whoever guesses the secret can log in as anybody. Tokens signed with a short one can be broken offline
    /// (RFC 8725 section 3.5). The relaxation is logged when the service starts.
    #[must_use]
    pub fn allow_short_secret(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into().into())
    }

    /// Reads the secret from an environment variable.
    ///
    /// # Errors
    /// [`Error::Config`] if the variable is not set, or [`SecretKey::new`] refuses its value.
    pub fn from_env(variable: &str) -> Result<Self> {
        let value = std::env::var(variable).map_err(|_| {
            Error::config(format!("{variable} is not set. Try: export {variable}=\"$(openssl rand -base64 48)\""))
        })?;
        Self::new(value).map_err(|error| Error::config(format!("{variable}: {error}")))
    }

    /// Reads the secret from a file, such as one that an orchestrator mounts; one newline at the end is dropped.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::Config`] if [`SecretKey::new`] refuses its content.
    pub fn from_file(path: impl AsRef<std::path::Path>) -> Result<Self> {
        let mut bytes = std::fs::read(path)?;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        Self::new(bytes)
    }

    /// Whether [`SecretKey::new`] would have refused it.
    pub(crate) fn is_short(&self) -> bool {
        let bytes = self.0.expose_secret();
        bytes.len() < Self::MIN_BYTES || is_placeholder(bytes)
    }

    pub(crate) fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(***)")
    }
}

/// Whether the bytes are one of the words that examples print, once or over and over.
fn is_placeholder(bytes: &[u8]) -> bool {
    const WORDS: [&str; 7] = ["secret", "changeme", "change-me", "change_me", "password", "example", "your-secret-key"];
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    let letters = text.trim_matches(|c: char| !c.is_alphanumeric());
    let rest = |word| letters.replace(word, "").chars().filter(char::is_ascii_alphanumeric).count();
    // The word must be there: of 32 random bytes about one in a hundred has two letters and digits or fewer.
    WORDS.iter().any(|word| letters.contains(word) && rest(word) <= 2)
        || bytes.windows(2).all(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_repeated_and_well_known_secrets_are_refused() {
        for secret in
            ["SECRET", "SECRETSECRETSECRETSECRETSECRETSECRET", "changeme-changeme-changeme-changeme", &"a".repeat(40)]
        {
            assert!(SecretKey::new(secret).is_err(), "{secret}");
        }
        assert!(SecretKey::new("0Zk7cV3yq9fPpX2sLr8wNd4tGh6bJm1u").is_ok());
    }

    #[test]
    fn bytes_that_are_no_text_are_no_placeholder() {
        let bytes: Vec<u8> = (128..160).collect();
        assert!(SecretKey::new(bytes).is_ok());
    }

    #[test]
    fn debug_prints_nothing_of_it() {
        let secret = SecretKey::allow_short_secret("hunter2");
        assert_eq!(format!("{secret:?}"), "SecretKey(***)");
    }
}
