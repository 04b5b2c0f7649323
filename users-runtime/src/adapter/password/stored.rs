//! The strings in the column `hashed_password`: parses every known form and writes that of axum-users.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use subtle::ConstantTimeEq;

use super::{Argon2Params, ForeignHashes, RehashRule, cost::Cost};
use crate::{
    domain::Password,
    port::{ForeignHash, HashError, UnfitHash},
};

/// A parsed hash whose cost is within the limits.
#[derive(Clone)]
pub(super) enum Stored {
    Argon2(Argon2Hash),
    Bcrypt(BcryptHash),
    /// A hash of this system.
    Foreign(&'static str, Arc<dyn ForeignHash>),
}

#[derive(Clone)]
pub(super) struct Argon2Hash {
    pub(super) algorithm: Algorithm,
    pub(super) version: Version,
    pub(super) params: Params,
    pub(super) salt: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

#[derive(Clone)]
pub(super) struct BcryptHash {
    pub(super) cost: u32,
    pub(super) text: String,
}

/// The reason why a stored hash cannot be verified. The text is logged and contains no part of the hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Corrupt {
    #[error("of no known form")]
    UnknownForm,
    #[error("malformed")]
    Malformed,
    #[error("asks for an excessive cost")]
    AbsurdCost,
    #[error("asks for more memory than the budget for hashing")]
    OverBudget,
    #[error("marks an account without a password")]
    Unusable,
}

#[cfg(feature = "foreign-hashes")]
impl From<Corrupt> for UnfitHash {
    fn from(corrupt: Corrupt) -> Self {
        match corrupt {
            Corrupt::AbsurdCost | Corrupt::OverBudget => Self::AbsurdCost,
            Corrupt::UnknownForm | Corrupt::Malformed => Self::Malformed,
            Corrupt::Unusable => Self::Unusable,
        }
    }
}

impl From<UnfitHash> for Corrupt {
    fn from(unfit: UnfitHash) -> Self {
        match unfit {
            UnfitHash::Malformed => Self::Malformed,
            UnfitHash::AbsurdCost => Self::AbsurdCost,
            UnfitHash::Unusable => Self::Unusable,
        }
    }
}

impl Stored {
    /// The length of the column `hashed_password`, in characters.
    const MAX_CHARS: usize = 1024;

    /// Parses a stored string. Argon2 strings are never passed to foreign verifiers, so that a new hash cannot be taken
    /// for another system's. bcrypt strings are, because systems with a pepper store plain bcrypt strings.
    pub(super) fn parse(text: &str, foreign: &ForeignHashes) -> Result<Self, Corrupt> {
        if text.is_empty() {
            Err(Corrupt::Unusable)
        } else if text.len() > Self::MAX_CHARS {
            Err(Corrupt::Malformed)
        } else if text.starts_with("$argon2") {
            Argon2Hash::parse(text).map(Self::Argon2)
        } else if let Some(read) = foreign.read(text) {
            let (system, hash) = read?;
            Ok(Self::Foreign(system, hash))
        } else if text.starts_with("$2") {
            BcryptHash::parse(text).map(Self::Bcrypt)
        } else {
            Err(Corrupt::UnknownForm)
        }
    }

    /// Returns the cost of a verification.
    pub(super) fn cost(&self) -> Cost {
        match self {
            Self::Argon2(hash) => hash.cost(),
            Self::Bcrypt(hash) => hash.cost(),
            Self::Foreign(system, hash) => Cost::Foreign { system, hash: Arc::clone(hash), work: hash.cost().work },
        }
    }

    /// Returns `true` if the hash was made from this password. Compares in constant time.
    pub(super) fn matches(&self, password: &Password, blocks: &mut [Block]) -> Result<bool, HashError> {
        let bytes = password.secret().as_bytes();
        match self {
            Self::Argon2(hash) => hash.matches(bytes, blocks),
            Self::Bcrypt(hash) => hash.matches(bytes),
            Self::Foreign(_, hash) => Ok(hash.matches(password)),
        }
    }

    /// Returns `true` if a login should replace the hash by one with these parameters.
    pub(super) fn is_outdated(&self, wanted: Argon2Params, rule: RehashRule) -> bool {
        let Self::Argon2(hash) = self else { return true };
        if hash.algorithm != Algorithm::Argon2id || hash.version != Version::V0x13 {
            return true;
        }
        let params = &hash.params;
        match rule {
            RehashRule::WhenWeaker => {
                let wanted_work = u64::from(wanted.memory_kib()) * u64::from(wanted.passes());
                u64::from(params.m_cost()) * u64::from(params.t_cost()) < wanted_work
            }
            RehashRule::WhenDifferent => {
                (params.m_cost(), params.t_cost(), params.p_cost())
                    != (wanted.memory_kib(), wanted.passes(), wanted.lanes())
                    || hash.salt.len() != Argon2Params::SALT_BYTES
                    || hash.tag.len() != Argon2Params::TAG_BYTES
            }
        }
    }
}

impl Argon2Hash {
    /// Shorter tags could match by chance; the PHC string format requires at least 10 bytes.
    const MIN_TAG_BYTES: usize = 10;
    /// The lanes share the memory, so they add almost no work. No known system uses more than this.
    const MAX_LANES: u32 = 255;

    pub(super) fn cost(&self) -> Cost {
        Cost::Argon2 {
            algorithm: self.algorithm,
            version: self.version,
            memory_kib: self.params.m_cost(),
            passes: self.params.t_cost(),
            lanes: self.params.p_cost(),
        }
    }

