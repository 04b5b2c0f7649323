//! The compact form `header.payload.signature` (RFC 7515): finding the key and checking the signature, nothing else.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{
    MAX_TOKEN_BYTES,
    claims::{object, present},
    keys::{Algorithm, Key},
    ring::KeyRing,
};

/// Signs `claims` with the first key of the ring; `None` if it cannot sign or the token would be longer than allowed.
pub(super) fn sign(ring: &KeyRing, claims: &impl Serialize) -> Option<String> {
    let key = ring.signing()?;
    let mut token = String::with_capacity(512);
    token.push_str(key.header());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims).ok()?, &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    (token.len() <= MAX_TOKEN_BYTES).then_some(token)
}

/// The decoded payload, if a key of the ring signed the token. It has not been read in any way.
pub(super) fn verify(ring: &KeyRing, token: &str) -> Option<Vec<u8>> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let (message, signature) = token.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;

    // The longest signature is 64 bytes; the decoder asks for the room that 86 characters might need.
    let mut buffer = [0_u8; 66];
    let length = URL_SAFE_NO_PAD.decode_slice(signature, &mut buffer).ok()?;
    let signature = buffer.get(..length)?;

    let signed_by = |key: &&Key| key.verify(message.as_bytes(), signature);
    let known = ring.keys().iter().find(|key| key.header() == header);
    let (algorithm, kid) = match known {
        Some(key) => (key.algorithm(), key.kid().map(Cow::Borrowed)),
        None => read_header(header)?,
    };
    ring.keys()
        .iter()
        .filter(|key| key.algorithm() == algorithm && key.kid() == kid.as_deref())
        .find(signed_by)
        .and_then(|_| URL_SAFE_NO_PAD.decode(payload).ok())
}

/// What a header may say. Duplicates of these members are refused, as is every member that brings or points to a key or
/// asks for an extension (RFC 7515 sections 4.1.2 to 4.1.6 and 4.1.11, RFC 7797); other members are ignored.
#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(default, deserialize_with = "present")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    typ: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    b64: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    jwk: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    jku: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    x5u: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    x5c: Option<IgnoredAny>,
}

/// Reads a header that none of our keys would write: from another library, in another order, or hostile.
fn read_header(encoded: &str) -> Option<(Algorithm, Option<Cow<'static, str>>)> {
    let json = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    let header: Header<'_> = object(&json)?;
    let foreign = [header.crit, header.b64, header.jwk, header.jku, header.x5u, header.x5c];
    if foreign.iter().any(Option::is_some) {
        return None;
    }
    // A type of its own marks a token for another use (RFC 8725 section 3.11).
    if header.typ.is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
        return None;
    }
    let algorithm = [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa]
        .into_iter()
        .find(|algorithm| algorithm.name() == header.alg)?;
    Some((algorithm, header.kid.map(Cow::Owned)))
}
