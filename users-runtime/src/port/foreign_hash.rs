//! Password hashes that another system stored.

use crate::domain::Password;

/// Recognizes the stored password hashes of one other system, so that its users can log in here. A hash is replaced by
/// one with the current settings at the user's first login. Register a verifier with
/// [`HashSettings::also_verify`](crate::adapter::password::HashSettings::also_verify).
///
/// A verifier sees every stored string except those of Argon2 (`$argon2…`), and sees it before the built-in bcrypt form
/// is tried. [`read`](Self::read) runs on an asynchronous worker: it must only parse the string. The returned
/// [`ForeignHash`] is verified on the hashing threads, within their limits of memory and concurrency.
///
/// See [the guide](https://github.com/axum-users/axum-users/blob/main/docs/guide/importing-hashes.md) for the systems
/// that are supported out of the box. The following example is far too weak for anything but a migration:
///
/// ```
/// use users_runtime::{Password, password::{ForeignHash, HashCost, HashSettings, HashVerifier, UnfitHash}};
///
/// /// `camelot$` and 64 hexadecimal digits: the SHA-256 hashes of an old system.
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
/// Anyone who can write to the user table can log in with any registered form, so every registered form widens the
/// attack surface. Register weak forms only until the migration is complete.
pub trait HashVerifier: Send + Sync + 'static {
    /// Returns the name of the system, for logs. It is not part of any stored string.
    fn name(&self) -> &'static str;

    /// Parses a stored string of at most 1,024 bytes. Returns `None` if the string is not a hash of this system.
    ///
    /// # Errors
    /// [`UnfitHash`] if the string is of this system but no password can be verified against it. The login then fails,
    /// after the time of an ordinary verification.
    fn read(&self, stored: &str) -> Option<Result<Box<dyn ForeignHash>, UnfitHash>>;
}

/// A parsed password hash of another system.
pub trait ForeignHash: Send + Sync {
    /// Returns the cost of one verification. A hash above [`HashCost::MAX_MEMORY_KIB`] or [`HashCost::MAX_WORK`] is
    /// never verified.
    fn cost(&self) -> HashCost;

    /// Returns `true` if the hash was made from `password`. Must compare in constant time and return `false` on any
    /// internal error.
    fn matches(&self, password: &Password) -> bool;

    /// Returns the method of the hash: its algorithm, and each parameter that the time is not proportional to, such as
    /// `scrypt 2^14 8 1`. Every failed login spends the largest [work](HashCost::work) of each method in use, so that its
    /// time reveals nothing about an account. Default: one method for all hashes of a system.
    fn method(&self) -> String {
        String::new()
    }

    /// Spends `work` units of [work](HashCost::work) of this [method](Self::method) on a password without comparing the
    /// result, using no more memory than a verification. `work` is that of the whole verification, or the difference to
    /// another hash of the same method.
    ///
    /// The default implementation either verifies the password once or does nothing, depending on which is closer to
    /// `work`. It is exact if all hashes of the method have the same work.
    fn spend(&self, password: &Password, work: u64) {
        if work >= self.cost().work.div_ceil(2) {
            std::hint::black_box(self.matches(password));
        }
    }
}

/// The cost of verifying a foreign hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    /// Memory that the verification allocates, in KiB. It counts against the memory budget for hashing.
    pub memory_kib: u32,
    /// Approximate time, in KiB that Argon2id fills in the same time (memory in KiB × passes). A hash with
    /// [`Argon2Params::recommended`](crate::adapter::password::Argon2Params::recommended) has 38,912 units and takes
    /// about 15 ms, so one second is about 2,500,000 units.
    pub work: u64,
}

impl HashCost {
    /// The maximum memory that a hash may require, in KiB: 1 GiB.
    pub const MAX_MEMORY_KIB: u32 = 1024 * 1024;
    /// The maximum work that a hash of any kind may require: about one second, as for bcrypt with 2^14 rounds, for 7,500,000
    /// iterations of PBKDF2 with SHA-256, or for 1 GiB and two passes of Argon2. A stored hash beyond it is never computed.
    pub const MAX_WORK: u64 = 2_500_000;
}

/// The reason why a stored string of a known system cannot be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnfitHash {
    /// The string does not have the form that the system writes. An ERROR event is emitted.
    #[error("malformed")]
    Malformed,
    /// The string requires a cost far above any sensible setting. An ERROR event is emitted.
    #[error("asks for an excessive cost")]
    AbsurdCost,
    /// The string is the system's marker of an account without a password. No event is emitted.
    #[error("marks an account without a password")]
    Unusable,
}
