//! The settings of refresh tokens.

use std::time::Duration;

use crate::domain::{Error, Result, SecretKey, Setting};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The default time from the last refresh to the end.
const IDLE: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// The default number of a user's logins, if the strategy sets none.
const FAMILIES: u32 = 20;

/// Refresh tokens of a backend, for [`Backend::refresh`](crate::Backend::refresh): access tokens that are valid for
/// minutes, each with a refresh token that is exchanged for the next pair at `POST /auth/{backend}/refresh`.
///
/// | setting | default | source |
/// |---|---|---|
/// | [`lifetime`](Self::lifetime): from the login to the end | 30 days | NIST SP 800-63B-4 section 2.1.3 (AAL1) |
/// | [`idle`](Self::idle): from the last refresh to the end | 14 days, or the idle limit set for stored sessions if it is shorter | RFC 9700 section 4.14.2: unused tokens expire |
/// | [`grace`](Self::grace): how long the same response is repeated | 10 s | the longest time of a request |
/// | [`at_most`](Self::at_most): families of a user at the backend | as for its stored sessions; 20 for JWTs | OWASP ASVS 7.1.2 |
///
/// A token works once. Its successor is returned again during the grace period, so that neither concurrent tabs
/// nor a lost response end the login. After that, reuse of a token means that it was stolen: every token of the login is
/// invalidated, and the owner is notified (RFC 9700 section 4.14.2).
///
/// ```
/// # use users_runtime as axum_users;
/// use std::time::Duration;
/// use axum_users::{Backend, Jwt, token::Refresh};
///
/// let api = Backend::bearer("jwt", Jwt::new().lifetime(Duration::from_secs(15 * 60))).refresh(Refresh::new());
/// ```
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until they are given to a backend"]
pub struct Refresh {
    lifetime: Duration,
    idle: Option<Duration>,
    grace: Duration,
    at_most: Option<u32>,
    path: Option<String>,
    previous: Vec<SecretKey>,
}

impl Refresh {
    /// Returns the default settings.
    pub fn new() -> Self {
        Self {
            lifetime: DAY * 30,
            idle: None,
            grace: Duration::from_secs(10),
            at_most: None,
            path: None,
            previous: Vec::new(),
        }
    }

    /// Sets the time from the login to the end, however much the session is used. At most 400 days. Building the service fails for
    /// less than a second.
    pub fn lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    /// Sets the time from the last refresh to the end. It is limited by the [`lifetime`](Self::lifetime). Building the
    /// service fails if it is longer than the idle limit set for the backend's stored sessions: a refresh would revive
    /// a session that has ended.
    pub fn idle(self, idle: Duration) -> Self {
        Self { idle: Some(idle), ..self }
    }

    /// Sets for how long after its use a token gets the same response again, at most a minute. Zero turns it off: a
    /// client that loses a response has to log in again.
    ///
    /// # Security
    /// During the grace period, an attacker with a stolen token gets the same tokens as the owner. Their next refresh
    /// reveals the theft.
    pub fn grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// Sets the number of logins of a user at this backend that can be refreshed; a further login ends the oldest. Building
    /// the service fails if it exceeds the maximum number of the backend's stored sessions, for the same reason.
    pub fn at_most(self, families: u32) -> Self {
        Self { at_most: Some(families), ..self }
    }

    /// Sets the common path of the backend's routes as browsers see it, to which the cookie is limited. Default:
    /// `/auth/{backend}` under the base path, where the derived `user_routes` mounts them. Logins and logouts need the
    /// cookie as well: without it they cannot end a session whose access token has expired.
    pub fn path(self, path: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..self }
    }

    /// Also accepts refresh tokens that were issued under an earlier secret of the service.
    pub fn previous_secret(mut self, secret: SecretKey) -> Self {
        self.previous.push(secret);
        self
    }

    /// Checks the settings. Settings that were not set follow the strategy: its maximum number of sessions and its idle
    /// limit, if it has them.
    pub(crate) fn check(self, (sessions, idle_limit): (Option<u32>, Option<Duration>)) -> Result<Self> {
        let refuse = |reason: &str| Err(Error::setting(Setting::Session, reason));
        if self.lifetime < Duration::from_secs(1) || self.idle.is_some_and(|idle| idle < Duration::from_secs(1)) {
            return refuse("the lifetime and the idle limit of refresh tokens must be at least a second");
        }
        if self.lifetime > DAY * 400 {
            return refuse("the lifetime of refresh tokens is at most 400 days, as long as browsers keep a cookie");
        }
        if self.grace > MINUTE {
            return refuse("the grace of refresh tokens is at most a minute");
        }
        if self.at_most == Some(0) {
            return refuse("at_most(0) would end every login at once");
        }
        if self.at_most.zip(sessions).is_some_and(|(families, sessions)| families > sessions) {
            return refuse(
                "more logins can be refreshed than the user may have sessions: a refresh would revive an ended one",
            );
        }
        if self.idle.zip(idle_limit).is_some_and(|(idle, limit)| idle > limit) {
            return refuse(
                "the idle limit of refresh tokens is longer than that of the sessions, which they would revive",
            );
        }
        let idle = self.idle.unwrap_or_else(|| idle_limit.map_or(IDLE, |limit| limit.min(IDLE)));
        Ok(Self { idle: Some(idle.min(self.lifetime)), at_most: self.at_most.or(sessions), ..self })
    }

    pub(crate) fn lives(&self) -> Duration {
        self.lifetime
    }

    pub(crate) fn idles(&self) -> Duration {
        self.idle.unwrap_or(IDLE)
    }

    pub(crate) fn replays(&self) -> Duration {
        self.grace
    }

    pub(crate) fn cap(&self) -> u32 {
        self.at_most.unwrap_or(FAMILIES)
    }

    pub(crate) fn given_path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    pub(crate) fn previous_secrets(&self) -> &[SecretKey] {
        &self.previous
    }
}

impl Default for Refresh {
    fn default() -> Self {
        Self::new()
    }
}
