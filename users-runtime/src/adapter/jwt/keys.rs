//! The keys that an application configures. Symmetric and asymmetric keys have different types.

use std::fmt;

use jsonwebtoken::Algorithm;

use super::{key::Key, pem};
use crate::domain::{Error, Result, SecretKey, Setting};

const PEM_MARKER: &[u8] = b"-----BEGIN ";

/// A secret that signs and verifies with HS256 (HMAC with SHA-256,
/// [RFC 7518](https://www.rfc-editor.org/rfc/rfc7518#section-3.2)).
///
/// A public key cannot be used as an HMAC secret by mistake: public keys have a different type, and text in PEM form is
/// refused. This prevents algorithm confusion ([RFC 8725](https://www.rfc-editor.org/rfc/rfc8725#section-2.1)).
///
/// ```compile_fail,E0308
/// use users_runtime::token::{HmacKey, VerifyingKey};
///
/// fn confuse(public: VerifyingKey) -> HmacKey {
///     HmacKey::hs256(&public).unwrap() // expected `&SecretKey`, found `&VerifyingKey`
/// }
/// ```
#[derive(Clone)]
pub struct HmacKey(pub(super) Key);

/// A private key with its public key: signs and verifies with ES256 or EdDSA, or with RS256 if requested explicitly.
#[derive(Clone)]
pub struct SigningKeyPair(pub(super) Key);

/// A public key: verifies ES256 or EdDSA, or RS256 if requested explicitly. It cannot sign.
#[derive(Clone)]
pub struct VerifyingKey(pub(super) Key);

impl HmacKey {
    /// Creates an HS256 key from the bytes of the secret.
    ///
    /// [`SecretKey::new`] refuses fewer than 32 bytes; [`SecretKey::allow_short_secret`] permits them explicitly.
    ///
    /// # Errors
    /// [`Error::Config`] if the secret is empty or is a PEM text: if it were a public key, anyone who knows it could
    /// sign tokens.
    pub fn hs256(secret: &SecretKey) -> Result<Self> {
        let bytes = secret.expose();
        if bytes.is_empty() {
            return Err(Error::setting(
                Setting::Key,
                "the HMAC secret is empty. Generate one: openssl rand -base64 48",
            ));
        }
        if bytes.windows(PEM_MARKER.len()).any(|window| window == PEM_MARKER) {
            return Err(Error::setting(
                Setting::Key,
                "the HMAC secret is a PEM key: use SigningKeyPair or VerifyingKey for it",
            ));
        }
        Ok(Self(Key::hmac(bytes, secret.is_short())))
    }

    /// Creates a key from derived bytes.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        Self(Key::hmac(bytes, false))
    }
}

impl SigningKeyPair {
    /// Reads a key pair for ES256 (ECDSA on P-256 with SHA-256) from a private key in PKCS#8 PEM (`BEGIN PRIVATE KEY`).
    ///
    /// # Errors
    /// [`Error::Config`] for anything else, RSA keys and other curves included.
    pub fn es256_pem(private_key: &str) -> Result<Self> {
        pem::private_key(Algorithm::ES256, private_key).map(Self)
    }

    /// Reads a key pair for EdDSA (Ed25519, [RFC 8037](https://www.rfc-editor.org/rfc/rfc8037)) from a private key in PKCS#8
    /// PEM (`BEGIN PRIVATE KEY`).
    ///
    /// # Errors
    /// [`Error::Config`] for anything else.
    pub fn eddsa_pem(private_key: &str) -> Result<Self> {
        pem::private_key(Algorithm::EdDSA, private_key).map(Self)
    }

    /// Reads a key pair for RS256 (RSASSA-PKCS1-v1_5 with SHA-256) from a private key in PEM, PKCS#8 or PKCS#1, of
    /// 3,072 to 4,096 bits. Use it only if consumers of the tokens support no other algorithm; prefer EdDSA or ES256.
    ///
    /// # Security
    /// OWASP ASVS 5.0 appendix C disallows PKCS#1 v1.5 signatures. Private-key operations of the `rsa` crate are not
    /// constant-time ([RUSTSEC-2023-0071](https://rustsec.org/advisories/RUSTSEC-2023-0071)): an attacker who can
    /// measure many logins precisely may learn the key. Signing is blinded, which makes that harder. A signature takes
    /// several milliseconds, on the worker thread that serves the login. The startup warning lists
    /// [`Relaxation::LegacyRs256`](crate::domain::Relaxation::LegacyRs256).
    ///
    /// # Errors
    /// [`Error::Config`] for a smaller or larger key, and for anything that is not an RSA private key.
    pub fn legacy_rs256_pem(private_key: &str) -> Result<Self> {
        pem::private_key(Algorithm::RS256, private_key).map(Self)
    }

    /// Returns the public key, for a service that only verifies, or to keep old tokens valid after a rotation.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.public_half())
    }
}

impl VerifyingKey {
    /// Reads a public key for ES256 from PEM (`BEGIN PUBLIC KEY`).
    ///
    /// # Errors
    /// [`Error::Config`] for anything else, RSA keys, other curves and certificates included.
    pub fn es256_pem(public_key: &str) -> Result<Self> {
        pem::public_key(Algorithm::ES256, public_key).map(Self)
    }

    /// Reads a public key for EdDSA (Ed25519) from PEM (`BEGIN PUBLIC KEY`).
    ///
    /// # Errors
    /// [`Error::Config`] for anything else, and for points of small order, for which signatures can be forged.
    pub fn eddsa_pem(public_key: &str) -> Result<Self> {
        pem::public_key(Algorithm::EdDSA, public_key).map(Self)
    }

    /// Reads a public key for RS256 (RSASSA-PKCS1-v1_5 with SHA-256) from PEM (`BEGIN PUBLIC KEY` or `BEGIN RSA PUBLIC
    /// KEY`), of 2,048 to 4,096 bits. For tokens of a fastapi-users service or an identity provider that signs with
    /// RS256.
    ///
    /// # Security
    /// OWASP ASVS 5.0 appendix C disallows PKCS#1 v1.5 signatures. Only the public key is used, so the timing weakness
    /// of the `rsa` crate ([RUSTSEC-2023-0071](https://rustsec.org/advisories/RUSTSEC-2023-0071)) does not apply. The
    /// startup warning lists [`Relaxation::LegacyRs256`](crate::domain::Relaxation::LegacyRs256).
    ///
    /// # Errors
    /// [`Error::Config`] for a smaller or larger key, and for anything that is not an RSA public key.
    pub fn legacy_rs256_pem(public_key: &str) -> Result<Self> {
        pem::public_key(Algorithm::RS256, public_key).map(Self)
    }
}

macro_rules! named_without_secrets {
    ($($key:ident),*) => {$(
        impl $key {
            /// Sets the key's name (`kid`). The name is written into the header of the tokens that the key signs, and
            /// the key verifies only tokens with this name.
            #[must_use]
            pub fn kid(self, kid: impl Into<String>) -> Self {
                Self(self.0.named(kid.into()))
            }
        }

        impl fmt::Debug for $key {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($key), "({:?})"), self.0)
            }
        }
    )*};
}

named_without_secrets!(HmacKey, SigningKeyPair, VerifyingKey);
