//! The keys that an application configures: symmetric and asymmetric ones are different types.

use std::fmt;

use jsonwebtoken::Algorithm;

use super::{key::Key, pem};
use crate::domain::{Error, Result, SecretKey};

const PEM_MARK: &[u8] = b"-----BEGIN ";

/// A secret that signs and verifies with HS256 (HMAC with SHA-256,
/// [RFC 7518](https://www.rfc-editor.org/rfc/rfc7518#section-3.2)).
///
/// A public key cannot be used as an HMAC secret by mistake: public keys are another type, and text in PEM form is refused.
/// This closes the classic algorithm confusion ([RFC 8725](https://www.rfc-editor.org/rfc/rfc8725#section-2.1)).
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

/// A private key with its public half: signs and verifies with ES256 or EdDSA, or with RS256 if asked for by name.
#[derive(Clone)]
pub struct SigningKeyPair(pub(super) Key);

/// A public key: verifies ES256 or EdDSA, or RS256 if asked for by name, and signs nothing.
#[derive(Clone)]
pub struct VerifyingKey(pub(super) Key);

impl HmacKey {
    /// Makes an HS256 key of the secret's bytes as they are.
    ///
    /// [`SecretKey::new`] has refused fewer than 32 bytes; [`SecretKey::allow_short_secret`] lets them through by name.
    ///
    /// # Errors
    /// [`Error::Config`] if the secret is empty or a PEM text: everyone who knows a public key could sign with it.
    pub fn hs256(secret: &SecretKey) -> Result<Self> {
        let bytes = secret.expose();
        if bytes.is_empty() {
            return Err(Error::config("the HMAC secret is empty. Make one: openssl rand -base64 48"));
        }
        if bytes.windows(PEM_MARK.len()).any(|window| window == PEM_MARK) {
            return Err(Error::config("the HMAC secret is a PEM key: use SigningKeyPair or VerifyingKey for it"));
        }
        Ok(Self(Key::hmac(bytes, secret.is_short())))
    }

    /// Makes a key of bytes that were derived from a secret.
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

    /// Reads a key pair for RS256 (RSASSA-PKCS1-v1_5 with SHA-256) from a private key in PEM, PKCS#8 or PKCS#1, of 3,072 to
    /// 4,096 bits. For readers of these tokens that know no other algorithm; choose EdDSA or ES256 wherever you can.
    ///
    /// # Security
    /// OWASP ASVS 5.0 appendix C disallows PKCS#1 v1.5 signatures. Private-key operations of the `rsa` crate are not
    /// constant-time ([RUSTSEC-2023-0071](https://rustsec.org/advisories/RUSTSEC-2023-0071)): an attacker who can measure many
    /// logins precisely may learn the key. Signing is blinded, which makes that harder. A signature takes several
    /// milliseconds, on the worker thread that serves the login.
    /// [`Relaxation::LegacyRs256`](crate::domain::Relaxation::LegacyRs256) is listed at start.
    ///
    /// # Errors
    /// [`Error::Config`] for a smaller or larger key, and for anything that is not an RSA private key.
    pub fn legacy_rs256_pem(private_key: &str) -> Result<Self> {
        pem::private_key(Algorithm::RS256, private_key).map(Self)
    }

    /// Returns the public half, for a service that only verifies, or to keep old tokens valid after a rotation.
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

    /// Reads a public key for RS256 (RSASSA-PKCS1-v1_5 with SHA-256) from PEM (`BEGIN PUBLIC KEY` or `BEGIN RSA PUBLIC KEY`), of
    /// 2,048 to 4,096 bits. For tokens of a fastapi-users or of an identity provider that signs with RS256.
    ///
    /// # Security
    /// OWASP ASVS 5.0 appendix C disallows PKCS#1 v1.5 signatures. Only the public key is used, so the timing weakness of the
    /// `rsa` crate ([RUSTSEC-2023-0071](https://rustsec.org/advisories/RUSTSEC-2023-0071)) does not apply.
    /// [`Relaxation::LegacyRs256`](crate::domain::Relaxation::LegacyRs256) is listed at start.
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
            /// Names the key. Its name stands in the header of the tokens that it signs, and it verifies tokens with this name only.
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
