//! A software authenticator: it makes passkeys and signs with them, as a browser sends them. Every part of the signed
//! data can be changed before signing, which a crate for users' credentials does not allow.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The bits of authenticator data (WebAuthn section 6.1).
pub const PRESENT: u8 = 1;
pub const VERIFIED: u8 = 1 << 2;
pub const SYNCABLE: u8 = 1 << 3;
pub const SYNCED: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;

/// A passkey on a device.
#[derive(Clone)]
pub struct Key {
    pub id: Vec<u8>,
    pub handle: Vec<u8>,
    /// The number of signatures; `None` for a key without a signature counter.
    pub count: Option<u32>,
    pub flags: u8,
    secret: SigningKey,
}

/// The data that an authenticator and its browser are about to sign.
#[derive(Clone)]
pub struct Signing {
    pub kind: String,
    pub challenge: String,
    pub origin: String,
    pub cross_origin: Option<bool>,
    pub rp_id: String,
    pub flags: u8,
    pub count: u32,
    /// Appended to the authenticator data.
    pub rest: Vec<u8>,
}

pub fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn bytes(value: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(value.as_str().unwrap()).unwrap()
}

impl Signing {
    fn client_data(&self) -> Vec<u8> {
        let mut data = json!({ "type": self.kind, "challenge": self.challenge, "origin": self.origin });
        if let Some(cross_origin) = self.cross_origin {
            data["crossOrigin"] = cross_origin.into();
        }
        data.to_string().into_bytes()
    }

    fn authenticator_data(&self) -> Vec<u8> {
        let head = [Sha256::digest(&self.rp_id).as_slice(), &[self.flags], &self.count.to_be_bytes()].concat();
        [head, self.rest.clone()].concat()
    }
}

impl Key {
    /// Returns the data that a browser signs to register a new key with these options of `POST /auth/passkeys/register`.
    pub fn new(options: &Value, number: u8) -> Self {
        // Any number below the order of the curve is a key.
        let mut secret = [number; 32];
        secret[0] = 1;
        Self {
            id: [[number; 15].as_slice(), &Sha256::digest(options["challenge"].as_str().unwrap())[..17]].concat(),
            handle: bytes(&options["user"]["id"]),
            count: Some(0),
            flags: PRESENT | VERIFIED,
            secret: SigningKey::from_slice(&Sha256::digest(
                [secret.as_slice(), &bytes(&options["challenge"])].concat(),
            ))
            .unwrap(),
        }
    }

    /// Makes the key a synchronized one, which has no signature counter.
    pub fn synced(self) -> Self {
        Self { count: None, flags: self.flags | SYNCABLE | SYNCED, ..self }
    }

    /// Returns what is signed at a registration.
    pub fn registration(&self, options: &Value, origin: &str) -> Signing {
        let point = self.secret.verifying_key().to_encoded_point(false);
        let cose = [
            &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20][..],
            point.x().unwrap(),
            &[0x22, 0x58, 0x20],
            point.y().unwrap(),
        ];
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        Signing {
            kind: "webauthn.create".to_owned(),
            challenge: options["challenge"].as_str().unwrap().to_owned(),
            origin: origin.to_owned(),
            cross_origin: Some(false),
            rp_id: options["rp"]["id"].as_str().unwrap().to_owned(),
            flags: self.flags | ATTESTED,
            count: self.count.unwrap_or_default(),
            rest: [&[0; 16], &length[..], &self.id, &cose.concat()].concat(),
        }
    }

    /// Returns the credential of a registration.
    pub fn attest(&self, signing: &Signing) -> Value {
        let data = signing.authenticator_data();
        let length = u16::try_from(data.len()).unwrap().to_be_bytes();
        let object = [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".as_slice(), &length, &data].concat();
        json!({
            "id": text(&self.id),
            "rawId": text(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": { "credProps": { "rk": true } },
            "response": {
                "clientDataJSON": text(&signing.client_data()),
                "attestationObject": text(&object),
                "transports": ["internal", "hybrid"],
            },
        })
    }

    /// Makes the credential of a registration.
    pub fn register(&self, options: &Value, origin: &str) -> Value {
        self.attest(&self.registration(options, origin))
    }

    /// Returns what is signed at a login, and counts.
    pub fn assertion(&mut self, options: &Value, origin: &str) -> Signing {
        self.count = self.count.map(|count| count + 1);
        Signing {
            kind: "webauthn.get".to_owned(),
            challenge: options["challenge"].as_str().unwrap().to_owned(),
            origin: origin.to_owned(),
            cross_origin: None,
            rp_id: options["rpId"].as_str().unwrap().to_owned(),
            flags: self.flags,
            count: self.count.unwrap_or_default(),
            rest: Vec::new(),
        }
    }

    /// Returns the credential of a login.
    pub fn sign(&self, signing: &Signing) -> Value {
        let (client_data, data) = (signing.client_data(), signing.authenticator_data());
        let signed = [data.as_slice(), &Sha256::digest(&client_data)].concat();
        let signature: Signature = self.secret.sign(&signed);
        json!({
            "id": text(&self.id),
            "rawId": text(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": text(&client_data),
                "authenticatorData": text(&data),
                "signature": text(signature.to_der().as_bytes()),
                "userHandle": text(&self.handle),
            },
        })
    }

    /// Makes the credential of a login.
    pub fn log_in(&mut self, options: &Value, origin: &str) -> Value {
        let signing = self.assertion(options, origin);
        self.sign(&signing)
    }
}
