//! Key rings and key rotation.

use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::Algorithm;

use super::{
    key::Key,
    keys::{HmacKey, SigningKeyPair, VerifyingKey},
};
use crate::domain::{Error, Relaxation, Result, Setting};

/// The keys of one kind of token: the first one signs, all verify.
///
/// A token with a `kid` is verified only with the key of that name, a token without a `kid` only with unnamed keys. A
/// service that starts to name its keys must therefore keep the old, unnamed key in the ring until its last token has
/// expired.
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
    /// Creates a ring that signs with a secret.
    #[must_use]
    pub fn hmac(key: HmacKey) -> Self {
        Self { keys: vec![key.0] }
    }

    /// Creates a ring that signs with a private key.
    #[must_use]
    pub fn key_pair(pair: SigningKeyPair) -> Self {
        Self { keys: vec![pair.0] }
    }

    /// Adds a secret that only verifies, for instance the previous one after a rotation.
    ///
    /// # Errors
    /// [`Error::Config`] if the ring has a key of that name.
    pub fn and_hmac(self, key: HmacKey) -> Result<Self> {
        self.and(key.0)
    }

    /// Adds a public key that only verifies.
    ///
    /// # Errors
    /// [`Error::Config`] if the ring has a key of that name.
    pub fn and_public(self, key: VerifyingKey) -> Result<Self> {
        self.and(key.0)
    }

    fn and(mut self, key: Key) -> Result<Self> {
        if let Some(kid) = &key.kid
            && self.keys.iter().any(|known| known.kid.as_ref() == Some(kid))
        {
            return Err(Error::setting(Setting::Key, format!("two keys are named {kid:?}: a `kid` must select one")));
        }
        self.keys.push(key);
        Ok(self)
    }

    /// Returns the key that signs.
    pub(super) fn signing(&self) -> Option<&Key> {
        self.keys.first()
    }

    pub(super) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Returns the security rules that keys of this ring relax.
    pub(super) fn relaxations(&self) -> impl Iterator<Item = Relaxation> {
        let is_short = self.keys.iter().any(|key| key.is_short);
        let has_rs256 = self.keys.iter().any(|key| key.algorithm == Algorithm::RS256);
        [is_short.then_some(Relaxation::ShortSecret), has_rs256.then_some(Relaxation::LegacyRs256)]
            .into_iter()
            .flatten()
    }
}

/// A key ring that can be replaced while a service runs; clones share it.
///
/// Rotate keys in three steps: add the new key after the old one on every node; then move it to the front; then, when
/// the last token of the old key has expired, remove the old key. A replacement is atomic.
#[derive(Debug, Clone)]
pub struct RotatingKeys(Arc<RwLock<Arc<KeyRing>>>);

impl RotatingKeys {
    /// Creates a value with the initial `ring`.
    #[must_use]
    pub fn new(ring: KeyRing) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(ring))))
    }

    /// Replaces the whole ring. Requests in progress finish with the ring they started with.
    pub fn replace(&self, ring: KeyRing) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }

    /// Returns the current ring.
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
