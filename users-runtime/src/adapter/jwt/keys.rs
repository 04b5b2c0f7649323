//! Keys: one algorithm each, symmetric and asymmetric ones of different types.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use p256::{
    ecdsa::signature::{Signer, Verifier},
    pkcs8::{DecodePrivateKey, DecodePublicKey},
};
use serde::Serialize;
use sha2::Sha256;

use crate::domain::{Error, Result, SecretKey};

/// A secret that signs and verifies with HS256 (HMAC with SHA-256, RFC 7518 section 3.2).
///
/// It cannot be made of a public key: those are a type of their own, and text in PEM form is refused, which closes the
/// classic confusion of algorithms (RFC 8725 section 2.1).
///
/// ```compile_fail,E0308
/// use users_runtime::adapter::jwt::{HmacKey, VerifyingKey};
///
/// fn confuse(public: VerifyingKey) -> HmacKey {
///     HmacKey::hs256(&public).unwrap() // expected `&SecretKey`, found `&VerifyingKey`
/// }
/// ```
#[derive(Clone)]
pub struct HmacKey(pub(super) Key);

/// A private key with its public half: signs and verifies with ES256 or EdDSA.
#[derive(Clone)]
pub struct SigningKeyPair(pub(super) Key);

/// A public key: verifies ES256 or EdDSA, signs nothing.
#[derive(Clone)]
pub struct VerifyingKey(pub(super) Key);

impl HmacKey {
    /// A key for HS256 of the secret's bytes as they are.
    ///
    /// [`SecretKey::new`] has refused fewer than 32 bytes; [`SecretKey::allow_short_secret`] lets them through by name.
    ///
    /// # Errors
    /// [`Error::Config`] if the secret is empty or a PEM text: whoever knows a public key could sign with it.
    pub fn hs256(secret: &SecretKey) -> Result<Self> {
        let bytes = secret.expose();
        if bytes.is_empty() {
            return Err(Error::config("the HMAC secret is empty. Make one: openssl rand -base64 48"));
        }
        if bytes.windows(PEM_MARK.len()).any(|window| window == PEM_MARK) {
            return Err(Error::config("the HMAC secret is a PEM key: use SigningKeyPair or VerifyingKey for it"));
        }
        let mut key = Self::from_bytes(bytes)?;
        key.0.is_short = secret.is_short();
        Ok(key)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mac = Hmac::new_from_slice(bytes).map_err(|_| Error::config("the HMAC secret cannot be used"))?;
        Ok(Self(Key::new(Algorithm::Hs256, Material::Hmac(mac))))
    }

    /// The same key under a name, which then stands in the header of its tokens.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        Self(self.0.named(kid.into()))
    }
}

impl SigningKeyPair {
    /// A pair for ES256 (ECDSA on P-256 with SHA-256) from a private key in PKCS#8 PEM (`BEGIN PRIVATE KEY`).
    ///
    /// # Errors
    /// [`Error::Config`] for anything else, RSA keys and other curves included.
    pub fn es256_pem(private_key: &str) -> Result<Self> {
        let signing = p256::ecdsa::SigningKey::from_pkcs8_pem(private_key).map_err(|_| refused("ES256", "private"))?;
        let verifying = Public::Es256(*signing.verifying_key());
        Ok(Self::of(Algorithm::Es256, Private::Es256(signing), verifying))
    }

    /// A pair for EdDSA (Ed25519, RFC 8037) from a private key in PKCS#8 PEM (`BEGIN PRIVATE KEY`).
    ///
    /// # Errors
    /// [`Error::Config`] for anything else.
    pub fn eddsa_pem(private_key: &str) -> Result<Self> {
        let signing =
            ed25519_dalek::SigningKey::from_pkcs8_pem(private_key).map_err(|_| refused("EdDSA", "private"))?;
        let verifying = Public::EdDsa(signing.verifying_key());
        Ok(Self::of(Algorithm::EdDsa, Private::EdDsa(signing), verifying))
    }

    /// The public half, for a service that only verifies, or for keeping old tokens good after a rotation.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.public_half())
    }

    /// The same pair under a name, which then stands in the header of its tokens.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        Self(self.0.named(kid.into()))
    }

    fn of(algorithm: Algorithm, signing: Private, verifying: Public) -> Self {
        let pair = Pair { signing: Some(signing), verifying };
        Self(Key::new(algorithm, Material::KeyPair(Arc::new(pair))))
    }
}

impl VerifyingKey {
    /// A public key for ES256 in PEM (`BEGIN PUBLIC KEY`).
    ///
    /// # Errors
    /// [`Error::Config`] for anything else, RSA keys and other curves included.
    pub fn es256_pem(public_key: &str) -> Result<Self> {
        let key = p256::ecdsa::VerifyingKey::from_public_key_pem(public_key).map_err(|_| refused("ES256", "public"))?;
        Ok(Self::of(Algorithm::Es256, Public::Es256(key)))
    }

