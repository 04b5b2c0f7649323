//! Hashes of Flask's `generate_password_hash` (`werkzeug.security`).

use super::{
    Read, boxed,
    pbkdf2::{Digest, Pbkdf2},
    scrypt::{Scrypt, ScryptHash},
    text::{decimal, hex, parts, salt},
};
use crate::port::{ForeignHash, HashVerifier, UnfitHash};

/// Verifies hashes that Werkzeug stored: scrypt, and PBKDF2 with SHA-256 or SHA-512.
///
/// The plain digests of versions before Werkzeug 3 (`sha256$…`, `sha1$…`, `md5$…`, `plain$…`) are not password hashes
/// and not accepted, as in Werkzeug 3.
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
pub struct Werkzeug {
    sha1: bool,
}

impl Werkzeug {
    /// Accepts the methods `scrypt`, `pbkdf2:sha256` and `pbkdf2:sha512`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Also accepts `pbkdf2:sha1`, the default before 2014.
    ///
    /// # Security
    /// The collision attacks on SHA-1 do not affect PBKDF2, but these hashes have only 1,000 iterations, a thousandth
    /// of the number that is common today: an attacker with a stolen table recovers most of its passwords.
    pub fn allow_sha1(self) -> Self {
        Self { sha1: true }
    }
}

impl HashVerifier for Werkzeug {
    fn name(&self) -> &'static str {
        "werkzeug"
    }

    fn read(&self, stored: &str) -> Option<Result<Box<dyn ForeignHash>, UnfitHash>> {
        let (method, rest) = stored.split_once(':')?;
        match method {
            "scrypt" => Some(scrypt(rest)),
            "pbkdf2" => {
                let (digest, rest) = rest.split_once(':')?;
                let digest = match digest {
                    "sha256" => Digest::Sha256,
                    "sha512" => Digest::Sha512,
                    "sha1" if self.sha1 => Digest::Sha1,
                    _ => return None,
                };
                Some(pbkdf2(digest, rest))
            }
            _ => None,
        }
    }
}

/// Parses `N:r:p$salt$hex`.
fn scrypt(text: &str) -> Read {
    let [costs, text, key] = parts(text, '$')?;
    let [n, r, p] = parts(costs, ':')?;
    let scrypt = Scrypt::new(decimal(n)?, decimal(r)?, decimal(p)?)?;
    ScryptHash::new(scrypt, salt(text)?, hex(key)?).map(boxed)
}

/// Parses `iterations$salt$hex`.
fn pbkdf2(digest: Digest, text: &str) -> Read {
    let [iterations, text, key] = parts(text, '$')?;
    Pbkdf2::new(digest, decimal(iterations)?, salt(text)?, hex(key)?).map(boxed)
}
