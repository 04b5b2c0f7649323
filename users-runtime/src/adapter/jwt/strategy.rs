//! Access tokens that carry their own session.

use std::{fmt, future::ready, sync::Arc, time::Duration};

use serde::Serialize;

use super::{
    MAX_TOKEN_BYTES,
    claims::{Claims, LATEST},
    jws,
    ring::RotatingKeys,
};
use crate::{
    domain::{AccessToken, Epoch, Login, Relaxation, Session, Timestamp, TokenId},
    port::{BoxFuture, Clock, Random, RandomError, Resolved, RevocationStore, Strategy, StrategyError},
};

/// Signed tokens as on the wire of fastapi-users (contract.md section 10): `sub`, `aud`, `exp`, and of our own `iat`, `jti`
/// and `epoch`, by which a token can be revoked alone or with all others of its user.
///
/// Made by [`Jwt`](super::Jwt). A token resolves only if a configured key signed it and then every claim holds; the
/// user's state, the epoch and what is noted in the user's database about tokens are the store's to check, in the query
/// that loads the user; a list of revoked tokens elsewhere is asked here.
pub struct JwtStrategy {
    settings: Settings,
}

/// What was configured, checked and ready to use.
pub(super) struct Settings {
    /// Whole seconds; `None` for tokens without an end.
    pub(super) lifetime: Option<Duration>,
    pub(super) audience: Vec<String>,
    pub(super) keys: RotatingKeys,
    pub(super) leeway: Duration,
    pub(super) upstream: UpstreamTokens,
    pub(super) revocation: Option<Arc<dyn RevocationStore>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) relaxations: Vec<Relaxation>,
}

/// Whether tokens without `iat`, `jti` and `epoch` count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UpstreamTokens {
    Refused,
    Accepted,
    AcceptedUntil(Timestamp),
}

/// The claims of a minted token, in the order of the wire with ours behind.
#[derive(Serialize)]
struct AccessClaims<'a> {
    sub: &'a str,
    aud: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    iat: i64,
    jti: &'a str,
    epoch: i64,
}

/// How many characters 128 bits take in base64url.
const TOKEN_ID_CHARS: usize = 22;

impl JwtStrategy {
    pub(super) const fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// The keys, to swap them while the service runs.
    #[must_use]
    pub fn keys(&self) -> RotatingKeys {
        self.settings.keys.clone()
    }

    /// The audiences, for [`ensure_distinct_audiences`](super::ensure_distinct_audiences).
    #[must_use]
    pub fn audiences(&self) -> &[String] {
        &self.settings.audience
    }

    fn mint(&self, login: &Login) -> Result<AccessToken, StrategyError> {
        let Settings { lifetime, audience, keys, clock, random, .. } = &self.settings;
        let jti = fresh_token_id(random.as_ref()).map_err(StrategyError::unavailable)?;
        let claims = AccessClaims {
            sub: &login.subject,
            aud: audience,
            exp: lifetime.map(|lifetime| (clock.now() + lifetime).timestamp()),
            iat: login.at.timestamp(),
            jti: &jti,
            epoch: login.epoch.0,
        };
        jws::sign(&keys.current(), &claims).map(AccessToken::new).ok_or_else(|| StrategyError::unavailable(CANNOT_SIGN))
    }

    fn read(&self, token: &AccessToken) -> Option<Session> {
        let Settings { lifetime, audience, keys, leeway, clock, .. } = &self.settings;
        let payload = jws::verify(&keys.current(), token.secret())?;
        let claims = Claims::read(&payload)?;
        let now = clock.now();
        if !claims.is_for(audience) || !claims.is_live(now, *leeway) {
            return None;
        }
        let (expires_at, logged_in_at) = (claims.expires_at(), claims.issued_at());
        match (claims.jti, claims.epoch, logged_in_at) {
            (Some(jti), Some(epoch), Some(_)) => {
                let may_lack_end = lifetime.is_none();
                let token_id = is_token_id(&jti.0).then(|| TokenId(jti.0.into_owned()))?;
                (expires_at.is_some() || may_lack_end).then(|| Session {
                    subject: claims.sub.0.into_owned(),
                    token_id: Some(token_id),
                    epoch: Some(Epoch(epoch)),
                    logged_in_at,
                    expires_at,
                })
            }
            (None, None, None) if self.accepts_upstream(now) => Some(Session {
                subject: claims.sub.0.into_owned(),
                token_id: None,
                epoch: None,
                logged_in_at: None,
                expires_at,
            }),
            // Some of the three: nobody mints that.
            _ => None,
        }
    }

