//! The `state` of OAuth flows as JSON Web Tokens.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{
    claims::{object, present},
    jws,
    keys::HmacKey,
    purpose::Purpose,
    ring::KeyRing,
};
use crate::{
    domain::{
        Error, Result, SecretKey, Setting, TokenId,
        oauth::{Flow, FlowRefused, FlowSecrets, PkceVerifier, STATE_LIFETIME},
    },
    port::{Clock, OAuthFlows, Random, RandomError},
};

/// Flows as JSON Web Tokens with HS256, with the claims of fastapi-users and ours. Their secrets are HMACs of the
/// flow's id with a separate key, so that nothing is stored between the start and the callback.
pub(crate) struct JwtOAuthFlows {
    ring: KeyRing,
    secrets: Hmac<Sha256>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// The claims of a state.
#[derive(Serialize, Deserialize)]
struct StateClaims {
    csrftoken: String,
    #[serde(skip_serializing_if = "Option::is_none", default, deserialize_with = "present")]
    sub: Option<String>,
    aud: String,
    exp: i64,
    jti: String,
    provider: String,
    redirect_uri: String,
    #[serde(skip_serializing_if = "Option::is_none", default, deserialize_with = "present")]
    return_to: Option<String>,
}

impl JwtOAuthFlows {
    /// Derives the keys from the secret. They differ from those of every other purpose, even under `raw_keys()`,
    /// because no Python service reads these states.
    pub(crate) fn new(secret: &SecretKey, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self> {
        let key = HmacKey::from_bytes(Purpose::OauthState.signing_key(secret)?.as_slice());
        let secrets = Hmac::new_from_slice(Purpose::OauthState.binding_key(secret)?.as_slice())
            .map_err(|_| Error::setting(Setting::Token, "no key can be derived from the secret"))?;
        Ok(Self { ring: KeyRing::hmac(key), secrets, clock, random })
    }

    fn derived(&self, label: &str, flow: &TokenId) -> String {
        let mut mac = self.secrets.clone();
        mac.update(label.as_bytes());
        mac.update(flow.0.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

impl OAuthFlows for JwtOAuthFlows {
    fn new_flow(&self) -> std::result::Result<(TokenId, String), RandomError> {
        let (mut id, mut cookie) = ([0; 16], [0; 32]);
        self.random.fill(&mut id)?;
        self.random.fill(&mut cookie)?;
        Ok((TokenId::from_random(id), URL_SAFE_NO_PAD.encode(cookie)))
    }

    fn secrets(&self, flow: &TokenId) -> FlowSecrets {
        FlowSecrets { verifier: PkceVerifier::new(self.derived("pkce/", flow)), nonce: self.derived("nonce/", flow) }
    }

    fn seal(&self, flow: &Flow) -> Option<String> {
        let Flow { id, browser, provider, redirect_uri, user, return_to } = flow.clone();
        let claims = StateClaims {
            csrftoken: browser,
            sub: user,
            aud: Purpose::OauthState.default_audience().to_owned(),
            exp: (self.clock.now() + STATE_LIFETIME).timestamp(),
            jti: id.0,
            provider,
            redirect_uri,
            return_to,
        };
        jws::sign(&self.ring, &claims)
    }

    fn open(&self, state: &str) -> std::result::Result<Flow, FlowRefused> {
        let payload = jws::verify(&self.ring, state).ok_or(FlowRefused::Undecodable)?;
        let claims: StateClaims = object(&payload).ok_or(FlowRefused::Undecodable)?;
        if claims.aud != Purpose::OauthState.default_audience() {
            return Err(FlowRefused::Undecodable);
        }
        if claims.exp <= self.clock.now().timestamp() {
            return Err(FlowRefused::Expired);
        }
        Ok(Flow {
            id: TokenId::parse(&claims.jti).ok_or(FlowRefused::Undecodable)?,
            browser: claims.csrftoken,
            provider: claims.provider,
            redirect_uri: claims.redirect_uri,
            user: claims.sub,
            return_to: claims.return_to,
        })
    }
}
