//! The strategy.

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
            token::{fresh_name, fresh_token, is_well_formed},
        },
    },
    domain::{AccessToken, ListedSession, Login, Relaxation, Result, SessionKey, Timestamp, TokenId},
    port::{BoxFuture, Clock, Random, Resolved, Strategy, StrategyError},
};

/// How old the note of a session's last use may become before it is written anew.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// The longest time that Redis is told, so that its sums do not overflow: 31,000 years.
const LONGEST: u64 = 1_000_000_000_000_000;

/// Tokens whose sessions are kept in Redis (fastapi-users' Redis strategy, contract.md section 9).
///
/// A token is random and means nothing. Its session is a hash under `axum_users:session:` and the token's digest, with the
/// user's id, the epoch, the session's name, the time of the login and of the last use, and the device. `axum_users:user:` and
/// the user's id is an index of a user's sessions. Redis removes both when they end, and logout at once. Whether a session
/// was ended by a raised epoch, such as by a change of the password, the query that loads the user decides, as for JWTs.
///
/// Under [`RedisSessions::plaintext_tokens`] there is beside it what fastapi-users reads: `fastapi_users_token:` and the token,
/// with the user's id as value. A logout there ends the session here, and the other way round.
///
/// One server, or one address that leads to the primary of several. Not a cluster: the keys of a user's sessions
/// lie in different slots.
///
/// # Security
/// With Redis down, nobody whose token is kept there gets in, and requests are refused with 503. A session that was logged
/// out comes back if Redis loses its newest writes in a crash; `appendfsync always` prevents it.
pub struct RedisTokens {
    redis: Redis,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    settings: SessionSettings,
}

impl RedisTokens {
    /// The strategy with these settings.
    ///
    /// # Errors
    /// [`Error::Config`](crate::domain::Error::Config) for prefixes of keys that overlap, a
    /// lifetime of zero, an idle limit under two minutes, or a cap of zero sessions.
    pub fn new(sessions: RedisSessions, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self> {
        let RedisSessions { place: redis, settings } = sessions;
        redis.check()?;
        Ok(Self { redis, clock, random, settings: settings.check()? })
    }

    async fn add(&self, token: &AccessToken, name: &TokenId, login: &Login) -> Result<(), StrategyError> {
        let digest = SessionKey::hashed(token);
        let session = self.session(digest.as_str());
        let (index, plain) = (self.index(&login.subject), self.redis.upstream_key(token.secret()));
        let keys = [session.as_str(), &index, &plain];
        let keys = if self.settings.is_plaintext() { &keys[..] } else { &keys[..2] };
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
        ];
        self.run::<i64>(script::ADD, keys, &args).await.map(drop)
    }

    /// Redis' own end is only the broom: whether a session is alive is decided by the clock of this service.
    async fn find(&self, token: &AccessToken) -> Result<Option<Resolved>, StrategyError> {
        let now = self.clock.now();
        let (lifetime, idle) = self.settings.ends_after();
        let args = [
            now.timestamp_millis().to_string(),
            milliseconds(lifetime),
            milliseconds(idle),
            milliseconds(Some(TOUCH_EVERY)),
        ];
        let answer: Option<Vec<String>> = self.run_for(token, script::FIND, &args).await?;
        Ok(answer.and_then(|answer| found(&answer, now, lifetime)).map(Resolved::Session))
    }

    /// Runs a script about the session of a token. A token in clear is looked up only where such tokens count.
    async fn run_for<T: redis::FromRedisValue>(
        &self,
        token: &AccessToken,
        script: &str,
        args: &[String],
    ) -> Result<T, StrategyError> {
        let session = self.session(SessionKey::hashed(token).as_str());
        let plain = self.redis.upstream_key(token.secret());
        let keys = [session.as_str(), &plain];
        let keys = if self.settings.finds_plaintext(self.clock.now()) { &keys[..] } else { &keys[..1] };
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
        let used = listed.last_seen_at.or(listed.session.logged_in_at);
        let idle_end = used.zip(idle).and_then(|(used, idle)| later(used, idle));
        [listed.session.expires_at, idle_end].into_iter().flatten().all(|end| now < end)
    }
}

impl Strategy for RedisTokens {
    fn issue<'a>(&'a self, login: &'a Login) -> BoxFuture<'a, Result<AccessToken, StrategyError>> {
        Box::pin(async move {
            let token = fresh_token(self.random.as_ref()).map_err(StrategyError::unavailable)?;
            let name = fresh_name(self.random.as_ref()).map_err(StrategyError::unavailable)?;
            self.add(&token, &name, login).await?;
            Ok(token)
        })
    }

    fn resolve<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, Result<Option<Resolved>, StrategyError>> {
        Box::pin(async move { if is_well_formed(token) { self.find(token).await } else { Ok(None) } })
    }

    fn revoke<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, Result<(), StrategyError>> {
        Box::pin(async move {
            if !is_well_formed(token) {
                return Ok(());
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
            let answer: Vec<Vec<Option<String>>> = self.run(script::LIST, &[&index], &[self.session("")]).await?;
            let finds_plaintext = self.settings.finds_plaintext(now);
            Ok(answer
                .into_iter()
                .filter_map(|fields| listed(fields, lifetime))
                .filter(|(session, in_clear)| (finds_plaintext || !in_clear) && self.is_live(session, now))
                .map(|(session, _)| session)
                .collect())
        })
    }

    fn end<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StrategyError>> {
        Box::pin(async move {
            let index = self.index(subject);
            let ended: i64 = self.run(script::END, &[&index], &[self.session(""), id.0.clone()]).await?;
            Ok(ended > 0)
        })
    }

    fn largest_token(&self, _: usize) -> Option<usize> {
        Some(SessionKey::CHARS)
    }

    fn relaxations(&self) -> Vec<Relaxation> {
        self.settings.relaxed()
    }
}

/// For a script: a time in milliseconds, 0 for none.
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
