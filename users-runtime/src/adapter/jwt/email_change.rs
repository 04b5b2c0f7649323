//! The tokens of a change of the address.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use subtle::ConstantTimeEq as _;

use super::{purpose::Purpose, purpose_keys::PurposeKeys, strategy::fresh_token_id};
use crate::{
    domain::{CanonicalEmail, ConfirmEmailToken, Epoch, Result, SecretKey, TokenId, UndoEmailToken},
    port::{
        CONFIRM_LIFETIME, Clock, EmailChangeTokens, MailTokenError, NewEmail, OldEmail, Random, TokenSubject,
        UNDO_LIFETIME,
    },
};

/// Tokens of a change of the address as JSON Web Tokens with HS256. fastapi-users has no such tokens, so they have
/// separate keys under every policy.
///
/// Both kinds have the claims `sub`, `email`, `aud`, `exp`, `iat` and `jti`. A token for a new address has `bnd`, the keyed
/// digest of the state to which it is bound; a token that undoes a change has `epoch`, and `bnd` if it is for a recent address.
pub(crate) struct JwtEmailChangeTokens {
    confirm: PurposeKeys,
    undo: PurposeKeys,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
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
            confirm: PurposeKeys::derived(Purpose::ConfirmEmail, secret)?,
            undo: PurposeKeys::derived(Purpose::UndoEmail, secret)?,
            clock,
            random,
        })
    }

    fn mint(
        &self,
        (keys, lifetime): (&PurposeKeys, Duration),
        (sub, email): (&str, &str),
        epoch: Option<Epoch>,
        bnd: Option<String>,
    ) -> std::result::Result<String, MailTokenError> {
        let now = self.clock.now();
        let claims = ChangeClaims {
            sub,
            email,
            aud: keys.audience(),
            exp: (now + lifetime).timestamp(),
            iat: now.timestamp(),
            jti: fresh_token_id(self.random.as_ref()).map_err(|_| MailTokenError::Failed)?,
            epoch: epoch.map(|epoch| epoch.0),
            bnd,
        };
        keys.sign(&claims).ok_or(MailTokenError::Failed)
    }

    fn digest(&self, of: TokenSubject<'_>, new_email: &str) -> String {
        let epoch = of.epoch.0.to_string();
        let parts = [of.subject, of.email, of.hashed_password.as_stored(), &epoch, new_email];
        URL_SAFE_NO_PAD.encode(self.confirm.mac(&parts))
    }
}

impl EmailChangeTokens for JwtEmailChangeTokens {
    fn mint_confirm(
        &self,
        of: TokenSubject<'_>,
        new_email: &str,
    ) -> std::result::Result<ConfirmEmailToken, MailTokenError> {
        let digest = self.digest(of, new_email);
        let minted = self.mint((&self.confirm, CONFIRM_LIFETIME), (of.subject, new_email), None, Some(digest));
        minted.map(ConfirmEmailToken::new)
    }

    fn read_confirm(&self, token: &ConfirmEmailToken) -> Option<NewEmail> {
        self.confirm.read(token.secret(), self.clock.now(), |claims| {
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
        let expected = self.digest(to, &token.email);
        bool::from(token.digest.as_bytes().ct_eq(expected.as_bytes()))
    }

    fn mint_undo(&self, of: TokenSubject<'_>, recent: bool) -> std::result::Result<UndoEmailToken, MailTokenError> {
        let bnd = recent.then(|| RECENT.to_owned());
        self.mint((&self.undo, UNDO_LIFETIME), (of.subject, of.email), Some(of.epoch), bnd).map(UndoEmailToken::new)
    }

    fn read_undo(&self, token: &UndoEmailToken) -> Option<OldEmail> {
        self.undo.read(token.secret(), self.clock.now(), |claims| {
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
        self.undo.name(&["recent", subject, email.as_str()])
    }
}

/// The binding of a token for an address that the account got by another change shortly before: the epoch.
const RECENT: &str = "epoch";
