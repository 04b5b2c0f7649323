//! The authenticator's response as browsers send it: the JSON form of `PublicKeyCredential` (WebAuthn section 5.1.4).
//! Only its form is checked here; its content is verified later.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};

/// The maximum number of bytes of a credential id (WebAuthn section 4).
const LONGEST_ID: usize = 1023;
/// The maximum number of bytes of a user handle (WebAuthn section 4).
const LONGEST_HANDLE: usize = 64;

/// The result of `navigator.credentials.create()`.
#[derive(Clone)]
pub(crate) struct Attestation {
    pub(crate) credential_id: Vec<u8>,
    pub(crate) client_data: Vec<u8>,
    pub(crate) object: Vec<u8>,
}

/// The result of `navigator.credentials.get()`.
#[derive(Clone)]
pub(crate) struct Assertion {
    pub(crate) credential_id: Vec<u8>,
    pub(crate) client_data: Vec<u8>,
    pub(crate) authenticator_data: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) user_handle: Option<Vec<u8>>,
}

/// Without its content, which a log must not have.
impl fmt::Debug for Attestation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attestation(***)")
    }
}

/// Without its content, which a log must not have.
impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Assertion(***)")
    }
}

impl<'de> Deserialize<'de> for Attestation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Map::deserialize(deserializer)?;
        let read = || {
            let (credential_id, response) = credential(&object)?;
            let client_data = bytes(response, "clientDataJSON")?;
            Ok(Self { credential_id, client_data, object: bytes(response, "attestationObject")? })
        };
        read().map_err(|problem: &str| D::Error::custom(problem))
    }
}

impl<'de> Deserialize<'de> for Assertion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Map::deserialize(deserializer)?;
        let read = || {
            let (credential_id, response) = credential(&object)?;
            let user_handle = match response.get("userHandle") {
                None | Some(Value::Null) => None,
                Some(_) => Some(bytes(response, "userHandle")?),
            };
            if user_handle.as_ref().is_some_and(|handle| handle.len() > LONGEST_HANDLE) {
                return Err("userHandle is too long");
            }
            Ok(Self {
                credential_id,
                client_data: bytes(response, "clientDataJSON")?,
                authenticator_data: bytes(response, "authenticatorData")?,
                signature: bytes(response, "signature")?,
                user_handle,
            })
        };
        read().map_err(|problem: &str| D::Error::custom(problem))
    }
}

/// Reads the parts that both forms have: the credential id, and the object with the rest. The messages quote no input.
fn credential(object: &Map<String, Value>) -> Result<(Vec<u8>, &Map<String, Value>), &'static str> {
    if object.get("type").and_then(Value::as_str) != Some("public-key") {
        return Err("type should be `public-key`");
    }
    let id = bytes(object, "rawId")?;
    if object.get("id") != object.get("rawId") {
        return Err("id and rawId should be the same");
    }
    if id.len() > LONGEST_ID {
        return Err("rawId is too long");
    }
    let response = object.get("response").and_then(Value::as_object);
    Ok((id, response.ok_or("response should be an object")?))
}

/// Reads base64url without padding. It may not be empty.
fn bytes(object: &Map<String, Value>, key: &'static str) -> Result<Vec<u8>, &'static str> {
    let text = object.get(key).and_then(Value::as_str).unwrap_or_default();
    match URL_SAFE_NO_PAD.decode(text) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(match key {
            "rawId" => "rawId should be base64url without padding",
            "clientDataJSON" => "response.clientDataJSON should be base64url without padding",
            "attestationObject" => "response.attestationObject should be base64url without padding",
            "authenticatorData" => "response.authenticatorData should be base64url without padding",
            "signature" => "response.signature should be base64url without padding",
            _ => "response.userHandle should be base64url without padding",
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn assertion() -> Value {
        json!({
            "id": "AQID", "rawId": "AQID", "type": "public-key", "clientExtensionResults": {},
            "response": {"clientDataJSON": "AQ", "authenticatorData": "Ag", "signature": "Aw", "userHandle": "BA"}
        })
    }

    fn with(path: &str, value: Value) -> Value {
        let mut changed = assertion();
        *changed.pointer_mut(path).unwrap() = value;
        changed
    }

    #[test]
    fn a_credential_is_read_and_prints_nothing() {
        let read = Assertion::deserialize(assertion()).unwrap();
        assert_eq!((read.credential_id.as_slice(), read.user_handle.as_deref()), (&[1, 2, 3][..], Some(&[4][..])));
        assert_eq!(format!("{read:?}"), "Assertion(***)");
        let without = Assertion::deserialize(with("/response/userHandle", Value::Null)).unwrap();
        assert_eq!(without.user_handle, None);
        let response = json!({"clientDataJSON": "AQ", "attestationObject": "Ag"});
        assert_eq!(Attestation::deserialize(with("/response", response)).unwrap().object, [2]);
    }

    #[test]
    fn another_form_is_refused_with_a_message_that_quotes_nothing() {
        let long = URL_SAFE_NO_PAD.encode([7; 65]);
        for changed in [
            json!([]),
            json!("hunter2"),
            with("/type", json!("hunter2")),
            with("/rawId", json!("hunter2")),
            with("/id", json!("hunter2")),
            with("/rawId", json!("AQID=")),
            with("/response", json!("hunter2")),
            with("/response/signature", json!("hunter2!")),
            with("/response/signature", json!("")),
            with("/response/authenticatorData", json!(["hunter2"])),
            with("/response/userHandle", json!({"hunter2": 1})),
            with("/response/userHandle", json!(long)),
        ] {
            let error = Assertion::deserialize(changed.clone()).unwrap_err().to_string();
            assert!(!error.contains("hunter2") || changed.is_string(), "{changed}: {error}");
        }
    }
}
