//! A login whose first factor is verified and whose second is not: the client of a flow with an OAuth provider gets it
//! instead of a session.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::ActiveMfa;
use crate::{
    domain::{AuthMethods, Epoch, Timestamp, TokenId},
    port::{Opened, Random, RandomError, SealedField},
    user::AuthUser,
};

/// The time limit for the second factor: half the lifetime of an OAuth `state`.
const LIFETIME: Duration = Duration::from_secs(300);

/// A login that waits for a second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PendingLogin {
    /// The id under which its use is recorded.
    pub(crate) id: TokenId,
    pub(crate) subject: String,
    /// The user's epoch when the first factor was verified.
    pub(crate) epoch: Epoch,
    /// The methods that were used.
    pub(crate) methods: AuthMethods,
    pub(crate) expires_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    id: String,
    sub: String,
    epoch: i64,
    amr: String,
    exp: i64,
}

impl PendingLogin {
    pub(crate) fn new(id: TokenId, subject: String, epoch: Epoch, methods: AuthMethods, now: Timestamp) -> Self {
        Self { id, subject, epoch, methods, expires_at: now + LIFETIME }
    }
}

impl<U: AuthUser> ActiveMfa<U> {
    fn field_of<T>(&self, backend: &str, then: impl FnOnce(&SealedField<'_>) -> T) -> T {
        then(&SealedField { column: "mfa_token", row: &[self.user_type, backend] })
    }

    /// Returns the token of a pending login, for one backend. It is encrypted and authenticated, and nothing is stored.
    pub(crate) fn token_of(
        &self,
        pending: &PendingLogin,
        backend: &str,
        random: &dyn Random,
    ) -> Result<String, RandomError> {
        let claims = Claims {
            id: pending.id.0.clone(),
            sub: pending.subject.clone(),
            epoch: pending.epoch.0,
            amr: pending.methods.to_string(),
            exp: pending.expires_at.timestamp(),
        };
        let plain = serde_json::to_vec(&claims).map_err(|_| RandomError)?;
        let sealed = self.field_of(backend, |field| self.sealer.seal(field, &plain, random))?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Reads a token. `None` if this service did not issue it for this backend, or if it has expired at `now`.
    pub(crate) fn pending_of(&self, token: &str, backend: &str, now: Timestamp) -> Option<PendingLogin> {
        const LONGEST: usize = 4096;
        let sealed = (token.len() <= LONGEST).then(|| URL_SAFE_NO_PAD.decode(token).ok()).flatten()?;
        let sealed = String::from_utf8(sealed).ok()?;
        let Opened::Plain(plain) = self.field_of(backend, |field| self.sealer.open(field, &sealed)) else {
            return None;
        };
        let Claims { id, sub, epoch, amr, exp } = serde_json::from_slice(&plain).ok()?;
        let expires_at = Timestamp::from_timestamp(exp, 0)?;
        (expires_at > now).then(|| PendingLogin {
            id: TokenId(id),
            subject: sub,
            epoch: Epoch(epoch),
            methods: AuthMethods::parse(&amr),
            expires_at,
        })
    }
}
