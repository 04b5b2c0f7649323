//! The keys of one purpose: they sign its tokens and make its digests.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;

use super::{claims::Claims, jws, keys::HmacKey, purpose::Purpose, ring::KeyRing};
use crate::domain::{Error, Result, SecretKey, Setting, Timestamp, TokenId};

/// The keys of one purpose that fastapi-users does not have. They are derived from the secret under every policy.
pub(super) struct PurposeKeys {
    purpose: Purpose,
    ring: KeyRing,
    digests: Hmac<Sha256>,
}

impl PurposeKeys {
    pub(super) fn derived(purpose: Purpose, secret: &SecretKey) -> Result<Self> {
        let digests = Hmac::new_from_slice(purpose.binding_key(secret)?.as_slice())
            .map_err(|_| Error::setting(Setting::Token, "no key can be derived from the secret"))?;
        let key = HmacKey::from_bytes(purpose.signing_key(secret)?.as_slice());
        Ok(Self { purpose, ring: KeyRing::hmac(key), digests })
    }

    /// Returns the audience of every token of the purpose.
    pub(super) const fn audience(&self) -> &'static str {
        self.purpose.default_audience()
    }

    pub(super) fn sign(&self, claims: &impl Serialize) -> Option<String> {
        jws::sign(&self.ring, claims)
    }

    /// Verifies the signature, then checks the audience and the times, and reads the token.
    pub(super) fn read<T>(&self, token: &str, now: Timestamp, read: impl FnOnce(Claims<'_>) -> Option<T>) -> Option<T> {
        let payload = jws::verify(&self.ring, token)?;
        let claims = Claims::read(&payload)?;
        let is_ours =
            claims.is_for(&[self.audience()]) && claims.expires_at().is_some() && claims.is_live(now, Duration::ZERO);
        if is_ours { read(claims) } else { None }
    }

    /// Returns the HMAC-SHA-256 of these texts. Each is preceded by its length, so that different lists never have the same
    /// input.
    pub(super) fn mac(&self, parts: &[&str]) -> [u8; 32] {
        let mut mac = self.digests.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }

    /// Returns a name for the record of these texts in the store: half of their HMAC.
    pub(super) fn name(&self, parts: &[&str]) -> TokenId {
        let mut half = [0; 16];
        half.copy_from_slice(&self.mac(parts)[..16]);
        TokenId::from_random(half)
    }
}
