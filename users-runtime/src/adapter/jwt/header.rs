//! JWS headers: written as PyJWT does, and parsed strictly.

use std::{collections::BTreeMap, fmt};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, Header};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};
use serde_json::{Map, Value};

/// Header members that contain or refer to a key, or require an extension (RFC 7515 sections 4.1.2 to 4.1.6 and 4.1.11,
/// RFC 7797). A token with one of them is refused.
const REFUSED: [&str; 6] = ["jwk", "jku", "x5u", "x5c", "crit", "b64"];

/// Encodes the header of the tokens that a key signs. Its members are sorted by name, as in PyJWT.
pub(super) fn encode(algorithm: Algorithm, kid: Option<&str>) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
    // Three strings always serialize.
    let members: BTreeMap<String, Value> =
        serde_json::to_value(header).and_then(serde_json::from_value).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&members).unwrap_or_default())
}

/// Parses a header. Unknown members are ignored (RFC 7515 section 4).
pub(super) fn read(encoded: &str) -> Option<Header> {
    let json = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    let UniqueMembers(members) = serde_json::from_slice(&json).ok()?;
    if members.values().any(Value::is_null) || REFUSED.iter().any(|name| members.contains_key(*name)) {
        return None;
    }
    serde_json::from_value(Value::Object(members)).ok()
}

/// Returns whether a header has the type `JWT` or none. Another type marks a token of a different kind (RFC 8725 section
/// 3.11).
pub(super) fn is_plain(header: &Header) -> bool {
    header.typ.as_ref().is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"))
}

/// The members of a JSON object without duplicates.
pub(super) struct UniqueMembers(pub(super) Map<String, Value>);

impl<'de> Deserialize<'de> for UniqueMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = UniqueMembers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<UniqueMembers, A::Error> {
                let mut members = Map::new();
                while let Some((name, value)) = object.next_entry::<String, Value>()? {
                    if members.insert(name, value).is_some() {
                        return Err(de::Error::custom("a member occurs twice"));
                    }
                }
                Ok(UniqueMembers(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}
