//! Second factors as they are stored: the seed of an authenticator app, recovery codes, and remembered devices.

use std::fmt;

use super::{Device, Epoch, Timestamp, TokenId};

/// The second factor of a user as stored.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredFactor {
    /// The encrypted seed.
    pub seed: String,
    /// When it was confirmed; since then logins need it. `None` if it is pending.
    pub in_force_since: Option<Timestamp>,
    /// The time step of the last code that was used.
    pub last_step: i64,
    /// The time at which it expires unless it is confirmed.
    pub expires_at: Timestamp,
}

impl StoredFactor {
    /// Describes a second factor that is not in force.
    #[must_use]
    pub fn pending(seed: impl Into<String>, expires_at: Timestamp) -> Self {
        Self { seed: seed.into(), in_force_since: None, last_step: 0, expires_at }
    }

    /// Returns whether it was confirmed, so that logins need it.
    #[must_use]
    pub const fn is_in_force(&self) -> bool {
        self.in_force_since.is_some()
    }
}

/// The seed is encrypted, but still must not be logged.
impl fmt::Debug for StoredFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredFactor")
            .field("in_force_since", &self.in_force_since)
            .field("last_step", &self.last_step)
            .finish_non_exhaustive()
    }
}

/// The stored digest of a secret with at least 128 random bits, such as a recovery code: its SHA-256 in 43 characters
/// of base64url.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SecretDigest(String);

impl SecretDigest {
    /// The length in characters.
    pub const CHARS: usize = 43;

    /// Wraps a stored digest.
    #[must_use]
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest(***)")
    }
}

/// A change of the second factor of a user, in the transaction of a [`Change`](crate::store::Change).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FactorChange {
    /// Activates a pending second factor, if it is stored with exactly this seed and has not expired at `at`. Replaces
    /// all recovery codes.
    Confirm {
        /// The encrypted seed.
        seed: String,
        /// The time step of the confirming code, which is thereby used up.
        step: i64,
        /// The current time.
        at: Timestamp,
        /// The recovery codes.
        codes: Vec<SecretDigest>,
    },
    /// Removes the second factor, pending or in force, with recovery codes and remembered devices. The condition fails
    /// if there is none.
    Remove,
    /// Replaces the recovery codes. The condition fails if no second factor is in force.
    ReplaceCodes(Vec<SecretDigest>),
    /// Does the same as [`Remove`](Self::Remove) if the second factor is pending or was put into force at this time or later. Leaves an
    /// older one as it is. Has no condition.
    RemoveSince(Timestamp),
}

/// A device on which a user need not enter a second factor for some time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RememberedDevice {
    /// The public id.
    pub id: TokenId,
    /// The digest of the token that the device holds.
    pub token: SecretDigest,
    /// The user's id in text form.
    pub subject: String,
    /// The user's epoch when the device was remembered. It is forgotten when all sessions end.
    pub epoch: Epoch,
    /// The time at which it was remembered.
    pub remembered_at: Timestamp,
    /// The time of its last login.
    pub last_used_at: Timestamp,
    /// The time until which it is remembered.
    pub expires_at: Timestamp,
    /// The client.
    pub device: Device,
}

impl RememberedDevice {
    /// Describes a device that is remembered from `at`.
    #[must_use]
    pub fn new(
        (id, token): (TokenId, SecretDigest),
        (subject, epoch): (String, Epoch),
        (at, expires_at): (Timestamp, Timestamp),
        device: Device,
    ) -> Self {
        Self { id, token, subject, epoch, remembered_at: at, last_used_at: at, expires_at, device }
    }
}
