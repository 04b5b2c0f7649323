//! The master secret.

use std::fmt;

use hkdf::Hkdf;
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Error, Result, Setting, io_error_at};

/// The master secret of a service. The keys of all purposes are derived from it (HKDF-SHA-256 with one label each).
///
/// It has at least 32 bytes, the output size of the hash (RFC 7518 section 3.2). `Debug` prints no part of it, it does not
/// implement `Serialize`, and its memory is zeroed when it is dropped.
#[derive(Clone)]
pub struct SecretKey(SecretSlice<u8>);

impl SecretKey {
    /// The minimum length in bytes: the output size of SHA-256.
    pub const MIN_BYTES: usize = 32;

    /// Wraps the bytes of a secret.
    ///
    /// # Errors
    /// [`Error::Config`] if it has fewer than 32 bytes or is a known placeholder such as `SECRET` or `changeme`, repeated
    /// or not.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self> {
        let bytes: Vec<u8> = bytes.into();
        if bytes.len() < Self::MIN_BYTES {
            return Err(Error::setting(
                Setting::Secret,
                format!(
                    "the secret has {} bytes, at least {} are needed. Make one: openssl rand -base64 48",
                    bytes.len(),
                    Self::MIN_BYTES
                ),
            ));
        }
        if is_placeholder(&bytes) {
            return Err(Error::setting(
                Setting::Secret,
                "the secret is a placeholder from an example. Make a real one: openssl rand -base64 48",
            ));
        }
        Ok(Self(bytes.into()))
    }

    /// Wraps any bytes, even a short or known secret, to migrate a service whose secret is already in use.
    ///
    /// # Security
    /// An attacker who guesses the secret can log in as any user. A short one can be found by offline brute force on a
    /// signed token (RFC 8725 section 3.5). The relaxation is logged at startup.
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
            Error::setting(
                Setting::Secret,
                format!("{variable} is not set. Try: export {variable}=\"$(openssl rand -base64 48)\""),
            )
        })?;
        Self::new(value).map_err(|error| Error::setting(Setting::Secret, format!("{variable}: {error}")))
    }

    /// Reads the secret from a file, such as one mounted by an orchestrator. One newline at the end is removed.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::Config`] if [`SecretKey::new`] refuses its content.
    pub fn from_file(path: impl AsRef<std::path::Path>) -> Result<Self> {
        let path = path.as_ref();
        let mut bytes = std::fs::read(path).map_err(|error| io_error_at(path.display(), error))?;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        Self::new(bytes).map_err(|error| Error::setting(Setting::Secret, format!("{}: {error}", path.display())))
    }

    /// Returns whether [`SecretKey::new`] would refuse the secret.
    pub(crate) fn is_short(&self) -> bool {
        let bytes = self.0.expose_secret();
        bytes.len() < Self::MIN_BYTES || is_placeholder(bytes)
    }

    pub(crate) fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// Returns a key of 32 bytes for one purpose (HKDF with SHA-256, RFC 5869). Keys of different labels reveal nothing
    /// about each other.
    pub(crate) fn derive(&self, label: &[u8]) -> Result<Zeroizing<[u8; 32]>> {
        let mut key = Zeroizing::new([0; 32]);
        let derived = Hkdf::<Sha256>::new(None, self.expose()).expand(label, &mut *key);
        derived.map_err(|_| Error::setting(Setting::Secret, "no key can be derived from the secret"))?;
        Ok(key)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(***)")
    }
}

/// Returns whether the bytes are a placeholder from examples, once or repeated.
fn is_placeholder(bytes: &[u8]) -> bool {
    const WORDS: [&str; 7] = ["secret", "changeme", "change-me", "change_me", "password", "example", "your-secret-key"];
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    let letters = text.trim_matches(|c: char| !c.is_alphanumeric());
    let rest = |word| letters.replace(word, "").chars().filter(char::is_ascii_alphanumeric).count();
    // The placeholder itself must occur, because about one in a hundred random secrets has at most two letters and digits.
    WORDS.iter().any(|word| letters.contains(word) && rest(word) <= 2)
        || bytes.windows(2).all(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_repeated_and_placeholder_secrets_are_refused() {
        for secret in
            ["SECRET", "SECRETSECRETSECRETSECRETSECRETSECRET", "changeme-changeme-changeme-changeme", &"a".repeat(40)]
        {
            assert!(SecretKey::new(secret).is_err(), "{secret}");
        }
        assert!(SecretKey::new("0Zk7cV3yq9fPpX2sLr8wNd4tGh6bJm1u").is_ok());
    }

    #[test]
    fn binary_secrets_are_accepted() {
        let bytes: Vec<u8> = (128..160).collect();
        assert!(SecretKey::new(bytes).is_ok());
    }

    #[test]
    fn an_error_about_a_file_names_it_and_not_its_content() {
        let path = std::env::temp_dir().join(format!("axum-users-secret-{}", std::process::id()));
        let missing = SecretKey::from_file(&path).unwrap_err().to_string();
        std::fs::write(&path, "hunter2\n").unwrap();
        let short = SecretKey::from_file(&path).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        for text in [missing, short] {
            assert!(text.contains(path.to_str().unwrap()) && !text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn debug_prints_no_part_of_the_secret() {
        let secret = SecretKey::allow_short_secret("hunter2");
        assert_eq!(format!("{secret:?}"), "SecretKey(***)");
    }
}
