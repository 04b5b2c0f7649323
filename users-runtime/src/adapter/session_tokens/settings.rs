//! The settings of stored sessions: their lifetime, how many a user may have, and how their tokens are stored.

use std::time::Duration;

#[cfg(feature = "redis")]
use crate::adapter::redis::Redis;
use crate::domain::{Error, Relaxation, Result, Timestamp};

/// Sessions in the database, next to their users. See [`StoredSessions`] for the settings.
pub type DatabaseSessions = StoredSessions<()>;

/// Sessions in Redis. See [`StoredSessions`] for the settings.
#[cfg(feature = "redis")]
pub type RedisSessions = StoredSessions<Redis>;

/// Sessions that are stored on the server and named by random tokens. The type parameter says where.
///
/// Defaults: a session ends 24 hours after its login and one hour after its last use (NIST SP 800-63B-4 section 2.2.3, AAL2), a
/// user has at most 20 at once, and the store holds digests of the tokens.
///
/// ```
/// # use users_runtime as axum_users;
/// use std::time::Duration;
/// use axum_users::{Backend, DatabaseSessions};
///
/// let app = Backend::bearer("app", DatabaseSessions::new());
/// let web = Backend::cookie("web", DatabaseSessions::new().idle(Duration::from_secs(1800)).at_most(5));
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct StoredSessions<P> {
    pub(crate) place: P,
    pub(crate) settings: SessionSettings,
}

/// The settings of stored sessions, wherever they are stored.
#[derive(Debug, Clone)]
pub(crate) struct SessionSettings {
    lifetime: Option<Duration>,
    idle: Option<Duration>,
    at_most: u32,
    plaintext: bool,
    upstream: Upstream,
    relaxations: Vec<Relaxation>,
}

/// Whether tokens that fastapi-users stored in clear are looked up.
#[derive(Debug, Clone, Copy)]
enum Upstream {
    Refused,
    Accepted { until: Option<Timestamp> },
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

impl DatabaseSessions {
    /// Sessions in the database, with the default settings.
    pub fn new() -> Self {
        Self { place: (), settings: SessionSettings::default() }
    }
}

impl Default for DatabaseSessions {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(feature = "redis")]
impl RedisSessions {
    /// Sessions in Redis, with the default settings.
    pub fn new(redis: Redis) -> Self {
        Self { place: redis, settings: SessionSettings::default() }
    }

    /// Sessions in the Redis server at `url`, with the default settings.
    ///
    /// # Errors
    /// As [`Redis::new`].
    pub fn at(url: &str) -> Result<Self> {
        Ok(Self::new(Redis::new(url)?))
    }
}

impl<P> StoredSessions<P> {
    /// The same settings for sessions that are stored in Redis.
    #[cfg(feature = "redis")]
    pub fn in_redis(self, redis: Redis) -> RedisSessions {
        RedisSessions { place: redis, settings: self.settings }
    }

    /// How long after its login a session ends, however much it is used. Zero is refused when the service is built. More
    /// than 30 days is a relaxation.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.lifetime = Some(lifetime);
        if lifetime > DAY * 30 {
            self.settings.relaxations.push(Relaxation::LongLifetime);
        }
        self
    }

    /// How long after its last use a session ends. The last use is noted to the minute, so it may be a minute less. Less than two
    /// minutes is refused when the service is built.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.settings.idle = Some(idle);
        self
    }

    /// A session that is not used lives as long as any other. fastapi-users has no idle limit either.
    pub fn without_idle_limit(mut self) -> Self {
        self.settings.idle = None;
        self
    }

    /// Sessions never end by themselves, as fastapi-users' without `lifetime_seconds` (difference C8).
    pub fn never_expires(mut self) -> Self {
        self.settings.lifetime = None;
        self.settings.idle = None;
        self.settings.relaxations.push(Relaxation::NeverExpires);
        self
    }

    /// How many sessions a user may have at once; beyond, a login ends the oldest. Default 20 (OWASP ASVS 7.1.2).
    pub fn at_most(mut self, sessions: u32) -> Self {
        self.settings.at_most = sessions;
        self
    }

    /// Stores the tokens themselves (C18), which fastapi-users must find while both services run.
    ///
    /// # Security
    /// Whoever reads the table can log in as everybody in it.
    pub fn plaintext_tokens(mut self) -> Self {
        self.settings.plaintext = true;
        self.settings.relaxations.push(Relaxation::PlaintextTokens);
        self
    }

    /// Finds sessions that were stored in clear as well, until `until` or for good (C21).
    pub fn accept_upstream_tokens(mut self, until: Option<Timestamp>) -> Self {
        self.settings.upstream = Upstream::Accepted { until };
        self.settings.relaxations.push(Relaxation::UpstreamTokens);
        self
    }
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            lifetime: Some(DAY),
            idle: Some(HOUR),
            at_most: 20,
            plaintext: false,
            upstream: Upstream::Refused,
            relaxations: Vec::new(),
        }
    }
}

impl SessionSettings {
    pub(crate) fn check(self) -> Result<Self> {
        if self.lifetime.is_some_and(|lifetime| lifetime.is_zero()) {
            return Err(Error::config("a session's lifetime is zero; for one that never ends say never_expires()"));
        }
        if self.idle.is_some_and(|idle| idle < Duration::from_secs(120)) {
            return Err(Error::config(
                "a session's idle limit is under two minutes; its last use is noted to the minute only",
            ));
        }
        if self.at_most == 0 {
            return Err(Error::config("at_most(0) would end every session at its login"));
        }
        Ok(self)
    }

    pub(crate) fn ends_after(&self) -> (Option<Duration>, Option<Duration>) {
        (self.lifetime, self.idle)
    }

    pub(crate) fn cap(&self) -> u32 {
        self.at_most
    }

    pub(crate) fn is_plaintext(&self) -> bool {
        self.plaintext
    }

    /// Whether a session stored in clear counts at `now`.
    pub(crate) fn finds_plaintext(&self, now: Timestamp) -> bool {
        match self.upstream {
            Upstream::Refused => self.plaintext,
            Upstream::Accepted { until } => self.plaintext || until.is_none_or(|until| now < until),
        }
    }

    pub(crate) fn relaxed(&self) -> Vec<Relaxation> {
        self.relaxations.clone()
    }
}
