//! scrypt (RFC 7914).

use scrypt::Params;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::pbkdf2::ends_with_nul;
use crate::{
    domain::Password,
    port::{ForeignHash, HashCost, UnfitHash},
};

/// The cost parameters of a hash: N = 2^`log_n`, r and p. A value of this type is within the cost limits.
#[derive(Clone, Copy)]
pub(super) struct Scrypt {
    log_n: u8,
    r: u32,
    p: u32,
}

/// A hash that consists of the derived key.
pub(super) struct ScryptHash {
    scrypt: Scrypt,
    salt: Vec<u8>,
    key: Vec<u8>,
}

impl Scrypt {
    /// The KiB that Argon2 fills in the time in which scrypt processes one KiB: 1.7 to 2.4 µs, growing with the memory,
    /// against 0.42 µs at 19 MiB, as measured.
    const KIB_PER_KIB: u64 = 5;

    pub(super) fn new(n: u32, r: u32, p: u32) -> Result<Self, UnfitHash> {
        if !n.is_power_of_two() || n < 2 || r == 0 || p == 0 {
            return Err(UnfitHash::Malformed);
        }
        let log_n = u8::try_from(n.ilog2()).map_err(|_| UnfitHash::AbsurdCost)?;
        let scrypt = Self { log_n, r, p };
        let HashCost { memory_kib, work } = scrypt.cost();
        // Within these limits nothing in the crate can overflow.
        if memory_kib > HashCost::MAX_MEMORY_KIB || work > HashCost::MAX_WORK {
            return Err(UnfitHash::AbsurdCost);
        }
        Ok(scrypt)
    }

    pub(super) fn cost(self) -> HashCost {
        let n = 1_u64 << self.log_n;
        let block = 128 * u64::from(self.r);
        let memory = block.saturating_mul(n + u64::from(self.p) + 2).div_ceil(1024);
        let mixed = block.saturating_mul(n).saturating_mul(u64::from(self.p)) / 1024;
        HashCost {
            memory_kib: u32::try_from(memory).unwrap_or(u32::MAX),
            work: mixed.saturating_mul(Self::KIB_PER_KIB).max(1),
        }
    }

    /// The time depends on each of the parameters.
    pub(super) fn method(self) -> String {
        format!("scrypt 2^{} {} {}", self.log_n, self.r, self.p)
    }

    /// Derives `key` from the password. Returns `None` for a password that ends with a NUL, because scrypt starts and
    /// ends with PBKDF2.
    pub(super) fn derive(self, password: &Password, salt: &[u8], key: &mut [u8]) -> Option<()> {
        let params = Params::new(self.log_n, self.r, self.p).ok()?;
        scrypt::scrypt(password.secret().as_bytes(), salt, &params, key).ok()?;
        (!ends_with_nul(password)).then_some(())
    }
}

impl ScryptHash {
    /// The key length of both Django and Werkzeug.
    const KEY_BYTES: usize = 64;

    pub(super) fn new(scrypt: Scrypt, salt: Vec<u8>, key: Vec<u8>) -> Result<Self, UnfitHash> {
        if key.len() == Self::KEY_BYTES { Ok(Self { scrypt, salt, key }) } else { Err(UnfitHash::Malformed) }
    }
}

impl ForeignHash for ScryptHash {
    fn cost(&self) -> HashCost {
        self.scrypt.cost()
    }

    fn method(&self) -> String {
        self.scrypt.method()
    }

    fn matches(&self, password: &Password) -> bool {
        let mut key = Zeroizing::new([0; Self::KEY_BYTES]);
        let derived = self.scrypt.derive(password, &self.salt, &mut *key);
        derived.is_some() && bool::from(key.ct_eq(&self.key))
    }
}
