//! The compact serialization `header.payload.signature` (RFC 7515): selects the key and verifies the signature.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use super::{MAX_TOKEN_BYTES, header, key::Key, ring::KeyRing};

/// Signs `claims` with the first key of the ring. Returns `None` if signing fails or the token exceeds
/// [`MAX_TOKEN_BYTES`].
pub(super) fn sign(ring: &KeyRing, claims: &impl Serialize) -> Option<String> {
    let key = ring.signing()?;
    let mut token = String::with_capacity(512);
    token.push_str(&key.header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims).ok()?, &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    (token.len() <= MAX_TOKEN_BYTES).then_some(token)
}

/// Signs `claims` with a private key, for a token that another service verifies.
#[cfg(feature = "oauth")]
pub(crate) fn sign_claims(pair: super::SigningKeyPair, claims: &impl Serialize) -> Option<String> {
    sign(&KeyRing::key_pair(pair), claims)
}

/// Returns the decoded payload if a key of the ring signed the token. The payload is not parsed.
pub(super) fn verify(ring: &KeyRing, token: &str) -> Option<Vec<u8>> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let (message, signature) = token.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;

    let signed_by = |key: &&Key| key.verify(message.as_bytes(), &signature);
    // A header that one of our keys writes is compared as text; only other headers are parsed.
    let known = ring.keys().iter().find(|key| key.header == header);
    let (algorithm, kid) = match known {
        Some(key) => (key.algorithm, key.kid.as_deref().map(Cow::Borrowed)),
        None => header::read(header).filter(header::is_plain).map(|header| (header.alg, header.kid.map(Cow::Owned)))?,
    };
    ring.keys()
        .iter()
        .filter(|key| key.algorithm == algorithm && key.kid.as_deref() == kid.as_deref())
        .find(signed_by)
        .and_then(|_| URL_SAFE_NO_PAD.decode(payload).ok())
}
