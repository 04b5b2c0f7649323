//! Passkeys as they are stored: a public key of an authenticator, by which its owner logs in (WebAuthn).

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
#[cfg(feature = "passkeys")]
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

#[cfg(feature = "passkeys")]
use super::{Error, Result, SecretKey, Setting};
use super::{Timestamp, TokenId, oauth::PlaceholderPassword};

/// The name of a passkey in routes and in the database: the SHA-256 of its credential id, in base64url without padding. Credential
/// ids have up to 1,023 bytes, which is more than an index can hold on every database.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PasskeyId(String);

impl PasskeyId {
    /// The characters of a name.
    pub const CHARS: usize = 43;

    /// Returns the name of the passkey with this credential id.
    #[must_use]
    pub fn of(credential_id: &[u8]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(credential_id)))
    }

    /// Reads a name that a client sent. Returns `None` for a text that is the name of no passkey.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (text.len() == Self::CHARS && text.bytes().all(known)).then(|| Self(text.to_owned()))
    }

    /// Wraps a name that a store kept.
    #[must_use]
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PasskeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The user handle that authenticators store, 16 bytes. It reveals nothing about the user: it is derived from the id
/// with a key of the service, or random for an account that does not exist yet (WebAuthn section 14.6.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UserHandle([u8; 16]);

impl UserHandle {
    /// The characters of the text form.
    pub const CHARS: usize = 22;

    /// Wraps the bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn bytes(self) -> [u8; 16] {
        self.0
    }

    /// Reads the text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self(URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?))
    }
}

/// The text form: base64url without padding.
impl fmt::Display for UserHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for UserHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserHandle({self})")
    }
}

/// Makes the handles of users.
#[cfg(feature = "passkeys")]
pub(crate) struct UserHandles(Hmac<Sha256>);

#[cfg(feature = "passkeys")]
impl UserHandles {
    /// Derives the key. `service` differs for user types that share a secret.
    pub(crate) fn new(secret: &SecretKey, service: &str) -> Result<Self> {
        let mac = Hmac::<Sha256>::new_from_slice(&*secret.derive(b"axum-users/v1/passkey-user-handle")?);
        let mut mac = mac.map_err(|_| Error::setting(Setting::Secret, "no key can be derived from the secret"))?;
        mac.update(&(service.len() as u64).to_be_bytes());
        mac.update(service.as_bytes());
        Ok(Self(mac))
    }

    /// Returns the handle of the user with this id: half of the HMAC-SHA-256.
    pub(crate) fn of(&self, subject: &str) -> UserHandle {
        let mut mac = self.0.clone();
        mac.update(subject.as_bytes());
        let (mut half, digest) = ([0; 16], mac.finalize().into_bytes());
        half.copy_from_slice(&digest[..16]);
        UserHandle(half)
    }
}

/// A passkey of a user.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Passkey<Id> {
    /// The name in routes.
    pub id: PasskeyId,
    /// The user.
    pub user_id: Id,
    /// The name of the user that the authenticator keeps.
    pub user_handle: UserHandle,
    /// What the owner calls it.
    pub name: String,
    /// The public key and other data needed to verify its signatures, in a form that only its verifier reads.
    pub credential: String,
    /// The number of signatures that the authenticator last reported; always 0 for one that does not count.
    pub sign_count: u32,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

impl<Id> Passkey<Id> {
    /// Describes a stored passkey of a user.
    #[must_use]
    pub fn stored(user_id: Id, passkey: NewPasskey, last_used_at: Option<Timestamp>) -> Self {
        let NewPasskey { id, user_handle, name, credential, sign_count, created_at, placeholder: _ } = passkey;
        Self { id, user_id, user_handle, name, credential, sign_count, created_at, last_used_at }
    }

