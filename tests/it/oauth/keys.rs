//! The signing keys of a provider under test.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

macro_rules! pem {
    ($name:literal) => {
        include_str!(concat!("../../../users-runtime/tests/it/security_tokens/keys/", $name))
    };
}

/// A key, its name, and what the provider publishes of it.
#[derive(Clone)]
pub struct Key {
    pub kid: String,
    pub algorithm: Algorithm,
    pub private: EncodingKey,
    pub public: Value,
}

impl Key {
    pub fn eddsa(kid: &str) -> Self {
        let public = der(pem!("eddsa-public.pem"));
        let x = URL_SAFE_NO_PAD.encode(&public[public.len() - 32..]);
        Self {
            kid: kid.to_owned(),
            algorithm: Algorithm::EdDSA,
            private: EncodingKey::from_ed_pem(pem!("eddsa-private.pem").as_bytes()).unwrap(),
            public: json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "use": "sig", "alg": "EdDSA"}),
        }
    }

    pub fn es256(kid: &str) -> Self {
        let public = der(pem!("es256-public.pem"));
        let point = &public[public.len() - 64..];
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[..32]), URL_SAFE_NO_PAD.encode(&point[32..]));
        Self {
            kid: kid.to_owned(),
            algorithm: Algorithm::ES256,
            private: EncodingKey::from_ec_pem(pem!("es256-private.pem").as_bytes()).unwrap(),
            public: json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid, "use": "sig", "alg": "ES256"}),
        }
    }

    pub fn rs256(kid: &str) -> Self {
        let public = der(pem!("rsa2048-public.pem"));
        // The modulus is the 256 bytes before `02 03 01 00 01`, the exponent.
        let n = URL_SAFE_NO_PAD.encode(&public[public.len() - 5 - 256..public.len() - 5]);
        Self {
            kid: kid.to_owned(),
            algorithm: Algorithm::RS256,
            private: EncodingKey::from_rsa_pem(pem!("rsa2048-private.pem").as_bytes()).unwrap(),
            public: json!({"kty": "RSA", "n": n, "e": "AQAB", "kid": kid, "use": "sig", "alg": "RS256"}),
        }
    }
}

fn der(pem: &str) -> Vec<u8> {
    STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap()
}
