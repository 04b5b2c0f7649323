//! Hashes of Devise for Rails (`encrypted_password`).

use std::{fmt, sync::Arc};

use secrecy::SecretString;

use super::{
    bcrypt::{Bcrypt, Input},
    boxed,
};
use crate::port::{ForeignHash, HashVerifier, UnfitHash};

/// Verifies hashes that Devise stored with a pepper: bcrypt over the password followed by the pepper. Once registered,
/// every plain bcrypt string is verified with the pepper.
///
/// Without a pepper Devise stores plain bcrypt hashes, which need no verifier.
///
/// # Security
/// * bcrypt reads 72 bytes, so only the part of the pepper that fits after the password has an effect, as in Devise. A
///   password of more than 72 bytes never matches here, whereas Devise accepts any password with the same first 72
///   bytes; the user has to reset it.
/// * If password and pepper together exceed 72 bytes, the password followed by the first bytes of the pepper matches as
///   well. Exploiting this requires knowledge of both.
#[derive(Clone)]
pub struct Devise {
    pepper: Arc<SecretString>,
}

impl Devise {
    /// Creates a verifier with the value of `config.pepper` in `config/initializers/devise.rb`.
    #[must_use]
    pub fn new(pepper: impl Into<String>) -> Self {
        Self { pepper: Arc::new(SecretString::from(pepper.into())) }
    }
}

impl HashVerifier for Devise {
    fn name(&self) -> &'static str {
        "devise"
    }

    fn read(&self, stored: &str) -> Option<Result<Box<dyn ForeignHash>, UnfitHash>> {
        stored.starts_with("$2").then(|| Bcrypt::parse(stored, Input::Peppered(Arc::clone(&self.pepper))).map(boxed))
    }
}

impl fmt::Debug for Devise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Devise(***)")
    }
}
