//! bcrypt hashes of an input derived from the password.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::super::stored::BcryptHash;
use crate::{
    domain::Password,
    port::{ForeignHash, HashCost, UnfitHash},
};

/// The input of bcrypt.
pub(super) enum Input {
    Password,
    /// The SHA-256 hash of the password, in 64 hexadecimal digits.
    Sha256Hex,
    /// The password followed by this pepper.
    Peppered(Arc<SecretString>),
}

pub(super) struct Bcrypt {
    hash: BcryptHash,
    input: Input,
}

impl Bcrypt {
    pub(super) fn parse(text: &str, input: Input) -> Result<Self, UnfitHash> {
        match BcryptHash::parse(text) {
            Ok(hash) => Ok(Self { hash, input }),
            Err(corrupt) => Err(corrupt.into()),
        }
    }
}

impl ForeignHash for Bcrypt {
    fn cost(&self) -> HashCost {
        HashCost { memory_kib: 0, work: self.hash.cost().work() }
    }

    fn method(&self) -> String {
        format!("bcrypt {}", self.hash.cost)
    }

    fn matches(&self, password: &Password) -> bool {
        let bytes = password.secret().as_bytes();
        let matched = match &self.input {
            Input::Password => self.hash.matches(bytes),
            Input::Sha256Hex => {
                let digits = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
                self.hash.matches(Zeroizing::<String>::new(digits).as_bytes())
            }
            Input::Peppered(pepper) => {
                let peppered = Zeroizing::new([bytes, pepper.expose_secret().as_bytes()].concat());
                self.hash.matches_start(&peppered, bytes.len())
            }
        };
        matched.unwrap_or(false)
    }
}
