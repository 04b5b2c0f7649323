//! The form in which breached passwords are published.

use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use crate::domain::Password;

/// The SHA-1 hash of a password in 40 upper-case hex digits. It is wiped when dropped, because it can be cracked.
pub(super) struct Sha1Hex(Zeroizing<String>);

impl Sha1Hex {
    pub(super) fn of(password: &Password) -> Self {
        let mut hex = Zeroizing::new(String::with_capacity(40));
        for byte in Sha1::digest(password.secret().as_bytes()) {
            for digit in [byte >> 4, byte & 15] {
                hex.extend(char::from_digit(digit.into(), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
        Self(hex)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
