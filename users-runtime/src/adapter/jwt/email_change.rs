//! The tokens of a change of the address.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::{claims::Claims, jws, keys::HmacKey, purpose::Purpose, ring::KeyRing, strategy::fresh_token_id};
use crate::{
    domain::{CanonicalEmail, ConfirmEmailToken, Epoch, Error, Result, SecretKey, Setting, TokenId, UndoEmailToken},
    port::{
        CONFIRM_LIFETIME, Clock, EmailChangeTokens, MailTokenError, NewEmail, OldEmail, Random, TokenSubject,
        UNDO_LIFETIME,
    },
};

/// Tokens of a change of the address as JSON Web Tokens with HS256. fastapi-users has none, so they have keys of their own
/// under every policy.
///
/// Both kinds have the claims `sub`, `email`, `aud`, `exp`, `iat` and `jti`. One of a new address has `bnd`, the keyed digest of
/// what it is bound to; one that undoes a change has `epoch`, and `bnd` if it is for a recent address.
pub(crate) struct JwtEmailChangeTokens {
    confirm: Keys,
    undo: Keys,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// The keys of one purpose.
struct Keys {
    purpose: Purpose,
    ring: KeyRing,
    digests: Hmac<Sha256>,
    lifetime: Duration,
}

#[derive(Serialize)]
struct ChangeClaims<'a> {
    sub: &'a str,
    email: &'a str,
    aud: &'static str,
    exp: i64,
    iat: i64,
    jti: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bnd: Option<String>,
}

impl JwtEmailChangeTokens {
    /// Derives the keys from the secret.
    pub(crate) fn new(secret: &SecretKey, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self> {
        Ok(Self {
            confirm: Keys::derived(Purpose::ConfirmEmail, secret, CONFIRM_LIFETIME)?,
            undo: Keys::derived(Purpose::UndoEmail, secret, UNDO_LIFETIME)?,
            clock,
            random,
        })
    }

    fn mint(
        &self,
        keys: &Keys,
        (sub, email): (&str, &str),
        epoch: Option<Epoch>,
        bnd: Option<String>,
    ) -> std::result::Result<String, MailTokenError> {
        let now = self.clock.now();
        let claims = ChangeClaims {
            sub,
            email,
            aud: keys.purpose.default_audience(),
            exp: (now + keys.lifetime).timestamp(),
            iat: now.timestamp(),
            jti: fresh_token_id(self.random.as_ref()).map_err(|_| MailTokenError::Failed)?,
            epoch: epoch.map(|epoch| epoch.0),
            bnd,
        };
        jws::sign(&keys.ring, &claims).ok_or(MailTokenError::Failed)
    }

    /// Verifies the signature, then checks the audience and the times, and reads the token.
    fn read<T>(&self, keys: &Keys, token: &str, read: impl FnOnce(Claims<'_>) -> Option<T>) -> Option<T> {
        let payload = jws::verify(&keys.ring, token)?;
        let claims = Claims::read(&payload)?;
        let is_ours = claims.is_for(&[keys.purpose.default_audience()])
            && claims.expires_at().is_some()
            && claims.is_live(self.clock.now(), Duration::ZERO);
        if is_ours { read(claims) } else { None }
    }
}

impl Keys {
    fn derived(purpose: Purpose, secret: &SecretKey, lifetime: Duration) -> Result<Self> {
        let digests = Hmac::new_from_slice(purpose.binding_key(secret)?.as_slice())
            .map_err(|_| Error::setting(Setting::Token, "no key can be derived from the secret"))?;
        let key = HmacKey::from_bytes(purpose.signing_key(secret)?.as_slice());
        Ok(Self { purpose, ring: KeyRing::hmac(key), digests, lifetime })
    }

    /// Returns the HMAC-SHA-256 of these texts. Each is preceded by its length, so that different lists never have the same
    /// input.
    fn mac(&self, parts: &[&str]) -> [u8; 32] {
        let mut mac = self.digests.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }

    fn digest(&self, of: TokenSubject<'_>, new_email: &str) -> String {
        let epoch = of.epoch.0.to_string();
        URL_SAFE_NO_PAD.encode(self.mac(&[of.subject, of.email, of.hashed_password.as_stored(), &epoch, new_email]))
    }
}

impl EmailChangeTokens for JwtEmailChangeTokens {
    fn mint_confirm(
        &self,
        of: TokenSubject<'_>,
        new_email: &str,
    ) -> std::result::Result<ConfirmEmailToken, MailTokenError> {
        let digest = self.confirm.digest(of, new_email);
        self.mint(&self.confirm, (of.subject, new_email), None, Some(digest)).map(ConfirmEmailToken::new)
    }

    fn read_confirm(&self, token: &ConfirmEmailToken) -> Option<NewEmail> {
        self.read(&self.confirm, token.secret(), |claims| {
            Some(NewEmail {
                expires_at: claims.expires_at()?,
                id: TokenId::parse(&claims.jti?.0)?,
                subject: claims.sub.0.into_owned(),
                email: claims.email?.0.into_owned(),
                digest: claims.bnd?.0.into_owned(),
            })
        })
    }

    fn is_bound(&self, token: &NewEmail, to: TokenSubject<'_>) -> bool {
        let expected = self.confirm.digest(to, &token.email);
        bool::from(token.digest.as_bytes().ct_eq(expected.as_bytes()))
    }

    fn mint_undo(&self, of: TokenSubject<'_>, recent: bool) -> std::result::Result<UndoEmailToken, MailTokenError> {
        let bnd = recent.then(|| RECENT.to_owned());
        self.mint(&self.undo, (of.subject, of.email), Some(of.epoch), bnd).map(UndoEmailToken::new)
    }

    fn read_undo(&self, token: &UndoEmailToken) -> Option<OldEmail> {
        self.read(&self.undo, token.secret(), |claims| {
            Some(OldEmail {
                expires_at: claims.expires_at()?,
                epoch: Epoch(claims.epoch?),
                recent: claims.bnd.is_some_and(|bnd| bnd.0 == RECENT),
                id: TokenId::parse(&claims.jti?.0)?,
                subject: claims.sub.0.into_owned(),
                email: claims.email?.0.into_owned(),
            })
        })
    }

    fn recent_email(&self, subject: &str, email: &str) -> TokenId {
        let email = CanonicalEmail::of(email);
        let digest = self.undo.mac(&["recent", subject, email.as_str()]);
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        TokenId::from_random(half)
    }
}

/// The binding of a token for an address that the account got by another change shortly before: the epoch.
const RECENT: &str = "epoch";
