//! A signing or verification key with its algorithm.

use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto::rust_crypto::DEFAULT_PROVIDER};

use super::header;

/// A key that is used with exactly one algorithm.
///
/// Signers and verifiers come from the factories of jsonwebtoken's RustCrypto provider, which are called directly. The
/// process-wide provider is neither read nor set.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    /// The encoded header of every token that this key signs.
    pub(super) header: String,
    /// `None` for a key that only verifies.
    signing: Option<EncodingKey>,
    verifying: DecodingKey,
    pub(super) is_short: bool,
}

impl Key {
    pub(super) fn new(algorithm: Algorithm, signing: Option<EncodingKey>, verifying: DecodingKey) -> Self {
        Self { algorithm, kid: None, header: header::encode(algorithm, None), signing, verifying, is_short: false }
    }

    pub(super) fn hmac(secret: &[u8], is_short: bool) -> Self {
        let (signing, verifying) = (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret));
        Self { is_short, ..Self::new(Algorithm::HS256, Some(signing), verifying) }
    }

    pub(super) fn named(self, kid: String) -> Self {
        Self { header: header::encode(self.algorithm, Some(&kid)), kid: Some(kid), ..self }
    }

    pub(super) fn public_half(&self) -> Self {
        Self { signing: None, ..self.clone() }
    }

    /// Signs, or returns `None` for a public key and when the signer fails.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let signer = (DEFAULT_PROVIDER.signer_factory)(&self.algorithm, self.signing.as_ref()?).ok()?;
        signer.try_sign(message).ok()
    }

    /// Returns `true` if this key made `signature` over `message`. HS256 is compared in constant time.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        (DEFAULT_PROVIDER.verifier_factory)(&self.algorithm, &self.verifying)
            .is_ok_and(|verifier| verifier.verify(message, &signature.to_vec()).is_ok())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.algorithm)?;
        match &self.kid {
            Some(kid) => write!(f, " {kid:?}"),
            None => Ok(()),
        }
    }
}
