//! The client secret of Apple: a token that the application signs.

use chrono::TimeDelta;
use serde::Serialize;

use crate::{
    adapter::jwt::{SigningKeyPair, sign_claims},
    domain::{Result, Timestamp},
};

/// How long a client secret is valid. Apple allows six months; it is made for each exchange.
const LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// The key with which an application signs its client secrets for Apple
/// (<https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret>).
#[derive(Debug, Clone)]
pub struct AppleKey {
    team: String,
    pair: SigningKeyPair,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    iat: i64,
    exp: i64,
    aud: &'static str,
    sub: &'a str,
}

impl AppleKey {
    /// Reads the private key that Apple offers for download (`AuthKey_….p8`). `team` is the id of the team, `key_id` that
    /// of the key.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) for anything but a private key for ES256 in PEM.
    pub fn new(team: impl Into<String>, key_id: impl Into<String>, private_key: &str) -> Result<Self> {
        Ok(Self { team: team.into(), pair: SigningKeyPair::es256_pem(private_key)?.kid(key_id) })
    }

    /// Signs a client secret.
    pub(super) fn client_secret(&self, client_id: &str, now: Timestamp) -> Option<String> {
        let claims = Claims {
            iss: &self.team,
            iat: now.timestamp(),
            exp: (now + LIFETIME).timestamp(),
            aud: "https://appleid.apple.com",
            sub: client_id,
        };
        sign_claims(self.pair.clone(), &claims)
    }
}
