//! The `state` of passkey ceremonies as JSON Web Tokens.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    claims::{object, present},
    jws,
    keys::HmacKey,
    purpose::Purpose,
    ring::KeyRing,
};
use crate::{
    domain::{Result, SecretKey, Timestamp, TokenId, UserHandle},
    port::{Clock, PasskeyFlow, PasskeyFlows, PasskeyPurpose},
};

/// Ceremonies as JSON Web Tokens with HS256. Nothing in them is secret: the client knows the challenge anyway.
pub(crate) struct JwtPasskeyFlows {
    ring: KeyRing,
    clock: Arc<dyn Clock>,
}

#[derive(Serialize, Deserialize)]
struct FlowClaims {
    aud: String,
    exp: i64,
    jti: String,
    #[serde(skip_serializing_if = "String::is_empty", default)]
    tenant: String,
    #[serde(skip_serializing_if = "Option::is_none", default, deserialize_with = "present")]
    backend: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default, deserialize_with = "present")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default, deserialize_with = "present")]
    handle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default, deserialize_with = "present")]
    registration: Option<Map<String, Value>>,
    ceremony: Value,
}

impl JwtPasskeyFlows {
    /// Derives the key from the secret. It differs from those of every other purpose.
    pub(crate) fn new(secret: &SecretKey, clock: Arc<dyn Clock>) -> Result<Self> {
        let key = HmacKey::from_bytes(Purpose::Passkey.signing_key(secret)?.as_slice());
        Ok(Self { ring: KeyRing::hmac(key), clock })
    }
}

impl PasskeyFlows for JwtPasskeyFlows {
    fn seal(&self, flow: &PasskeyFlow) -> Option<String> {
        let PasskeyFlow { id, expires_at, purpose, tenant, ceremony } = flow.clone();
        let mut claims = FlowClaims {
            aud: Purpose::Passkey.default_audience().to_owned(),
            exp: expires_at.timestamp(),
            jti: id.0,
            tenant,
            backend: None,
            sub: None,
            handle: None,
            registration: None,
            ceremony,
        };
        match purpose {
            PasskeyPurpose::Login { backend } => claims.backend = Some(backend),
            PasskeyPurpose::Add { subject, handle } => {
                (claims.sub, claims.handle) = (Some(subject), Some(handle.to_string()));
            }
            PasskeyPurpose::SignUp { handle, registration } => {
                (claims.handle, claims.registration) = (Some(handle.to_string()), Some(registration));
            }
        }
        jws::sign(&self.ring, &claims)
    }

    fn open(&self, state: &str) -> Option<PasskeyFlow> {
        let payload = jws::verify(&self.ring, state)?;
        let claims: FlowClaims = object(&payload)?;
        let expires_at = Timestamp::from_timestamp(claims.exp, 0)?;
        if claims.aud != Purpose::Passkey.default_audience() || expires_at <= self.clock.now() {
            return None;
        }
        let handle = claims.handle.as_deref().and_then(UserHandle::parse);
        let purpose = match (claims.backend, claims.sub, claims.registration, handle) {
            (Some(backend), None, None, None) => PasskeyPurpose::Login { backend },
            (None, Some(subject), None, Some(handle)) => PasskeyPurpose::Add { subject, handle },
            (None, None, Some(registration), Some(handle)) => PasskeyPurpose::SignUp { handle, registration },
            _ => return None,
        };
        let id = TokenId::parse(&claims.jti)?;
        Some(PasskeyFlow { id, expires_at, purpose, tenant: claims.tenant, ceremony: claims.ceremony })
    }
}
