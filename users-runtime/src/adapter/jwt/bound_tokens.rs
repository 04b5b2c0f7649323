//! Mailed single-use tokens that are bound to the current state of one account.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use subtle::ConstantTimeEq as _;

use super::{purpose::Purpose, purpose_keys::PurposeKeys, strategy::fresh_token_id};
use crate::{
    domain::{Result, SecretKey, TokenId},
    port::{BoundToken, BoundTokens, Clock, MailTokenError, Random, TokenSubject},
};

/// Tokens of one purpose as JSON Web Tokens with HS256: the claims `sub`, `aud`, `exp`, `iat`, `jti`, and `bnd`, the keyed digest
/// of the state to which a token is bound. fastapi-users has no such tokens, so they have separate keys under every policy.
pub(crate) struct JwtBoundTokens {
    keys: PurposeKeys,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

#[derive(Serialize)]
struct BoundClaims<'a> {
    sub: &'a str,
    aud: &'static str,
    exp: i64,
    iat: i64,
    jti: String,
    bnd: String,
}

impl JwtBoundTokens {
    /// Derives the keys of a purpose from the secret.
    pub(crate) fn new(
        purpose: Purpose,
        secret: &SecretKey,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self> {
        Ok(Self { keys: PurposeKeys::derived(purpose, secret)?, clock, random })
    }

    fn digest(&self, of: TokenSubject<'_>) -> String {
        let epoch = of.epoch.0.to_string();
        URL_SAFE_NO_PAD.encode(self.keys.mac(&[of.subject, of.email, of.hashed_password.as_stored(), &epoch]))
    }
}

impl BoundTokens for JwtBoundTokens {
    fn mint(&self, of: TokenSubject<'_>, lifetime: Duration) -> std::result::Result<String, MailTokenError> {
        let now = self.clock.now();
        let claims = BoundClaims {
            sub: of.subject,
            aud: self.keys.audience(),
            exp: (now + lifetime).timestamp(),
            iat: now.timestamp(),
            jti: fresh_token_id(self.random.as_ref()).map_err(|_| MailTokenError::Failed)?,
            bnd: self.digest(of),
        };
        self.keys.sign(&claims).ok_or(MailTokenError::Failed)
    }

    fn read(&self, token: &str) -> Option<BoundToken> {
        self.keys.read(token, self.clock.now(), |claims| {
            Some(BoundToken {
                expires_at: claims.expires_at()?,
                id: TokenId::parse(&claims.jti?.0)?,
                subject: claims.sub.0.into_owned(),
                digest: claims.bnd?.0.into_owned(),
            })
        })
    }

    fn is_bound(&self, token: &BoundToken, to: TokenSubject<'_>) -> bool {
        bool::from(token.digest.as_bytes().ct_eq(self.digest(to).as_bytes()))
    }
}
