//! The Redis session strategy.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    record::{found, later, listed},
    script,
};
use crate::{
    adapter::{
        redis::Redis,
        session_tokens::{
            RedisSessions, SessionSettings,
            token::{is_well_formed, name_of, token_of},
        },
    },
    domain::{AccessToken, ListedSession, Login, Relaxation, Result, SessionKey, TOUCH_EVERY, Timestamp, TokenId},
    port::{BoxFuture, Clock, Random, Resolved, RevocationStore, Strategy, StrategyError},
};

/// How long the end of a session that never expires is recorded: ten years.
const UNLIMITED: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

/// The longest time passed to Redis, 31,000 years, so that its arithmetic does not overflow.
const LONGEST: u64 = 1_000_000_000_000_000;

/// Random tokens whose sessions are stored in Redis, like fastapi-users' Redis strategy.
///
/// The key of a session is the [prefix](Redis::prefix), `session:` and the digest of its token. The value is a hash
/// with the user's id and epoch, the session's id, the times of the login and of the last use, the device and the
/// backend. The key of the prefix, `user:` and the user's id holds an index of the user's sessions. Redis removes both
/// at their expiry; a logout removes the session at once. Sessions that were ended by a raised epoch, for instance by a
/// change of the password, are refused by the query that loads the user, as for JWTs.
///
/// With [`RedisSessions::plaintext_tokens`] the entry of fastapi-users is stored as well: `fastapi_users_token:`
/// followed by the token, with the user's id as the value. A logout in either service ends the session in both.
///
/// Supports a single server or a primary with replicas, but not Redis Cluster, because the keys of one user are in
/// different slots.
///
/// # Security
/// While Redis is down, requests with such a token are refused with status 503. If Redis loses its latest writes in a
/// crash, a session that was logged out becomes valid again; `appendfsync always` prevents this, and so does
/// [`RedisSessions::revoked_in_database`].
pub struct RedisTokens {
    redis: Redis,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    settings: SessionSettings,
    backend: Option<String>,
    revocations: Option<Arc<dyn RevocationStore>>,
}

impl RedisTokens {
    /// Creates the strategy.
    ///
    /// # Errors
    /// [`Error::Config`](crate::domain::Error::Config) for overlapping key prefixes, a lifetime of zero, an idle limit
    /// under two minutes, or a maximum of zero sessions.
    pub fn new(sessions: RedisSessions, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self> {
        let RedisSessions { place: redis, settings } = sessions;
        redis.check()?;
        Ok(Self { redis, clock, random, settings: settings.check()?, backend: None, revocations: None })
    }

    /// Adds sessions that belong to this backend, and refuses sessions that belong to another. Sessions without a backend
    /// are accepted: those of fastapi-users, and those that were added under a policy without this rule.
    #[must_use]
    pub fn of_backend(self, backend: Option<String>) -> Self {
        Self { backend, ..self }
    }

    /// Also records sessions that were ended by a logout or by their owner in `store`, so that they stay ended if Redis
    /// restores an older snapshot.
    #[must_use]
    pub fn revoking(self, store: Arc<dyn RevocationStore>) -> Self {
        Self { revocations: Some(store), ..self }
    }

    /// Records that a session was ended, until it would have expired.
    async fn record_end(&self, id: &TokenId) -> Result<(), StrategyError> {
        let Some(store) = &self.revocations else { return Ok(()) };
        let (lifetime, _) = self.settings.ends_after();
        let until = later(self.clock.now(), lifetime.unwrap_or(UNLIMITED)).unwrap_or(Timestamp::MAX_UTC);
        store.revoke(id, until).await
    }

    async fn add(&self, token: &AccessToken, name: &TokenId, login: &Login) -> Result<(), StrategyError> {
        let digest = SessionKey::hashed(token);
        let session = self.session(digest.as_str());
        let (index, plain) = (self.index(&login.subject), self.redis.upstream_key(token.secret()));
        let keys = [session.as_str(), &index, &plain];
        let keys = if self.settings.plaintext.are_stored() { &keys[..] } else { &keys[..2] };
        let (lifetime, idle) = self.settings.ends_after();
        let args = [
            self.session(""),
            format!("{}{}", name.0, digest.as_str()),
            milliseconds([lifetime, idle].into_iter().flatten().min()),
            milliseconds(lifetime),
            self.settings.cap().to_string(),
            login.subject.clone(),
            login.epoch.0.to_string(),
            name.0.clone(),
            login.at.timestamp_millis().to_string(),
            login.device.client.map(|client| client.to_string()).unwrap_or_default(),
            login.device.user_agent.clone().unwrap_or_default(),
            self.backend.clone().unwrap_or_default(),
            login.methods.to_string(),
            login.logged_in_at.map(|at| at.timestamp_millis().to_string()).unwrap_or_default(),
            u8::from(login.seed.is_some()).to_string(),
        ];
        self.run::<i64>(script::ADD, keys, &args).await.map(drop)
    }

    /// Looks up a session. The expiry in Redis only cleans up: the service's clock decides whether a session is valid.
    async fn find(&self, token: &AccessToken) -> Result<Option<Resolved>, StrategyError> {
        let now = self.clock.now();
        let (lifetime, idle) = self.settings.ends_after();
        let args = [
            now.timestamp_millis().to_string(),
            milliseconds(lifetime),
            milliseconds(idle),
            milliseconds(Some(TOUCH_EVERY)),
            self.backend.clone().unwrap_or_default(),
        ];
        let reply: Option<Vec<String>> = self.run_for(token, script::FIND, &args).await?;
        Ok(reply.and_then(|reply| found(&reply, now, lifetime)).map(Resolved::Session))
    }

    /// Runs a script on the session of a token. The plaintext key is included only while such tokens are accepted.
    async fn run_for<T: redis::FromRedisValue>(
        &self,
        token: &AccessToken,
        script: &str,
        args: &[String],
    ) -> Result<T, StrategyError> {
        let session = self.session(SessionKey::hashed(token).as_str());
        let plain = self.redis.upstream_key(token.secret());
        let keys = [session.as_str(), &plain];
        let keys = if self.settings.plaintext.are_accepted(self.clock.now()) { &keys[..] } else { &keys[..1] };
        self.run(script, keys, args).await
    }

    async fn run<T: redis::FromRedisValue>(
        &self,
        script: &str,
        keys: &[&str],
        args: &[String],
    ) -> Result<T, StrategyError> {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.redis.run(script, keys, &args).await.map_err(StrategyError::unavailable)
    }

    fn session(&self, digest: &str) -> String {
        self.redis.key("session", digest)
    }

    fn index(&self, subject: &str) -> String {
        self.redis.key("user", subject)
    }

    fn is_live(&self, listed: &ListedSession, now: Timestamp) -> bool {
        let (_, idle) = self.settings.ends_after();
        let used = listed.last_seen_at.or(listed.begun_at());
        let idle_end = used.zip(idle).and_then(|(used, idle)| later(used, idle));
        [listed.session.expires_at, idle_end].into_iter().flatten().all(|end| now < end)
    }
}

impl Strategy for RedisTokens {
    fn issue<'a>(&'a self, login: &'a Login) -> BoxFuture<'a, Result<AccessToken, StrategyError>> {
        Box::pin(async move {
            let token = token_of(login, self.random.as_ref()).map_err(StrategyError::unavailable)?;
            let name = name_of(login, self.random.as_ref()).map_err(StrategyError::unavailable)?;
            self.add(&token, &name, login).await?;
            Ok(token)
        })
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), StrategyError>> {
        Box::pin(async { self.redis.ping().await.map_err(StrategyError::unavailable) })
    }