    /// A public key for EdDSA (Ed25519) in PEM (`BEGIN PUBLIC KEY`).
    ///
    /// # Errors
    /// [`Error::Config`] for anything else.
    pub fn eddsa_pem(public_key: &str) -> Result<Self> {
        let key =
            ed25519_dalek::VerifyingKey::from_public_key_pem(public_key).map_err(|_| refused("EdDSA", "public"))?;
        Ok(Self::of(Algorithm::EdDsa, Public::EdDsa(key)))
    }

    /// The same key under a name: it then verifies the tokens that carry this name, and no others.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        Self(self.0.named(kid.into()))
    }

    fn of(algorithm: Algorithm, verifying: Public) -> Self {
        Self(Key::new(algorithm, Material::KeyPair(Arc::new(Pair { signing: None, verifying }))))
    }
}

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Hs256,
    Es256,
    EdDsa,
}

impl Algorithm {
    /// Its name in a header (RFC 7518 section 3.1, RFC 8037 section 3.1).
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// Any key, with its algorithm fixed and everything that can be prepared prepared.
#[derive(Clone)]
pub(super) struct Key {
    algorithm: Algorithm,
    kid: Option<String>,
    /// The first part of every token that this key signs.
    header: String,
    material: Material,
    is_short: bool,
}

#[derive(Clone)]
enum Material {
    /// Keyed already: each use clones the state and saves two blocks of hashing.
    Hmac(Hmac<Sha256>),
    KeyPair(Arc<Pair>),
}

struct Pair {
    signing: Option<Private>,
    verifying: Public,
}

/// Both types wipe themselves when dropped.
enum Private {
    Es256(p256::ecdsa::SigningKey),
    EdDsa(ed25519_dalek::SigningKey),
}

#[derive(Clone)]
enum Public {
    Es256(p256::ecdsa::VerifyingKey),
    EdDsa(ed25519_dalek::VerifyingKey),
}

impl Private {
    /// In the form of RFC 7518 section 3.4 (`R` and `S`, 32 bytes each) and RFC 8037.
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.try_sign(message).ok()?;
                Some(signature.to_bytes().to_vec())
            }
            Self::EdDsa(key) => Some(key.try_sign(message).ok()?.to_bytes().to_vec()),
        }
    }
}

impl Public {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Es256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            // The strict form refuses keys and points of small order, which the RFC leaves open.
            Self::EdDsa(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
        }
    }
}

/// The header in the order of the wire (contract.md section 10); PyJWT sorts the keys, so `kid` stands in the middle.
#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    typ: &'static str,
}

impl Key {
    fn new(algorithm: Algorithm, material: Material) -> Self {
        Self { algorithm, kid: None, header: encode_header(algorithm, None), material, is_short: false }
    }

    fn named(self, kid: String) -> Self {
        Self { header: encode_header(self.algorithm, Some(&kid)), kid: Some(kid), ..self }
    }

    fn public_half(&self) -> Self {
        let material = match &self.material {
            Material::KeyPair(pair) => {
                Material::KeyPair(Arc::new(Pair { signing: None, verifying: pair.verifying.clone() }))
            }
            Material::Hmac(mac) => Material::Hmac(mac.clone()),
        };
        Self { material, ..self.clone() }
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub(super) fn header(&self) -> &str {
        &self.header
    }

    pub(super) const fn is_short(&self) -> bool {
        self.is_short
    }

    /// Signs, or `None` if this is a public key or the signer fails.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.material {
            Material::Hmac(mac) => Some(mac.clone().chain_update(message).finalize().into_bytes().to_vec()),
            Material::KeyPair(pair) => pair.signing.as_ref()?.sign(message),
        }
    }

    /// Whether `signature` is this key's of `message`. An HMAC is compared in constant time (`subtle`, inside `hmac`).
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Hmac(mac) => mac.clone().chain_update(message).verify_slice(signature).is_ok(),
            Material::KeyPair(pair) => pair.verifying.verify(message, signature),
        }
    }
}

const PEM_MARK: &[u8] = b"-----BEGIN ";
fn encode_header(algorithm: Algorithm, kid: Option<&str>) -> String {
    let header = Header { alg: algorithm.name(), kid, typ: "JWT" };
    // Three strings always serialize.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).unwrap_or_default())
}

/// Says what is expected, and nothing of what was given: it may be a private key.
fn refused(algorithm: &str, half: &str) -> Error {
    let (curve, mark) = match algorithm {
        "ES256" => ("P-256", "EC"),
        _ => ("Ed25519", "OpenSSH"),
    };
    Error::config(format!(
        "this is not a {half} key for {algorithm}: a PEM text `BEGIN {} KEY` with a key on {curve} is expected. RSA keys \
         are not supported (RS256 is not offered); convert a `BEGIN {mark}` private key with: openssl pkcs8 -topk8 -nocrypt",
        half.to_uppercase()
    ))
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.algorithm.name())?;
        match &self.kid {
            Some(kid) => write!(f, " {kid:?}"),
            None => Ok(()),
        }
    }
}

macro_rules! debug_without_secrets {
    ($($key:ident),*) => {$(
        impl fmt::Debug for $key {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($key), "({:?})"), self.0)
            }
        }
    )*};
}

debug_without_secrets!(HmacKey, SigningKeyPair, VerifyingKey);
