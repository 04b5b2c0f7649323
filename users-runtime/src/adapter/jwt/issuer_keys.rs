//! The public keys of another issuer, and the tokens that it signs.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use serde_json::{Map, Value};

use super::{
    header::{self, UniqueMembers},
    key::Key,
    pem,
};
use crate::domain::{Error, Setting};

/// The longest token, in bytes. Tokens of other issuers may carry many roles; most servers accept headers of this size.
const MAX_BYTES: usize = 16 * 1024;
/// The maximum number of keys that are read from a set.
const MAX_KEYS: usize = 64;

/// A token of another issuer, unverified.
pub(crate) struct ForeignToken<'a> {
    header: Header,
    message: &'a str,
    signature: Vec<u8>,
    /// The claims. Null claims are treated as absent.
    pub(crate) claims: Map<String, Value>,
}

impl<'a> ForeignToken<'a> {
    /// Reads a token in the compact serialization. Returns `None` for anything else, and for claims that occur twice.
    pub(crate) fn read(token: &'a str) -> Option<Self> {
        if token.len() > MAX_BYTES {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let UniqueMembers(mut claims) = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        claims.retain(|_, value| !value.is_null());
        let (header, signature) = (header::read(header)?, URL_SAFE_NO_PAD.decode(signature).ok()?);
        Some(Self { header, message, signature, claims })
    }

    /// Returns the type, in lower case and without `application/` (RFC 7515 section 4.1.9).
    pub(crate) fn kind(&self) -> Option<String> {
        let kind = self.header.typ.as_ref()?.to_ascii_lowercase();
        Some(kind.strip_prefix("application/").map(str::to_owned).unwrap_or(kind))
    }
}

/// Whether a key signed a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signature {
    Valid,
    Invalid,
    /// The token names a key that is not in the set, or names none and no key has signed it.
    UnknownKey,
}

/// The keys of an issuer for RS256, ES256 and EdDSA.
pub(crate) struct IssuerKeys(Vec<Key>);

impl IssuerKeys {
    /// Reads a JWK set (RFC 7517). Keys for other purposes or algorithms, and those that are too weak, are left out. Returns
    /// `None` if no key remains.
    pub(crate) fn read(set: &Value) -> Option<Self> {
        let keys = set.get("keys")?.as_array()?;
        let keys: Vec<Key> = keys.iter().take(MAX_KEYS).filter_map(read_key).collect();
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// Returns whether one of the keys signed a token.
    pub(crate) fn check(&self, token: &ForeignToken<'_>) -> Signature {
        let kid = token.header.kid.as_deref();
        let mut candidates = self
            .0
            .iter()
            .filter(|key| key.algorithm == token.header.alg && (kid.is_none() || key.kid.as_deref() == kid))
            .peekable();
        if candidates.peek().is_none() {
            return Signature::UnknownKey;
        }
        match candidates.any(|key| key.verify(token.message.as_bytes(), &token.signature)) {
            true => Signature::Valid,
            false if kid.is_none() => Signature::UnknownKey,
            false => Signature::Invalid,
        }
    }
}

/// Reads one key of a set.
fn read_key(jwk: &Value) -> Option<Key> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    if jwk.get("use").is_some_and(|usage| usage != "sig") {
        return None;
    }
    let algorithm = match (text("kty")?, text("crv")) {
        ("RSA", _) => Algorithm::RS256,
        ("EC", Some("P-256")) => Algorithm::ES256,
        ("OKP", Some("Ed25519")) => Algorithm::EdDSA,
        _ => return None,
    };
    let names: &[&str] = match algorithm {
        Algorithm::RS256 => &["RS256"],
        Algorithm::ES256 => &["ES256"],
        // RFC 9864 names the curve.
        _ => &["EdDSA", "Ed25519"],
    };
    if jwk.get("alg").is_some_and(|alg| !names.iter().any(|name| alg == name)) {
        return None;
    }
    let verifying = match algorithm {
        Algorithm::RS256 => DecodingKey::from_rsa_raw_components(&bytes("n")?, &bytes("e")?),
        Algorithm::ES256 => {
            let (x, y) = (bytes("x")?, bytes("y")?);
            (x.len() == 32 && y.len() == 32).then(|| pem::ec_public_key(&x, &y))?
        }
        // The verifier takes the first 32 bytes and panics if there are fewer.
        _ => bytes("x").filter(|x| x.len() == 32).map(|x| DecodingKey::from_ed_der(&x))?,
    };
    let key = pem::checked(algorithm, verifying, || Error::setting(Setting::Key, "not a public key")).ok()?;
    Some(match text("kid") {
        Some(kid) => key.named(kid.to_owned()),
        None => key,
    })
}
