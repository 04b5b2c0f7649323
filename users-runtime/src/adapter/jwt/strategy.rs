//! Access tokens that contain their session.

use std::{fmt, future::ready, sync::Arc, time::Duration};

use serde::Serialize;

use super::{
    MAX_TOKEN_BYTES,
    claims::{Claims, LATEST},
    jws,
    ring::RotatingKeys,
};
#[cfg(feature = "audit")]
use crate::port::{AuditEntry, SessionChange};
use crate::{
    domain::{
        AccessToken, AuthMethod, AuthMethods, CLOCK_SKEW, Epoch, Login, Relaxation, Session, Timestamp, TokenId,
        is_of_another_backend,
    },
    port::{BoxFuture, Clock, Random, RandomError, Resolved, RevocationStore, Strategy, StrategyError},
};

/// Signed access tokens, compatible with those of fastapi-users (`sub`, `aud`, `exp`), with the additional claims
/// `iat`, `jti` and `epoch`, by which a single token or all tokens of a user can be revoked, `backend`, the name of the
/// backend that the token belongs to, and `amr`, the authentication methods of the login.
///
/// Built from the settings [`Jwt`](super::Jwt). A token resolves only if a configured key signed it and every claim is
/// valid. The user store checks the user's status, the epoch and revocations in the users' database, in the query that
/// loads the user; any other revocation store is queried here.
pub struct JwtStrategy {
    settings: Arc<Settings>,
    backend: Option<String>,
    revocation: Option<Arc<dyn RevocationStore>>,
}

/// The validated settings.
pub(super) struct Settings {
    /// The lifetime in whole seconds; `None` for tokens that do not expire.
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

/// Controls whether tokens without `iat`, `jti` and `epoch` are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UpstreamTokens {
    Refused,
    Accepted,
    AcceptedUntil(Timestamp),
}

/// The claims of a minted token, in the order of fastapi-users, followed by ours.
#[derive(Serialize)]
struct AccessClaims<'a> {
    sub: &'a str,
    aud: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    iat: i64,
    jti: &'a str,
    epoch: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    backend: Option<&'a str>,
    /// The authentication methods of the login (RFC 8176).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    amr: Vec<&'static str>,
    /// The session, if a refresh issued the token: `jti` then identifies only the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    /// The time of the login, if a refresh issued the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
}

/// The length of 128 bits in base64url.
const TOKEN_ID_CHARS: usize = 22;

impl JwtStrategy {
    pub(super) fn new(settings: Settings) -> Self {
        let revocation = settings.revocation.clone();
        Self { settings: Arc::new(settings), backend: None, revocation }
    }

    /// Mints tokens that belong to this backend, and refuses tokens that belong to another. Tokens without a backend are
    /// accepted: those of fastapi-users, and those that were minted under a policy without this rule.
    #[must_use]
    pub fn of_backend(self, backend: Option<String>) -> Self {
        Self { backend, ..self }
    }

    /// Returns the keys, to replace them while the service runs.
    #[must_use]
    pub fn keys(&self) -> RotatingKeys {
        self.settings.keys.clone()
    }

    /// Returns the audiences, for [`ensure_distinct_audiences`](super::ensure_distinct_audiences).
    #[must_use]
    pub fn audiences(&self) -> &[String] {
        &self.settings.audience
    }

    fn mint(&self, login: &Login) -> Result<AccessToken, StrategyError> {
        let Settings { lifetime, audience, keys, clock, random, .. } = &*self.settings;
        let jti = match (&login.seed, &login.session_id) {
            (Some(seed), _) => seed.id().0,
            (None, Some(id)) => id.0.clone(),
            (None, None) => fresh_token_id(random.as_ref()).map_err(StrategyError::unavailable)?,
        };
        // A repeated response of a refresh contains the same times.
        let from = if login.seed.is_some() { login.at } else { clock.now() };
        let claims = AccessClaims {
            sub: &login.subject,
            aud: audience,
            exp: lifetime.map(|lifetime| (from + lifetime).timestamp()),
            iat: login.at.timestamp(),
            jti: &jti,
            epoch: login.epoch.0,
            backend: self.backend.as_deref(),
            amr: login.methods.iter().map(AuthMethod::name).collect(),
            sid: login.seed.as_ref().and(login.session_id.as_ref()).map(|id| id.0.as_str()),
            auth_time: login.logged_in_at.map(|at| at.timestamp()),
        };
        jws::sign(&keys.current(), &claims).map(AccessToken::new).ok_or_else(|| StrategyError::unavailable(CANNOT_SIGN))
    }

    /// Reads a token of this backend.
    fn read(&self, token: &AccessToken) -> Option<Session> {
        let (session, backend) = self.read_of_any_backend(token)?;
        (!is_of_another_backend(self.backend.as_deref(), backend.as_deref())).then_some(session)
    }

