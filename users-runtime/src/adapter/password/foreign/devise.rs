//! What Devise for Rails stores (`encrypted_password`).

use std::{fmt, sync::Arc};

use secrecy::SecretString;

use super::{
    bcrypt::{Bcrypt, Over},
    boxed,
};
use crate::port::{ForeignHash, HashVerifier, UnfitHash};

/// Hashes that Devise stored: bcrypt over the password with the pepper behind it. Every plain bcrypt string counts as
/// Devise's.
///
/// Without a pepper this is not needed: Devise's hashes are plain bcrypt then.
///
/// # Security
/// * bcrypt reads 72 bytes. Of the pepper that is as much as fits behind the password, so did Devise. A password of more than 72
///   bytes never matches here, whereas Devise takes any that starts alike; its owner needs a reset.
/// * A password and the same one with the first bytes of the pepper behind it are one to bcrypt if both reach 72 bytes with the
///   pepper. Whoever could use that knows password and pepper.
#[derive(Clone)]
pub struct Devise {
    pepper: Arc<SecretString>,
}

impl Devise {
    /// The value of `config.pepper` in `config/initializers/devise.rb`.
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
        stored.starts_with("$2").then(|| Bcrypt::parse(stored, Over::Peppered(Arc::clone(&self.pepper))).map(boxed))
    }
}

impl fmt::Debug for Devise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Devise(***)")
    }
}