    fn accepts_upstream(&self, now: Timestamp) -> bool {
        match self.settings.upstream {
            UpstreamTokens::Refused => false,
            UpstreamTokens::Accepted => true,
            UpstreamTokens::AcceptedUntil(until) => now < until,
        }
    }
}

impl Strategy for JwtStrategy {
    fn issue<'a>(&'a self, login: &'a Login) -> BoxFuture<'a, Result<AccessToken, StrategyError>> {
        Box::pin(ready(self.mint(login)))
    }

    fn resolve<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, Result<Option<Resolved>, StrategyError>> {
        Box::pin(async move {
            let Some(session) = self.read(token) else { return Ok(None) };
            if let (Some(store), Some(token_id)) = (&self.settings.revocation, &session.token_id)
                && store.is_revoked(token_id).await?
            {
                return Ok(None);
            }
            Ok(Some(Resolved::Session(session)))
        })
    }

    /// Notes the token's name as revoked until it ends by itself. A token that does not resolve is dead already. One without
    /// a name (fastapi-users') cannot be revoked, and without a revocation store none can: both stay alive, as upstream.
    fn revoke<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, Result<(), StrategyError>> {
        Box::pin(async move {
            let Some(store) = &self.settings.revocation else {
                return Ok(());
            };
            let Some(session) = self.read(token) else {
                return Ok(());
            };
            let Some(token_id) = session.token_id else {
                return Ok(());
            };
            // With a leeway the token lives on a little after its end, and so must the note.
            let until = session.expires_at.map_or_else(the_latest_time, |end| end + self.settings.leeway);
            store.revoke(&token_id, until).await
        })
    }

    /// Signs a token whose every number is as long as it can be. Keys that are swapped in later may need a few bytes more.
    fn largest_token(&self, id_bytes: usize) -> Option<usize> {
        let claims = AccessClaims {
            sub: &"x".repeat(id_bytes),
            aud: &self.settings.audience,
            exp: self.settings.lifetime.map(|_| LATEST),
            iat: LATEST,
            jti: &"x".repeat(TOKEN_ID_CHARS),
            epoch: i64::MIN,
        };
        // What would be longer is not signed.
        Some(jws::sign(&self.settings.keys.current(), &claims).map_or(MAX_TOKEN_BYTES, |token| token.len()))
    }

    fn relaxations(&self) -> Vec<Relaxation> {
        let mut open = self.settings.relaxations.clone();
        open.extend(self.settings.keys.current().relaxations());
        open
    }
}

const CANNOT_SIGN: &str = "the token could not be signed";

/// Makes the name of a token: 128 random bits.
pub(super) fn fresh_token_id(random: &dyn Random) -> Result<String, RandomError> {
    let mut bits = [0_u8; 16];
    random.fill(&mut bits)?;
    Ok(TokenId::from_random(bits).0)
}

/// Whether `text` has the form of a token's name; it becomes a key in a store.
fn is_token_id(text: &str) -> bool {
    text.len() == TOKEN_ID_CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn the_latest_time() -> Timestamp {
    Timestamp::from_timestamp(LATEST, 0).unwrap_or(Timestamp::MAX_UTC)
}

impl fmt::Debug for JwtStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtStrategy")
            .field("lifetime", &self.settings.lifetime)
            .field("audience", &self.settings.audience)
            .field("keys", &self.settings.keys.current().keys())
            .field("revocation", &self.settings.revocation.is_some())
            .finish_non_exhaustive()
    }
}