    /// Returns the same for another type of ids.
    pub(crate) fn with_user<I>(self, typed: impl FnOnce(Id) -> Option<I>) -> Option<Passkey<I>> {
        let Self { id, user_id, user_handle, name, credential, sign_count, created_at, last_used_at } = self;
        Some(Passkey {
            user_id: typed(user_id)?,
            id,
            user_handle,
            name,
            credential,
            sign_count,
            created_at,
            last_used_at,
        })
    }
}

/// Without the key, which is of no use in a log.
impl<Id: fmt::Debug> fmt::Debug for Passkey<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passkey").field("id", &self.id).field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// A passkey to store. The user is named by the operation that stores it.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPasskey {
    /// The name in routes.
    pub id: PasskeyId,
    /// The name of the user that the authenticator keeps.
    pub user_handle: UserHandle,
    /// What the owner calls it.
    pub name: String,
    /// The public key, in the form of its verifier.
    pub credential: String,
    /// The number of signatures that the authenticator reported.
    pub sign_count: u32,
    /// The current time, in whole milliseconds.
    pub created_at: Timestamp,
    /// The placeholder that stands for a password, if the user gets one together with this passkey.
    pub placeholder: Option<PlaceholderPassword>,
}

impl NewPasskey {
    /// The maximum number of characters of a name.
    pub const MAX_NAME: usize = 64;
    /// The maximum number of bytes of the stored credential: the largest credential id and the largest key, in JSON.
    pub const MAX_CREDENTIAL: usize = 4096;
}

/// Without the key, as [`Passkey`].
impl fmt::Debug for NewPasskey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPasskey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The use of a passkey whose signature was verified.
#[derive(Clone, PartialEq, Eq)]
pub struct PasskeyUse {
    /// The passkey.
    pub id: PasskeyId,
    /// The number of signatures that was stored when the signature was verified.
    pub sign_count_before: u32,
    /// The number of signatures that the authenticator reports.
    pub sign_count: u32,
    /// What is stored from now on.
    pub credential: String,
    /// The current time, in whole milliseconds.
    pub at: Timestamp,
}

/// Without the key, as [`Passkey`].
impl fmt::Debug for PasskeyUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasskeyUse").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A single-use id, and until when the store must remember that it was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The id.
    pub id: TokenId,
    /// Until when the id could be presented again.
    pub until: Timestamp,
}

/// The result of adding a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum PasskeyAdded {
    /// It is stored.
    Added,
    /// The ceremony was used before.
    Replayed,
    /// This user or another one has this passkey already.
    Taken,
    /// The user has the maximum number of passkeys.
    TooMany,
    /// The user does not exist, or has another epoch: the session has ended.
    Ended,
}

/// The result of the use of a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum PasskeyUsed {
    /// It is recorded.
    Used,
    /// The ceremony was used before.
    Replayed,
    /// The passkey was removed, or another signature was counted since it was read.
    Changed,
}

/// The result of removing a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum PasskeyRemoved {
    /// It is removed.
    Removed,
    /// The user has no such passkey.
    NotFound,
    /// It is the last login method, and was kept.
    LastWayIn,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_passkey_has_one_form_and_the_same_length_for_every_credential() {
        for credential in [&[][..], &[1], &[7; 1023]] {
            let id = PasskeyId::of(credential);
            assert_eq!(id.as_str().len(), PasskeyId::CHARS);
            assert_eq!(PasskeyId::parse(id.as_str()), Some(id));
        }
        assert_ne!(PasskeyId::of(&[1]), PasskeyId::of(&[2]));
        for other in ["", "x", &"/".repeat(43), &"a".repeat(44)] {
            assert_eq!(PasskeyId::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_handle_is_read_as_it_was_written() {
        let handle = UserHandle::new([9; 16]);
        assert_eq!(handle.to_string().len(), UserHandle::CHARS);
        assert_eq!(UserHandle::parse(&handle.to_string()), Some(handle));
        for other in ["", "AAAA", "!", &"A".repeat(43)] {
            assert_eq!(UserHandle::parse(other), None, "{other}");
        }
    }
}
