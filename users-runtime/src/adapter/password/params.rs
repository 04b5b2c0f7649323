//! The cost of new hashes.

use crate::{
    domain::{Error, Result, Setting},
    port::HashCost,
};

/// The parameters of Argon2id for new hashes: memory in KiB, passes and lanes. The salt has 16 bytes and the tag 32.
///
/// Every value meets the minimum of OWASP ASVS 5.0, Appendix C: one pass over at least 46 MiB, two over 19 MiB, or
/// three over 12 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Params {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Argon2Params {
    /// The length of a new salt in bytes (OWASP's [Password Storage Cheat
    /// Sheet](https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html); [RFC 9106 section
    /// 4](https://www.rfc-editor.org/rfc/rfc9106#section-4) recommends 128 bits).
    pub const SALT_BYTES: usize = 16;
    /// The length of a new tag in bytes (RFC 9106 section 4 recommends 256 bits).
    pub const TAG_BYTES: usize = 32;
    /// The maximum memory that a hash may require, in KiB: 1 GiB.
    pub const MAX_MEMORY_KIB: u32 = 1024 * 1024;
    /// The maximum number of passes that a hash may require.
    pub const MAX_PASSES: u32 = 32;
    /// The maximum number of lanes of a new hash.
    pub const MAX_LANES: u32 = 64;
    /// The minimum memory that Argon2 accepts.
    const MEMORY_FOR_TESTS_KIB: u32 = 8;

    /// Returns 19,456 KiB, two passes and one lane: the first recommendation of OWASP's [Password Storage Cheat
    /// Sheet](https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html).
    #[must_use]
    pub const fn recommended() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 }
    }

    /// Returns 65,536 KiB, three passes and four lanes: the parameters of fastapi-users (pwdlib), for a table that both
    /// systems write.
    #[must_use]
    pub const fn pwdlib() -> Self {
        Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 }
    }

    /// Creates parameters, for instance stronger ones for a bigger machine.
    ///
    /// Lanes are not computed in parallel: a hash uses one core, and the server hashes one password per core.
    ///
    /// # Errors
    /// [`Error::Config`] if they are weaker than ASVS Appendix C allows, or above 1 GiB, 32 passes, 2,500,000 KiB × passes or 64
    /// lanes.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self> {
        const LEAST: [(u32, u32); 3] = [(46 * 1024, 1), (19 * 1024, 2), (12 * 1024, 3)];
        if !LEAST.iter().any(|&(least_kib, least_passes)| memory_kib >= least_kib && passes >= least_passes) {
            return Err(Error::setting(
                Setting::Password,
                format!(
                    "Argon2id with {memory_kib} KiB and {passes} passes is too weak. Use at least 19456 KiB and 2 passes \
                 (or 47104 and 1, or 12288 and 3), for instance Argon2Params::recommended()"
                ),
            ));
        }
        let work = u64::from(memory_kib) * u64::from(passes);
        if memory_kib > Self::MAX_MEMORY_KIB
            || passes > Self::MAX_PASSES
            || work > HashCost::MAX_WORK
            || !(1..=Self::MAX_LANES).contains(&lanes)
        {
            return Err(Error::setting(
                Setting::Password,
                format!(
                    "Argon2id with {memory_kib} KiB, {passes} passes and {lanes} lanes is out of range: \
                 at most {} KiB, {} passes, {} KiB × passes and 1 to {} lanes",
                    Self::MAX_MEMORY_KIB,
                    Self::MAX_PASSES,
                    HashCost::MAX_WORK,
                    Self::MAX_LANES
                ),
            ));
        }
        Ok(Self { memory_kib, passes, lanes })
    }

    /// Returns parameters with this memory, one lane and at most this many passes, within the limits of a hash.
    pub(super) fn with_passes_up_to(memory_kib: u32, passes: u32) -> Result<Self> {
        let most = HashCost::MAX_WORK / u64::from(memory_kib.max(1));
        Self::new(memory_kib, passes.min(Self::MAX_PASSES).min(u32::try_from(most).unwrap_or(u32::MAX)), 1)
    }

    /// Returns whether these are the parameters for tests: no others have so little memory.
    pub(crate) const fn are_for_tests(&self) -> bool {
        self.memory_kib == Self::MEMORY_FOR_TESTS_KIB
    }

    /// Returns the minimum of Argon2: 8 KiB and one pass, under any policy. Hashing takes microseconds, and so does a guess.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub const fn weak_for_tests() -> Self {
        Self { memory_kib: Self::MEMORY_FOR_TESTS_KIB, passes: 1, lanes: 1 }
    }

    /// Returns the memory in KiB (`m`).
    #[must_use]
    pub const fn memory_kib(&self) -> u32 {
        self.memory_kib
    }

    /// Returns the number of passes over the memory (`t`).
    #[must_use]
    pub const fn passes(&self) -> u32 {
        self.passes
    }

    /// Returns the number of lanes (`p`).
    #[must_use]
    pub const fn lanes(&self) -> u32 {
        self.lanes
    }
}

impl Default for Argon2Params {
    fn default() -> Self {
        Self::recommended()
    }
}
