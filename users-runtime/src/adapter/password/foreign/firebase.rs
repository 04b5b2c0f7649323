//! Firebase Authentication's variant of scrypt (<https://github.com/firebase/scrypt>).

use std::{fmt, sync::Arc};

use aes::cipher::{KeyIvInit as _, StreamCipher as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{
    boxed,
    scrypt::Scrypt,
    text::{base64, decimal, parts},
};
use crate::{
    domain::{Error, Password, Result, Setting},
    port::{ForeignHash, HashCost, HashVerifier, UnfitHash},
};

/// Verifies hashes that Firebase Authentication stored for one project.
///
/// Firebase exports a hash as several values. Store them as `firebase$ROUNDS$MEM_COST$SALT$HASH`, for instance
/// `firebase$8$14$42xEC+ixf3L2lw==$lSrfV15cpx95…`: the project's rounds and memory cost, and the account's salt and
/// hash in standard base64. See [the
/// guide](https://github.com/axum-users/axum-users/blob/main/docs/guide/importing-hashes.md) for the complete
/// procedure.
#[derive(Clone)]
pub struct Firebase {
    project: Arc<Project>,
}

struct Project {
    signer_key: SecretSlice<u8>,
    salt_separator: Vec<u8>,
}

struct FirebaseHash {
    project: Arc<Project>,
    scrypt: Scrypt,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Firebase {
    /// A shorter key could match by chance.
    const LEAST_KEY_BYTES: usize = 16;
    /// Firebase uses a memory cost of up to 14 and up to 8 rounds (`firebase auth:import --help`).
    const MAX_MEM_COST: u32 = 20;

    /// Creates a verifier from `base64_signer_key` and `base64_salt_separator` of the project's password hash
    /// parameters, which the Firebase console shows above the table of users.
    ///
    /// # Errors
    /// [`Error::Config`] if one of them is not base64, or if the key has less than 16 bytes (Firebase's keys have 64).
    pub fn new(signer_key: &str, salt_separator: &str) -> Result<Self> {
        let read = |name: &str, text| {
            base64(text).map_err(|_| Error::setting(Setting::Password, format!("Firebase's {name} is not base64")))
        };
        let (signer_key, salt_separator) = (read("signer key", signer_key)?, read("salt separator", salt_separator)?);
        if signer_key.len() < Self::LEAST_KEY_BYTES {
            return Err(Error::setting(Setting::Password, "Firebase's signer key has less than 16 bytes"));
        }
        Ok(Self { project: Arc::new(Project { signer_key: signer_key.into(), salt_separator }) })
    }

    fn parse(&self, text: &str) -> std::result::Result<FirebaseHash, UnfitHash> {
        let [rounds, mem_cost, salt, hash] = parts(text, '$')?;
        let mem_cost = decimal(mem_cost)?;
        if mem_cost > Self::MAX_MEM_COST {
            return Err(UnfitHash::AbsurdCost);
        }
        let scrypt = Scrypt::new(1 << mem_cost, decimal(rounds)?, 1)?;
        let (salt, hash) = (base64(salt)?, base64(hash)?);
        let wanted_length = self.project.signer_key.expose_secret().len();
        if salt.is_empty() || hash.len() != wanted_length {
            return Err(UnfitHash::Malformed);
        }
        Ok(FirebaseHash { project: Arc::clone(&self.project), scrypt, salt, hash })
    }
}

impl FirebaseHash {
    /// Encrypts the signer key with AES-256-CTR, under a key derived from the password and with an initial counter of
    /// 0.
    fn derive(&self, password: &Password) -> Option<Vec<u8>> {
        let salt = [&*self.salt, &*self.project.salt_separator].concat();
        let mut key = Zeroizing::new([0; 64]);
        self.scrypt.derive(password, &salt, &mut *key)?;
        let (key, _) = key.split_at(32);
        let mut hash = self.project.signer_key.expose_secret().to_vec();
        ctr::Ctr128BE::<aes::Aes256>::new_from_slices(key, &[0; 16]).ok()?.apply_keystream(&mut hash);
        Some(hash)
    }
}

impl HashVerifier for Firebase {
    fn name(&self) -> &'static str {
        "firebase"
    }

    fn read(&self, stored: &str) -> Option<std::result::Result<Box<dyn ForeignHash>, UnfitHash>> {
        Some(self.parse(stored.strip_prefix("firebase$")?).map(boxed))
    }
}

impl ForeignHash for FirebaseHash {
    fn cost(&self) -> HashCost {
        self.scrypt.cost()
    }

    fn method(&self) -> String {
        self.scrypt.method()
    }

    fn matches(&self, password: &Password) -> bool {
        self.derive(password).is_some_and(|derived| derived.ct_eq(&self.hash).into())
    }
}

impl fmt::Debug for Firebase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Firebase(***)")
    }
}
