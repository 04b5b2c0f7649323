//! The settings of stored sessions.

use std::time::Duration;

#[cfg(feature = "redis")]
use crate::adapter::redis::Redis;
use crate::{
    compat::token_rows::PlaintextTokens,
    domain::{Error, Relaxation, Result, Setting, Timestamp},
};

/// Sessions in the users' database. See [`StoredSessions`] for the settings.
pub type DatabaseSessions = StoredSessions<()>;

/// Sessions in Redis. See [`StoredSessions`] for the settings.
#[cfg(feature = "redis")]
pub type RedisSessions = StoredSessions<Redis>;

/// Sessions that are stored on the server and identified by random tokens. The type parameter selects the storage.
///
/// By default a session expires 24 hours after its login and one hour after its last use ([NIST SP 800-63B-4 section
/// 2.2.3](https://pages.nist.gov/800-63-4/sp800-63b.html), AAL2), a user has at most 20 sessions, and the tokens are
/// stored as digests.
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
    #[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "only Redis is a place with a value"))]
    pub(crate) place: P,
    pub(crate) settings: SessionSettings,
}

/// The settings of stored sessions, independent of the storage.
#[derive(Debug, Clone)]
pub(crate) struct SessionSettings {
    lifetime: Option<Duration>,
    idle: Option<Duration>,
    /// Whether the application set the idle limit.
    is_idle_chosen: bool,
    at_most: u32,
    pub(crate) plaintext: PlaintextTokens,
    #[cfg(feature = "redis")]
    pub(crate) revoked_in_database: bool,
    relaxations: Vec<Relaxation>,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

impl DatabaseSessions {
    /// Stores sessions in the database, with the default settings.
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
    /// Stores sessions in `redis`, with the default settings.
    pub fn new(redis: Redis) -> Self {
        Self { place: redis, settings: SessionSettings::default() }
    }

    /// Also records in the users' database that a session was ended, by a logout or by its owner, until it would have
    /// expired. Such a session stays ended if Redis restores an earlier snapshot. Costs one write per logout; requests
    /// read the record in the query that loads the user.
    pub fn revoked_in_database(mut self) -> Self {
        self.settings.revoked_in_database = true;
        self
    }

    /// Stores sessions in the Redis server at `url`, with the default settings.
    ///
    /// # Errors
    /// As for [`Redis::new`].
    pub fn at(url: &str) -> Result<Self> {
        Ok(Self::new(Redis::new(url)?))
    }
}

impl<P> StoredSessions<P> {
    /// Returns the same settings for sessions that are stored in Redis.
    #[cfg(feature = "redis")]
    pub fn in_redis(self, redis: Redis) -> RedisSessions {
        RedisSessions { place: redis, settings: self.settings }
    }

    /// Sets the time from the login to the expiry, regardless of use. Building the service fails for zero. More than 30
    /// days is listed as a relaxation in the startup warning.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.lifetime = Some(lifetime);
        if lifetime > DAY * 30 {
            self.settings.relaxations.push(Relaxation::LongLifetime);
        }
        self
    }

    /// Sets the time from the last use to the expiry. The last use is recorded with a precision of one minute, so a
    /// session may expire up to one minute early. Building the service fails for less than two minutes. [Refresh
    /// tokens](crate::token::Refresh) of the backend also expire when they are not used for this long; if this method
    /// is not called, their own limit applies.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.settings.idle = Some(idle);
        self.settings.is_idle_chosen = true;
        self
    }

    /// Removes the idle limit; only the lifetime applies. fastapi-users has no idle limit either.
    pub fn without_idle_limit(mut self) -> Self {
        self.settings.idle = None;
        self
    }

    /// Removes the lifetime and the idle limit, as in fastapi-users without `lifetime_seconds`. Listed as a relaxation
    /// in the startup warning.
    pub fn never_expires(mut self) -> Self {
        self.settings.lifetime = None;
        self.settings.idle = None;
        self.settings.relaxations.push(Relaxation::NeverExpires);
        self
    }

    /// Sets the number of sessions that a user may have; a further login ends the oldest. Default: 20 (OWASP ASVS
    /// 7.1.2).
    pub fn at_most(mut self, sessions: u32) -> Self {
        self.settings.at_most = sessions;
        self
    }

    /// Stores the tokens in plaintext, so that fastapi-users finds them while both services run.
    ///
    /// # Security
    /// An attacker with read access to the storage can log in as every user with a session.
    pub fn plaintext_tokens(mut self) -> Self {
        self.settings.plaintext.store();
        self.settings.relaxations.push(Relaxation::PlaintextTokens);
        self
    }

    /// Also accepts sessions whose tokens fastapi-users stored in plaintext, until `until`, or without a limit for
    /// `None`.
    pub fn accept_upstream_tokens(mut self, until: Option<Timestamp>) -> Self {
        self.settings.plaintext.accept(until);
        self.settings.relaxations.push(Relaxation::UpstreamTokens);
        self
    }
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            lifetime: Some(DAY),
            idle: Some(HOUR),
            is_idle_chosen: false,
            at_most: 20,
            plaintext: PlaintextTokens::default(),
            #[cfg(feature = "redis")]
            revoked_in_database: false,
            relaxations: Vec::new(),
        }
    }
}

impl SessionSettings {
    pub(crate) fn check(self) -> Result<Self> {
        if self.lifetime.is_some_and(|lifetime| lifetime.is_zero()) {
            return Err(Error::setting(
                Setting::Session,
                "a session's lifetime is zero; call never_expires() for sessions without a limit",
            ));
        }
        if self.idle.is_some_and(|idle| idle < Duration::from_secs(120)) {
            return Err(Error::setting(
                Setting::Session,
                "the idle limit of a session must be at least two minutes, because the last use is recorded to the minute",
            ));
        }
        if self.at_most == 0 {
            return Err(Error::setting(Setting::Session, "at_most(0) would end every session at its login"));
        }
        Ok(self)
    }

    pub(crate) fn ends_after(&self) -> (Option<Duration>, Option<Duration>) {
        (self.lifetime, self.idle)
    }

    /// Returns the idle limit, if the application set it.
    pub(crate) fn chosen_idle(&self) -> Option<Duration> {
        self.idle.filter(|_| self.is_idle_chosen)
    }

    pub(crate) fn cap(&self) -> u32 {
        self.at_most
    }

    pub(crate) fn relaxed(&self) -> Vec<Relaxation> {
        self.relaxations.clone()
    }
}
