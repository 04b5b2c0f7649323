//! What new hashes cost.

use crate::domain::{Error, Result};

/// Parameters of Argon2id for new hashes: memory in KiB, passes, lanes. The salt has 16 bytes and the tag 32.
///
/// A value of this type meets Appendix C of OWASP ASVS 5.0: one pass over at least 46 MiB, two over 19 MiB, or three over 12 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Params {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Argon2Params {
    /// Bytes of a new salt (ASVS 11.4.2 by the password storage cheat sheet; RFC 9106 section 4 recommends 128 bits).
    pub const SALT_BYTES: usize = 16;
    /// Bytes of a new tag (RFC 9106 section 4 recommends 256 bits).
    pub const TAG_BYTES: usize = 32;
    /// The most memory a hash may ask for, in KiB: 1 GiB.
    pub const MAX_MEMORY_KIB: u32 = 1024 * 1024;
    /// The most passes a hash may ask for.
    pub const MAX_PASSES: u32 = 32;
    /// The most lanes a new hash may have.
    pub const MAX_LANES: u32 = 64;

    /// 19,456 KiB, two passes, one lane: the first choice of OWASP's password storage cheat sheet.
    #[must_use]
    pub const fn recommended() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 }
    }

    /// 65,536 KiB, three passes, four lanes: what fastapi-users (pwdlib) makes, for a table that both stacks write.
    #[must_use]
    pub const fn pwdlib() -> Self {
        Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 }
    }

    /// Any parameters, such as stronger ones for a bigger machine.
    ///
    /// Lanes do not run in parallel here: a hash keeps one core busy, and the server hashes one password per core.
    ///
    /// # Errors
    /// [`Error::Config`] if they are weaker than ASVS Appendix C allows, or above 1 GiB, 32 passes or 64 lanes.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self> {
        const LEAST: [(u32, u32); 3] = [(46 * 1024, 1), (19 * 1024, 2), (12 * 1024, 3)];
        if !LEAST.iter().any(|&(least_kib, least_passes)| memory_kib >= least_kib && passes >= least_passes) {
            return Err(Error::config(format!(
                "Argon2id with {memory_kib} KiB and {passes} passes is too weak. At least 19456 KiB and 2 passes \
                 (or 47104 and 1, or 12288 and 3) are needed: Argon2Params::recommended()"
            )));
        }
        if memory_kib > Self::MAX_MEMORY_KIB || passes > Self::MAX_PASSES || !(1..=Self::MAX_LANES).contains(&lanes) {
            return Err(Error::config(format!(
                "Argon2id with {memory_kib} KiB, {passes} passes and {lanes} lanes is out of bounds: \
                 at most {} KiB, {} passes and 1 to {} lanes",
                Self::MAX_MEMORY_KIB,
                Self::MAX_PASSES,
                Self::MAX_LANES
            )));
        }
        Ok(Self { memory_kib, passes, lanes })
    }

    /// The least that Argon2 can do: 8 KiB, one pass. Hashing takes microseconds, and so does guessing.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub const fn weak_for_tests() -> Self {
        Self { memory_kib: 8, passes: 1, lanes: 1 }
    }

    /// Memory in KiB (`m`).
    #[must_use]
    pub const fn memory_kib(&self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory (`t`).
    #[must_use]
    pub const fn passes(&self) -> u32 {
        self.passes
    }

    /// Lanes (`p`).
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
