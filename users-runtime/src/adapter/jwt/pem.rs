//! Keys in PEM: parsed by jsonwebtoken and checked before they are used.

use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, EncodingKey,
    crypto::rust_crypto::DEFAULT_PROVIDER,
    errors::{ErrorKind, Result as JwtResult},
    jwk::EllipticCurve,
};

use super::key::Key;
use crate::domain::{Error, Result, Setting};

/// The smallest RSA key for verification (RFC 7518 section 3.3).
const MIN_VERIFYING_BITS: usize = 2048;
/// The smallest RSA key for signing: 128 bits of security (NIST SP 800-57 part 1, table 2; OWASP ASVS appendix C).
const MIN_SIGNING_BITS: usize = 3072;

/// Parses a private key and derives its public key. A key whose two parts do not match is refused.
pub(super) fn private_key(algorithm: Algorithm, pem: &str) -> Result<Key> {
    let refused = || not_a_key(algorithm, "private");
    let (signing, verifying) = read_private(algorithm, pem.as_bytes()).map_err(|_| refused())?;
    ensure_size(&verifying, MIN_SIGNING_BITS, "sign")?;
    let key = Key::new(algorithm, Some(signing), verifying);
    let signature = key.sign(&[]).ok_or_else(refused)?;
    if key.verify(&[], &signature) { Ok(key) } else { Err(refused()) }
}

/// Parses a public key.
pub(super) fn public_key(algorithm: Algorithm, pem: &str) -> Result<Key> {
    let refused = || not_a_key(algorithm, "public");
    // jsonwebtoken would extract the key of a certificate without validating the certificate.
    if pem.contains("-----BEGIN CERTIFICATE") {
        return Err(refused());
    }
    let verifying = read_public(algorithm, pem.as_bytes()).map_err(|_| refused())?;
    checked(algorithm, verifying, refused)
}

/// Makes a public key from the coordinates of a point.
pub(super) fn ec_public_key(x: &[u8], y: &[u8]) -> DecodingKey {
    // The uncompressed form (SEC 1 section 2.3.3).
    DecodingKey::from_ec_der(&[&[4], x, y].concat())
}

/// Makes a key of a public key that was read from any form.
pub(super) fn checked(algorithm: Algorithm, verifying: DecodingKey, refused: impl Fn() -> Error) -> Result<Key> {
    ensure_size(&verifying, MIN_VERIFYING_BITS, "verify")?;
    (DEFAULT_PROVIDER.verifier_factory)(&algorithm, &verifying).map_err(|_| refused())?;
    let key = Key::new(algorithm, None, verifying);
    if accepts_a_forgery(&key) { Err(refused()) } else { Ok(key) }
}

fn read_private(algorithm: Algorithm, pem: &[u8]) -> JwtResult<(EncodingKey, DecodingKey)> {
    let keys = &DEFAULT_PROVIDER.key_utils;
    Ok(match algorithm {
        Algorithm::ES256 => {
            let signing = EncodingKey::from_ec_pem(pem)?;
            let (_, x, y) = (keys.ec_pub_components_from_private_key)(signing.as_bytes(), algorithm)?;
            (signing, ec_public_key(&x, &y))
        }
        Algorithm::EdDSA => {
            let signing = EncodingKey::from_ed_pem(pem)?;
            let x = (keys.ed_pub_components_from_private_key)(signing.as_bytes(), &EllipticCurve::Ed25519)?;
            (signing, DecodingKey::from_ed_der(&x))
        }
        Algorithm::RS256 => {
            let signing = EncodingKey::from_rsa_pem(pem)?;
            let (n, e) = (keys.rsa_pub_components_from_private_key)(signing.as_bytes())?;
            (signing, DecodingKey::from_rsa_raw_components(&n, &e))
        }
        _ => return Err(ErrorKind::UnsupportedAlgorithm.into()),
    })
}

fn read_public(algorithm: Algorithm, pem: &[u8]) -> JwtResult<DecodingKey> {
    match algorithm {
        Algorithm::ES256 => DecodingKey::from_ec_pem(pem),
        Algorithm::EdDSA => {
            let key = DecodingKey::from_ed_pem(pem)?;
            // The verifier takes the first 32 bytes and panics if there are fewer.
            if key.try_get_as_bytes()?.len() == 32 { Ok(key) } else { Err(ErrorKind::InvalidEddsaKey.into()) }
        }
        Algorithm::RS256 => {
            let key = DecodingKey::from_rsa_pem(pem)?;
            let (n, e) = (DEFAULT_PROVIDER.key_utils.rsa_pub_components_from_public_key)(key.try_get_as_bytes()?)?;
            Ok(DecodingKey::from_rsa_raw_components(&n, &e))
        }
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    }
}

/// Refuses RSA keys that are too small. The elliptic curves have a fixed key size.
fn ensure_size(key: &DecodingKey, min_bits: usize, usage: &str) -> Result<()> {
    let DecodingKeyKind::RsaModulusExponent { n, .. } = key.kind() else { return Ok(()) };
    let zeros = n.iter().take_while(|byte| **byte == 0).count();
    let bits = (n.len() - zeros) * 8 - n.get(zeros).map_or(0, |byte| byte.leading_zeros() as usize);
    if bits < min_bits {
        return Err(Error::setting(
            Setting::Key,
            format!("an RSA key of {bits} bits is too small to {usage}: use at least {min_bits} bits"),
        ));
    }
    Ok(())
}

/// Returns `true` if the key accepts a signature that was made without a private key (the neutral point and zero).
/// Ed25519 public keys of small order accept it for at least one message in eight, and the library accepts such keys.
fn accepts_a_forgery(key: &Key) -> bool {
    let mut forgery = [0; 64];
    forgery[0] = 1;
    key.algorithm == Algorithm::EdDSA && (0..128).any(|message: u8| key.verify(&[message], &forgery))
}

/// Returns an error that describes the expected key without quoting the given text, which may be a private key.
fn not_a_key(algorithm: Algorithm, half: &str) -> Error {
    let expected = match algorithm {
        Algorithm::ES256 => "a key on the curve P-256 (RSA keys: legacy_rs256_pem)",
        Algorithm::EdDSA => "an Ed25519 key (RSA keys: legacy_rs256_pem)",
        _ => "an RSA key of at most 4096 bits",
    };
    Error::setting(
        Setting::Key,
        format!(
            "this is not a {half} key for {algorithm:?}: expected PEM, `BEGIN {} KEY`, with {expected}. Convert other forms of \
         private keys with: openssl pkcs8 -topk8 -nocrypt",
            half.to_uppercase()
        ),
    )
}
