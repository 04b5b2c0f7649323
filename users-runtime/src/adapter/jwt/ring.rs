//! Which keys count, and how they change while a service runs.

use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::Algorithm;

use super::{
    key::Key,
    keys::{HmacKey, SigningKeyPair, VerifyingKey},
};
use crate::domain::{Error, Relaxation, Result};

/// The keys of one kind of token: the first signs, all verify.
///
/// A token's `kid` only selects among these. A token with a `kid` is tried against the key of that name alone, a token
/// without one against the keys without a name alone. So a service that starts to name its keys keeps the old, unnamed
/// one in the ring until its last token has ended.
///
/// ```
/// # use users_runtime::{SecretKey, token::{HmacKey, KeyRing}};
/// # fn main() -> users_runtime::Result<()> {
/// # let new = SecretKey::new("0Zk7cV3yq9fPpX2sLr8wNd4tGh6bJm1u")?;
/// # let old = SecretKey::new("u1mJb6hGt4dNw8rLs2XpPf9qy3Vc7kZ0")?;
/// let ring = KeyRing::hmac(HmacKey::hs256(&new)?.kid("2026-11"))
///     .and_hmac(HmacKey::hs256(&old)?.kid("2026-05"))?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct KeyRing {
    keys: Vec<Key>,
}

impl KeyRing {
    /// A ring that signs with a secret.
    #[must_use]
    pub fn hmac(key: HmacKey) -> Self {
        Self { keys: vec![key.0] }
    }

    /// A ring that signs with a private key.
    #[must_use]
    pub fn key_pair(pair: SigningKeyPair) -> Self {
        Self { keys: vec![pair.0] }
    }

    /// The ring with a secret that only verifies, such as the one that signed until yesterday.
    ///
    /// # Errors
    /// [`Error::Config`] if a key of that name is in the ring.
    pub fn and_hmac(self, key: HmacKey) -> Result<Self> {
        self.and(key.0)
    }

    /// The ring with a public key.
    ///
    /// # Errors
    /// [`Error::Config`] if a key of that name is in the ring.
    pub fn and_public(self, key: VerifyingKey) -> Result<Self> {
        self.and(key.0)
    }

    fn and(mut self, key: Key) -> Result<Self> {
        if let Some(kid) = &key.kid
            && self.keys.iter().any(|known| known.kid.as_ref() == Some(kid))
        {
            return Err(Error::config(format!("two keys are named {kid:?}: a `kid` must select one")));
        }
        self.keys.push(key);
        Ok(self)
    }

    /// The key that signs.
    pub(super) fn signing(&self) -> Option<&Key> {
        self.keys.first()
    }

    pub(super) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Returns the rules that keys of this ring take away.
    pub(super) fn relaxations(&self) -> impl Iterator<Item = Relaxation> {
        let is_short = self.keys.iter().any(|key| key.is_short);
        let has_rs256 = self.keys.iter().any(|key| key.algorithm == Algorithm::RS256);
        [is_short.then_some(Relaxation::ShortSecret), has_rs256.then_some(Relaxation::LegacyRs256)]
            .into_iter()
            .flatten()
    }
}

/// A ring that can be swapped while a service runs; clones share it.
///
/// Rotate in three steps: add the new key behind the old one on every node, then put it first, then, when the last token
/// of the old key has ended, leave the old key out. No request sees half a ring.
#[derive(Debug, Clone)]
pub struct RotatingKeys(Arc<RwLock<Arc<KeyRing>>>);

impl RotatingKeys {
    /// Starts with `ring`.
    #[must_use]
    pub fn new(ring: KeyRing) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(ring))))
    }

    /// Swaps the whole ring. Requests under way finish with the ring they started with.
    pub fn replace(&self, ring: KeyRing) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }

    /// The ring as it now is.
    #[must_use]
    pub fn current(&self) -> Arc<KeyRing> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl From<KeyRing> for RotatingKeys {
    fn from(ring: KeyRing) -> Self {
        Self::new(ring)
    }
}