    /// Reads a token, and the backend that it belongs to.
    fn read_of_any_backend(&self, token: &AccessToken) -> Option<(Session, Option<String>)> {
        let Settings { lifetime, audience, keys, leeway, clock, .. } = &*self.settings;
        let payload = jws::verify(&keys.current(), token.secret())?;
        let claims = Claims::read(&payload)?;
        let now = clock.now();
        if !claims.is_for(audience) || !claims.is_live(now, *leeway) {
            return None;
        }
        let (expires_at, issued_at, logged_in_at) = (claims.expires_at(), claims.issued_at(), claims.logged_in_at());
        let backend = claims.backend.map(|backend| backend.0.into_owned());
        let methods = claims.amr.iter().flatten().filter_map(|name| AuthMethods::named(&name.0)).collect();
        let session = match (claims.jti, claims.epoch, issued_at) {
            (Some(jti), Some(epoch), Some(_)) => {
                let may_lack_exp = lifetime.is_none();
                // Every token of a session that is refreshed ends with the session.
                let named = claims.sid.unwrap_or(jti);
                let token_id = is_token_id(&named.0).then(|| TokenId(named.0.into_owned()))?;
                (expires_at.is_some() || may_lack_exp).then(|| Session {
                    token_id: Some(token_id),
                    epoch: Some(Epoch(epoch)),
                    logged_in_at,
                    expires_at,
                    methods,
                    ..Session::new(claims.sub.0)
                })
            }
            (None, None, None) if self.accepts_upstream(now) => {
                Some(Session { expires_at, ..Session::new(claims.sub.0) })
            }
            // Only some of the three claims: minted by neither system.
            _ => None,
        };
        Some((session?, backend))
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
            if let (Some(store), Some(token_id)) = (&self.revocation, &session.token_id)
                && store.is_revoked(token_id).await?
            {
                return Ok(None);
            }
            Ok(Some(Resolved::Session(session)))
        })
    }

    /// Records the token's `jti` as revoked until the token expires. A token that does not resolve needs no revocation.
    /// A token without `jti` (fastapi-users') cannot be revoked, and without a revocation store no token can; such
    /// tokens stay valid until they expire.
    fn revoke<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, Result<(), StrategyError>> {
        Box::pin(async move {
            let Some(store) = &self.revocation else {
                return Ok(());
            };
            // Two cookie backends may share a cookie: a login at one of them replaces the token of the other.
            let Some((session, _)) = self.read_of_any_backend(token) else {
                return Ok(());
            };
            let Some(token_id) = session.token_id else {
                return Ok(());
            };
            // The leeway extends the validity of the token, and another node's clock may be behind: the record must last
            // until the token is expired there as well.
            let until = session.expires_at.map_or_else(latest_time, |end| {
                // Another token of the session may have been issued later.
                let latest = self.settings.lifetime.map_or(end, |lifetime| self.settings.clock.now() + lifetime);
                end.max(latest) + self.settings.leeway + CLOCK_SKEW
            });
            store.revoke(&token_id, until).await
        })
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), StrategyError>> {
        match &self.revocation {
            Some(store) => store.ping(),
            None => Box::pin(ready(Ok(()))),
        }
    }

    fn lifetime(&self) -> Option<Duration> {
        self.settings.lifetime
    }

    /// Signs a token in which every number has its maximum length. Keys that are set later may need a few bytes more.
    fn largest_token(&self, id_bytes: usize) -> Option<usize> {
        let claims = AccessClaims {
            sub: &"x".repeat(id_bytes),
            aud: &self.settings.audience,
            exp: self.settings.lifetime.map(|_| LATEST),
            iat: LATEST,
            jti: &"x".repeat(TOKEN_ID_CHARS),
            epoch: i64::MIN,
            backend: self.backend.as_deref(),
            amr: AuthMethod::ALL.map(AuthMethod::name).into(),
            sid: Some(&"x".repeat(TOKEN_ID_CHARS)),
            auth_time: Some(LATEST),
        };
        // Longer tokens are not signed.
        Some(jws::sign(&self.settings.keys.current(), &claims).map_or(MAX_TOKEN_BYTES, |token| token.len()))
    }

    /// A login stores nothing.
    #[cfg(feature = "audit")]
    fn recording(self: Arc<Self>, change: SessionChange, entries: Arc<[AuditEntry]>) -> Option<Arc<dyn Strategy>> {
        if change == SessionChange::Begins {
            return None;
        }
        let revocation = Arc::clone(self.revocation.as_ref()?).recording(entries)?;
        let (settings, backend) = (Arc::clone(&self.settings), self.backend.clone());
        Some(Arc::new(Self { settings, backend, revocation: Some(revocation) }))
    }

    fn relaxations(&self) -> Vec<Relaxation> {
        let mut open = self.settings.relaxations.clone();
        open.extend(self.settings.keys.current().relaxations());
        open
    }
}

const CANNOT_SIGN: &str = "the token could not be signed";

/// Generates a token id: 128 random bits.
pub(super) fn fresh_token_id(random: &dyn Random) -> Result<String, RandomError> {
    let mut bits = [0_u8; 16];
    random.fill(&mut bits)?;
    Ok(TokenId::from_random(bits).0)
}

/// Returns `true` if `text` has the form of a token id. It is used as a key in stores.
fn is_token_id(text: &str) -> bool {
    text.len() == TOKEN_ID_CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn latest_time() -> Timestamp {
    Timestamp::from_timestamp(LATEST, 0).unwrap_or(Timestamp::MAX_UTC)
}

impl fmt::Debug for JwtStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtStrategy")
            .field("lifetime", &self.settings.lifetime)
            .field("audience", &self.settings.audience)
            .field("keys", &self.settings.keys.current().keys())
            .field("revocation", &self.revocation.is_some())
            .finish_non_exhaustive()
    }
}
