//! Password hashes that another system stored.

use crate::domain::Password;

/// Knows the strings in which one other system stores password hashes, so that its users can log in here. They are
/// hashed anew at their first login. Registered by
/// [`HashSettings::also_verify`](crate::adapter::password::HashSettings::also_verify).
///
/// It is asked for each stored string but those of Argon2 (`$argon2…`), before bcrypt's own form, on an asynchronous
/// worker: [`read`](Self::read) looks at the string and computes nothing. What it returns is verified on the threads for
/// hashing, within their bounds.
///
/// An application writes its own like this. The hash of this example is far too weak for anything else:
///
/// ```
/// use users_runtime::{///, /// Password, password::{ForeignHash, HashCost, HashSettings, HashVerifier, UnfitHash}};
///
/// /// `camelot$` and 64 hexadecimal digits: an old system's SHA-256.
/// struct Camelot;
///
/// struct CamelotHash(String);
///
/// impl HashVerifier for Camelot {
///     fn name(&self) -> &'static str {
///         "camelot"
///     }
///
///     fn read(&self, stored: &str) -> Option<Result<Box<dyn ForeignHash>, UnfitHash>> {
///         let digest = stored.strip_prefix("camelot$")?;
///         let is_hex = digest.len() == 64 && digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
///         Some(if is_hex { Ok(Box::new(CamelotHash(digest.to_owned()))) } else { Err(UnfitHash::Malformed) })
///     }
/// }
///
/// impl ForeignHash for CamelotHash {
///     fn cost(&self) -> HashCost {
///         HashCost { memory_kib: 0, work: 1 }
///     }
///
///     fn matches(&self, password: &Password) -> bool {
///         use sha2::Digest as _;
///         use subtle::ConstantTimeEq as _;
///         let made: String =
///             sha2::Sha256::digest(password.secret().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
///         made.as_bytes().ct_eq(self.0.as_bytes()).into()
///     }
/// }
///
/// let settings = HashSettings::default().also_verify(Camelot);
/// assert_eq!(format!("{:?}", settings.foreign), r#"ForeignHashes(["camelot"])"#);
/// # let stored = "camelot$89f102ceb4a9d9dba650c64bb4d1e585d5f01f84d94a005c6cfa3991157a9f2e";
/// # let hash = Camelot.read(stored).unwrap().unwrap();
/// # assert!(hash.matches(&"guinevere".into()) && !hash.matches(&"lancelot".into()));
/// # assert!(Camelot.read("camelot$89f1").unwrap().is_err() && Camelot.read("avalon$").is_none());
/// ```
///
/// # Security
/// Whoever can write to the table can log in with any form that is known, so each one registered counts. Weak forms
/// are for the time of a move.
pub trait HashVerifier: Send + Sync + 'static {
    /// What logs call it. Not part of any stored string.
    fn name(&self) -> &'static str;

    /// Reads a stored string of at most 1,024 bytes. Nothing, if it is of another system.
    ///
    /// # Errors
    /// [`UnfitHash`], if it is of this system, but no password can be verified against it: the login fails, and takes as
    /// long as any.
    fn read(&self, stored: &str) -> Option<Result<Box<dyn ForeignHash>, UnfitHash>>;
}

/// A stored hash that was understood.
pub trait ForeignHash: Send + Sync {
    /// What verifying it takes. One above [`HashCost::MAX_MEMORY_KIB`] or [`HashCost::MAX_WORK`] is never verified.
    fn cost(&self) -> HashCost;

    /// Whether it was made from this password: compares in constant time, and is false for whatever goes wrong.
    fn matches(&self, password: &Password) -> bool;

    /// Spends about this much of its [work](HashCost::work) on a password, with nothing to compare the result to, and in no
    /// more memory. It makes a wrong password for another hash, or for nobody, take as long.
    ///
    /// By default it verifies the password or does nothing, whatever is nearer.
    fn spend(&self, password: &Password, work: u64) {
        if work >= self.cost().work.div_ceil(2) {
            std::hint::black_box(self.matches(password));
        }
    }
}

/// What verifying a foreign hash takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    /// Memory that it allocates while it runs, in KiB. Counts against the budget for hashing.
    pub memory_kib: u32,
    /// Its time, in KiB that Argon2id fills in as much: memory in KiB times passes. A hash of
    /// [`Argon2Params::recommended`](crate::adapter::password::Argon2Params::recommended) is 38,912 and takes about
    /// 15 ms, so a second is about 2,500,000.
    pub work: u64,
}

impl HashCost {
    /// The most memory that any hash may ask for, in KiB: 1 GiB.
    pub const MAX_MEMORY_KIB: u32 = 1024 * 1024;
    /// The most work that a foreign hash may ask for: that of 2^16 rounds of bcrypt, some 3.6 seconds.
    pub const MAX_WORK: u64 = 140 << 16;
}

/// Why a stored string of a known system cannot be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnfitHash {
    /// It is not what that system writes. An ERROR event tells.
    #[error("malformed")]
    Malformed,
    /// It asks for a cost that nobody sets. An ERROR event tells.
    #[error("asks for an absurd cost")]
    AbsurdCost,
    /// That system's mark of an account without a password. No event.
    #[error("marks an account without a password")]
    Unusable,
}
