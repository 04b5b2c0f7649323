//! Hashes of Django's column `password` (`django.contrib.auth.hashers`).

use super::{
    Read,
    argon2::Argon2,
    bcrypt::{Bcrypt, Input},
    boxed,
    pbkdf2::{Digest, Pbkdf2},
    scrypt::{Scrypt, ScryptHash},
    text::{base64, decimal, parts, salt},
};
use crate::port::{ForeignHash, HashVerifier, UnfitHash};

/// Verifies hashes that Django stored: PBKDF2 with SHA-256, Argon2, scrypt, bcrypt, and bcrypt over SHA-256. `!…`, the
/// marker of an account without a usable password, never matches.
///
/// Django's hashers that are not password hashes (`md5`, `sha1`, `crypt` and the unsalted ones) are not accepted.
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
pub struct Django {
    sha1: bool,
}

impl Django {
    /// Accepts all hashers that Django 5 enables by default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Also accepts `pbkdf2_sha1`, which Django offers for tables of other systems.
    ///
    /// # Security
    /// The collision attacks on SHA-1 do not affect PBKDF2, and a guess costs as much as with SHA-256. SHA-1 is
    /// disallowed for new use (OWASP ASVS 11.4.3), which is why it has to be enabled explicitly.
    pub fn allow_sha1(self) -> Self {
        Self { sha1: true }
    }
}

impl HashVerifier for Django {
    fn name(&self) -> &'static str {
        "django"
    }

    fn read(&self, stored: &str) -> Option<Result<Box<dyn ForeignHash>, UnfitHash>> {
        if stored.starts_with('!') {
            return Some(Err(UnfitHash::Unusable));
        }
        let (algorithm, rest) = stored.split_once('$')?;
        Some(match algorithm {
            "pbkdf2_sha256" => pbkdf2(Digest::Sha256, rest),
            "pbkdf2_sha1" if self.sha1 => pbkdf2(Digest::Sha1, rest),
            "argon2" => Argon2::parse(&format!("${rest}")).map(boxed),
            "scrypt" => scrypt(rest),
            "bcrypt" => Bcrypt::parse(rest, Input::Password).map(boxed),
            "bcrypt_sha256" => Bcrypt::parse(rest, Input::Sha256Hex).map(boxed),
            _ => return None,
        })
    }
}

/// Parses `iterations$salt$base64`.
fn pbkdf2(digest: Digest, text: &str) -> Read {
    let [iterations, text, key] = parts(text, '$')?;
    Pbkdf2::new(digest, decimal(iterations)?, salt(text)?, base64(key)?).map(boxed)
}

/// Parses `N$salt$r$p$base64`.
fn scrypt(text: &str) -> Read {
    let [n, text, r, p, key] = parts(text, '$')?;
    let scrypt = Scrypt::new(decimal(n)?, decimal(r)?, decimal(p)?)?;
    ScryptHash::new(scrypt, salt(text)?, base64(key)?).map(boxed)
}