    pub(super) fn matches(&self, password: &[u8], blocks: &mut [Block]) -> Result<bool, HashError> {
        Ok(self.compute(password, self.tag.len(), blocks)?.ct_eq(&self.tag).into())
    }

    /// Parses `$argon2id$v=19$m=…,t=…,p=…$salt$tag`, in exactly this order, like the reference implementation.
    pub(super) fn parse(text: &str) -> Result<Self, Corrupt> {
        let mut parts = text.split('$').skip(1);
        let mut next = || parts.next().ok_or(Corrupt::Malformed);
        let algorithm = next()?.parse().map_err(|_| Corrupt::UnknownForm)?;
        let mut part = next()?;
        // Strings without a version were written by Argon2 1.0, the only version at the time.
        let version = match part.strip_prefix("v=") {
            Some(version) => {
                part = next()?;
                Version::try_from(decimal(version)?).map_err(|_| Corrupt::Malformed)?
            }
            None => Version::V0x10,
        };
        let [m, t, p] = costs(part)?;
        let (salt, tag) = (next()?, next()?);
        if parts.next().is_some() {
            return Err(Corrupt::Malformed);
        }
        if m > Argon2Params::MAX_MEMORY_KIB || t > Argon2Params::MAX_PASSES || p > Self::MAX_LANES {
            return Err(Corrupt::AbsurdCost);
        }
        let bytes = |text| STANDARD_NO_PAD.decode(text).map_err(|_| Corrupt::Malformed);
        let (salt, tag) = (bytes(salt)?, bytes(tag)?);
        if salt.len() < argon2::MIN_SALT_LEN || tag.len() < Self::MIN_TAG_BYTES {
            return Err(Corrupt::Malformed);
        }
        let params = Params::new(m, t, p, Some(tag.len())).map_err(|_| Corrupt::Malformed)?;
        Ok(Self { algorithm, version, params, salt, tag })
    }

    /// Returns the string to store for a hash that was made with [`Argon2Params`].
    pub(super) fn to_phc(&self) -> String {
        format!(
            "${}$v={}$m={},t={},p={}${}${}",
            self.algorithm,
            u32::from(self.version),
            self.params.m_cost(),
            self.params.t_cost(),
            self.params.p_cost(),
            STANDARD_NO_PAD.encode(&self.salt),
            STANDARD_NO_PAD.encode(&self.tag)
        )
    }

    /// Computes the tag of a password with these parameters and this salt.
    pub(super) fn compute(
        &self,
        password: &[u8],
        tag_bytes: usize,
        blocks: &mut [Block],
    ) -> Result<Vec<u8>, HashError> {
        let mut tag = vec![0; tag_bytes];
        Argon2::new(self.algorithm, self.version, self.params.clone())
            .hash_password_into_with_memory(password, &self.salt, &mut tag, blocks)
            .map_err(|_| HashError::Failed)?;
        Ok(tag)
    }
}

impl BcryptHash {
    /// 2^14 rounds take about a second, which is [`HashCost::MAX_WORK`](crate::port::HashCost::MAX_WORK). Each increment doubles the time; the maximum,
    /// 31, takes days.
    const MAX_COST: u32 = 14;
    /// bcrypt ignores further bytes.
    const MAX_BYTES: usize = 72;

    /// Verifies a password. bcrypt truncates at 72 bytes and repeats shorter passwords with a NUL in between, so it
    /// cannot distinguish `a` from `a\0a`. Such passwords never match, but take the time of a verification.
    pub(super) fn matches(&self, password: &[u8]) -> Result<bool, HashError> {
        self.matches_start(password, password.len())
    }

    /// Verifies like [`matches`](Self::matches) an input that starts with a password of `password_bytes` bytes; bcrypt
    /// may truncate the input after the password.
    pub(super) fn matches_start(&self, input: &[u8], password_bytes: usize) -> Result<bool, HashError> {
        let exact = password_bytes <= Self::MAX_BYTES && !input.contains(&0);
        let same = bcrypt::verify(input, &self.text).map_err(|_| HashError::Failed)?;
        Ok(exact && same)
    }

    pub(super) fn cost(&self) -> Cost {
        Cost::Bcrypt { log_rounds: self.cost }
    }

    pub(super) fn parse(text: &str) -> Result<Self, Corrupt> {
        let parts: bcrypt::HashParts = text.parse().map_err(|_| Corrupt::Malformed)?;
        if !text[4..6].bytes().all(|b| b.is_ascii_digit()) {
            return Err(Corrupt::Malformed); // the crate accepts `+9`
        }
        match parts.get_cost() {
            0..4 => Err(Corrupt::Malformed),
            cost if cost > Self::MAX_COST => Err(Corrupt::AbsurdCost),
            cost => Ok(Self { cost, text: text.to_owned() }),
        }
    }
}

/// Parses `m=…,t=…,p=…`.
fn costs(text: &str) -> Result<[u32; 3], Corrupt> {
    let mut fields = text.split(',');
    let mut next = |name| {
        let value = fields.next().and_then(|field| field.strip_prefix(name)?.strip_prefix('='));
        value.ok_or(UnfitHash::Malformed).and_then(decimal)
    };
    let costs = [next('m')?, next('t')?, next('p')?];
    if fields.next().is_some() { Err(Corrupt::Malformed) } else { Ok(costs) }
}

/// Parses a number of decimal digits without sign and leading zeros. A number above 32 bits is an excessive cost.
pub(super) fn decimal(text: &str) -> Result<u32, UnfitHash> {
    let canonical =
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    if !canonical {
        return Err(UnfitHash::Malformed);
    }
    text.parse().map_err(|_| UnfitHash::AbsurdCost)
}
