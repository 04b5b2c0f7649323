//! How long stored sessions live, how many a user may have, and in which form their tokens are kept.

use std::time::Duration;

use crate::domain::{Error, Relaxation, Result, Timestamp};

/// Settings of sessions that are stored, in the database or in Redis.
///
/// Defaults: a session ends 24 hours after its login and one hour after its last use (NIST SP 800-63B-4 section 2.2.3, AAL2),
/// a user has at most 20 at once, and the store holds digests of the tokens.
#[derive(Debug, Clone)]
#[must_use]
pub struct SessionConfig {
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

impl Default for SessionConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl SessionConfig {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            lifetime: Some(DAY),
            idle: Some(HOUR),
            at_most: 20,
            plaintext: false,
            upstream: Upstream::Refused,
            relaxations: Vec::new(),
        }
    }

    /// How long after its login a session ends, however much it is used. Zero is refused when the service is built. More
    /// than 30 days is a relaxation.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        if lifetime > DAY * 30 {
            self.relaxations.push(Relaxation::LongLifetime);
        }
        self
    }

    /// How long after its last use a session ends. The last use is noted to the minute, so it may be a minute less. Less than two
    /// minutes is refused when the service is built.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.idle = Some(idle);
        self
    }

    /// A session that is not used lives as long as any other. fastapi-users has no idle limit either.
    pub fn without_idle_limit(mut self) -> Self {
        self.idle = None;
        self
    }

    /// Sessions never end by themselves, as fastapi-users' without `lifetime_seconds` (difference C8).
    pub fn never_expires(mut self) -> Self {
        self.lifetime = None;
        self.idle = None;
        self.relaxations.push(Relaxation::NeverExpires);
        self
    }

    /// How many sessions a user may have at once; beyond, a login ends the oldest. Default 20 (OWASP ASVS 7.1.2).
    pub fn at_most(mut self, sessions: u32) -> Self {
        self.at_most = sessions;
        self
    }

    /// Stores the tokens themselves (C18), which fastapi-users must find while both services run.
    ///
    /// # Security
    /// Whoever reads the table can log in as everybody in it.
    pub fn plaintext_tokens(mut self) -> Self {
        self.plaintext = true;
        self.relaxations.push(Relaxation::PlaintextTokens);
        self
    }

    /// Finds sessions that were stored in clear as well, until `until` or for good (C21).
    pub fn accept_upstream_tokens(mut self, until: Option<Timestamp>) -> Self {
        self.upstream = Upstream::Accepted { until };
        self.relaxations.push(Relaxation::UpstreamTokens);
        self
    }

    pub(super) fn check(self) -> Result<Self> {
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

    pub(super) fn ends_after(&self) -> (Option<Duration>, Option<Duration>) {
        (self.lifetime, self.idle)
    }

    pub(super) fn cap(&self) -> u32 {
        self.at_most
    }

    pub(super) fn is_plaintext(&self) -> bool {
        self.plaintext
    }

    /// Whether a session stored in clear counts at `now`.
    pub(super) fn finds_plaintext(&self, now: Timestamp) -> bool {
        match self.upstream {
            Upstream::Refused => self.plaintext,
            Upstream::Accepted { until } => self.plaintext || until.is_none_or(|until| now < until),
        }
    }

    pub(super) fn relaxed(&self) -> Vec<Relaxation> {
        self.relaxations.clone()
    }
}