    fn resolve<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, Result<Option<Resolved>, StrategyError>> {
        Box::pin(async move { if is_well_formed(token) { self.find(token).await } else { Ok(None) } })
    }

    fn revoke<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, Result<(), StrategyError>> {
        Box::pin(async move {
            if !is_well_formed(token) {
                return Ok(());
            }
            if self.revocations.is_some() {
                let session = self.session(SessionKey::hashed(token).as_str());
                let id: Option<String> = self
                    .redis
                    .send(redis::cmd("HGET").arg(session).arg("name"))
                    .await
                    .map_err(StrategyError::unavailable)?;
                if let Some(id) = id {
                    self.record_end(&TokenId(id)).await?;
                }
            }
            let args = [self.index(""), SessionKey::hashed(token).as_str().to_owned()];
            self.run_for::<i64>(token, script::REVOKE, &args).await.map(drop)
        })
    }

    fn list<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Vec<ListedSession>, StrategyError>> {
        Box::pin(async move {
            let now = self.clock.now();
            let (lifetime, _) = self.settings.ends_after();
            let index = self.index(subject);
            let reply: Vec<Vec<Option<String>>> = self.run(script::LIST, &[&index], &[self.session("")]).await?;
            let finds_plaintext = self.settings.plaintext.are_accepted(now);
            Ok(reply
                .into_iter()
                .filter_map(|fields| listed(fields, lifetime))
                .filter(|(session, in_plaintext)| (finds_plaintext || !in_plaintext) && self.is_live(session, now))
                .map(|(session, _)| session)
                .collect())
        })
    }

    fn end<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StrategyError>> {
        Box::pin(async move {
            let index = self.index(subject);
            let ended: i64 = self.run(script::END, &[&index], &[self.session(""), id.0.clone()]).await?;
            // Only now is it known that the session belongs to this user.
            if ended > 0 {
                self.record_end(id).await?;
            }
            Ok(ended > 0)
        })
    }

    fn lifetime(&self) -> Option<Duration> {
        self.settings.ends_after().0
    }

    fn session_cap(&self) -> Option<u32> {
        Some(self.settings.cap())
    }

    fn idle_limit(&self) -> Option<Duration> {
        self.settings.chosen_idle()
    }

    fn largest_token(&self, _: usize) -> Option<usize> {
        Some(SessionKey::CHARS)
    }

    fn relaxations(&self) -> Vec<Relaxation> {
        self.settings.relaxed()
    }
}

/// Formats a time in milliseconds for a script; 0 stands for no limit.
fn milliseconds(time: Option<Duration>) -> String {
    let milliseconds = time.map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(LONGEST).clamp(1, LONGEST));
    milliseconds.to_string()
}

impl fmt::Debug for RedisTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTokens")
            .field("redis", &self.redis)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
