//! The settings of access tokens.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    keys::HmacKey,
    purpose::{Purpose, ensure_distinct_audiences},
    ring::{KeyRing, RotatingKeys},
    strategy::{JwtStrategy, Settings, UpstreamTokens},
};
#[cfg(feature = "redis")]
use crate::adapter::redis::{Redis, RedisRevocations};
use crate::{
    domain::{Error, Relaxation, Result, SecretKey, Setting, Timestamp},
    port::{Clock, Random, RevocationStore},
};

/// The settings of a [`JwtStrategy`].
///
/// | setting | default |
/// |---|---|
/// | [`lifetime`](Self::lifetime) | one hour (fastapi-users' documented value) |
/// | [`audience`](Self::audience) | `fastapi-users:auth` |
/// | keys | HS256 with a key derived from the master secret |
/// | revocation | in the users' database |
/// | [`leeway`](Self::leeway) | none |
#[derive(Clone)]
#[must_use = "settings do nothing until they are given to a backend"]
pub struct Jwt {
    lifetime: Lifetime,
    audience: Vec<String>,
    keys: Keys,
    previous_secrets: Vec<SecretKey>,
    leeway: Duration,
    upstream: UpstreamTokens,
    revocation: Revocation,
}

#[derive(Clone, Copy)]
enum Lifetime {
    Limited(Duration),
    Unlimited,
}

#[derive(Clone)]
enum Keys {
    Derived,
    Raw,
    Own(RotatingKeys),
}

#[derive(Clone)]
enum Revocation {
    Default,
    Own(Arc<dyn RevocationStore>),
    #[cfg(feature = "redis")]
    Redis(Redis),
    Off,
}

impl Jwt {
    /// The default lifetime: one hour, as in fastapi-users' documentation.
    pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(3600);
    /// A longer lifetime, more than 24 hours, is listed as a relaxation in the startup warning.
    pub const LONG_LIFETIME: Duration = Duration::from_secs(24 * 3600);
    /// The largest leeway.
    pub const MAX_LEEWAY: Duration = Duration::from_secs(5);

    /// Creates the default settings.
    pub fn new() -> Self {
        Self {
            lifetime: Lifetime::Limited(Self::DEFAULT_LIFETIME),
            audience: vec![Purpose::Access.default_audience().to_owned()],
            keys: Keys::Derived,
            previous_secrets: Vec::new(),
            leeway: Duration::ZERO,
            upstream: UpstreamTokens::Refused,
            revocation: Revocation::Default,
        }
    }

    /// Sets the lifetime of tokens in whole seconds; a fraction is truncated. Default: [`Jwt::DEFAULT_LIFETIME`].
    pub fn lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime: Lifetime::Limited(lifetime), ..self }
    }

    /// Mints tokens that do not expire, and accepts such tokens.
    ///
    /// # Security
    /// A stolen token is valid until it is revoked or the user's sessions are ended. Revocations of such tokens are
    /// stored forever.
    pub fn never_expires(self) -> Self {
        Self { lifetime: Lifetime::Unlimited, ..self }
    }

    /// Sets the audience. Minted tokens contain all of these values; a presented token must contain one of them.
    ///
    /// Services that share a key need different audiences (OWASP ASVS 9.2.4).
    pub fn audience<S: Into<String>>(self, audience: impl IntoIterator<Item = S>) -> Self {
        Self { audience: audience.into_iter().map(Into::into).collect(), ..self }
    }

    /// Uses the given keys instead of one derived from the master secret. Keep a clone of a [`RotatingKeys`] to replace
    /// them while the service runs.
    pub fn keys(self, keys: impl Into<RotatingKeys>) -> Self {
        Self { keys: Keys::Own(keys.into()), ..self }
    }

    /// Signs with the master secret without key derivation, so that a Python service with the same secret can verify
    /// these tokens and this service accepts that service's tokens if they have `iat`, `jti` and `epoch`.
    ///
    /// # Security
    /// One key then serves several purposes, and only the audience separates their tokens. Tokens that fastapi-users
    /// mints are still refused, see [`accept_upstream_tokens`](Self::accept_upstream_tokens).
    pub fn raw_keys(self) -> Self {
        Self { keys: Keys::Raw, ..self }
    }

    /// Accepts tokens that were signed under earlier master secrets. Has no effect together with [`keys`](Self::keys).
    pub fn previous_secrets(self, secrets: impl IntoIterator<Item = SecretKey>) -> Self {
        Self { previous_secrets: secrets.into_iter().collect(), ..self }
    }

    /// Accepts tokens for this long after they expire (`exp`) and before they become valid (`nbf`), at most five
    /// seconds. Default: none.
    ///
    /// Tokens that another node with a fast clock has just issued need no setting: `iat` may be up to ten seconds in the
    /// future.
    pub fn leeway(self, leeway: Duration) -> Self {
        Self { leeway, ..self }
    }

    /// Accepts tokens of fastapi-users, which are signed with the master secret without key derivation and lack `iat`,
    /// `jti` and `epoch`, until `until`, or without a limit for `None`. Meant for the time of a migration.
    ///
    /// # Security
    /// Such a token stays valid after a logout, a password change and a reset, because it has no `jti` and no epoch.
    /// One without `exp` is valid until `until`.
    pub fn accept_upstream_tokens(self, until: Option<Timestamp>) -> Self {
        Self { upstream: until.map_or(UpstreamTokens::Accepted, UpstreamTokens::AcceptedUntil), ..self }
    }

    /// Stores revoked tokens in `store` instead of the users' database, and queries it in every request.
    pub fn revocation(self, store: Arc<dyn RevocationStore>) -> Self {
        Self { revocation: Revocation::Own(store), ..self }
    }

    /// Stores revoked tokens in Redis instead of the users' database. Costs one more round trip in every request, but
    /// no database table grows.
    ///
    /// # Security
    /// If Redis loses a record, the token is valid again. A warning at startup reports if the server's settings allow that.
    #[cfg(feature = "redis")]
    pub fn revoked_in_redis(self, redis: Redis) -> Self {
        Self { revocation: Revocation::Redis(redis), ..self }
    }

    /// Keeps tokens valid after a logout until they expire, as fastapi-users does.
    pub fn without_revocation(self) -> Self {
        Self { revocation: Revocation::Off, ..self }
    }

    /// Distinguishes the keys of this service in Redis from those of others.
    ///
    /// # Errors
    /// [`Error::Config`] if earlier secrets are accepted and the keys would change with the secret: revoked tokens
    /// signed under earlier secrets would become valid again.
    #[cfg(feature = "redis")]
    pub(crate) fn in_service(mut self, service: &str) -> Result<Self> {
        if let Revocation::Redis(redis) = self.revocation {
            if redis.has_default_prefix() && !self.previous_secrets.is_empty() {
                return Err(Error::setting(
                    Setting::Redis,
                    "previous_secrets(…) with revoked_in_redis(redis) needs redis.prefix(\"…\"): the default prefix changes \
                     with the secret, and what was revoked before would be valid again",
                ));
            }
            self.revocation = Revocation::Redis(redis.in_service(service));
        }
        Ok(self)
    }

    /// Returns the Redis server that keeps the revoked tokens.
    #[cfg(feature = "redis")]
    pub(crate) fn redis(&self) -> Option<&Redis> {
        match &self.revocation {
            Revocation::Redis(redis) => Some(redis),
            _ => None,
        }
    }

    /// Returns the audiences, for [`ensure_distinct_audiences`].
    #[must_use]
    pub fn audiences(&self) -> &[String] {
        &self.audience
    }

    /// Builds the strategy. Revoked tokens are stored in `default_revocation` unless the settings say otherwise.
    ///
    /// # Errors
    /// [`Error::Config`] for a lifetime under one second or beyond the year 9999, a leeway over five seconds, a missing
    /// or empty audience, an audience of another purpose, or an unusable key.
    pub fn build(
        self,
        secret: &SecretKey,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        default_revocation: Arc<dyn RevocationStore>,
    ) -> Result<JwtStrategy> {
        let lifetime = self.checked_lifetime(clock.now())?;
        self.check_audience()?;
        if self.leeway > Self::MAX_LEEWAY {
            return Err(Error::setting(
                Setting::Token,
                format!(
                    "a leeway of {:?} is more than {:?}: synchronize the clocks of your nodes instead",
                    self.leeway,
                    Self::MAX_LEEWAY
                ),
            ));
        }
        let relaxations = self.relaxations();
        let keys = self.ring(secret)?;
        let revocation = match self.revocation {
            Revocation::Default => Some(default_revocation),
            Revocation::Own(store) => Some(store),
            #[cfg(feature = "redis")]
            Revocation::Redis(redis) => {
                let revoked: Arc<dyn RevocationStore> = Arc::new(RedisRevocations::new(redis, Arc::clone(&clock))?);
                Some(revoked)
            }
            Revocation::Off => None,
        };
        Ok(JwtStrategy::new(Settings {
            lifetime,
            audience: self.audience,
            keys,
            leeway: self.leeway,
            upstream: self.upstream,
            revocation,
            clock,
            random,
            relaxations,
        }))
    }

    fn checked_lifetime(&self, now: Timestamp) -> Result<Option<Duration>> {
        let Lifetime::Limited(lifetime) = self.lifetime else {
            return Ok(None);
        };
        if lifetime < Duration::from_secs(1) {
            return Err(Error::setting(
                Setting::Token,
                "a token lifetime under one second: use a longer one, or never_expires() for tokens that do not expire",
            ));
        }
        let ends = chrono::TimeDelta::from_std(lifetime).ok().and_then(|lifetime| now.checked_add_signed(lifetime));
        if ends.is_none_or(|ends| ends.timestamp() > super::claims::LATEST) {
            return Err(Error::setting(
                Setting::Token,
                "a token lifetime beyond the year 9999: call never_expires() for tokens that do not expire",
            ));
        }
        Ok(Some(Duration::from_secs(lifetime.as_secs())))
    }

    fn check_audience(&self) -> Result<()> {
        if self.audience.is_empty() {
            return Err(Error::setting(Setting::Token, "access tokens have no audience: set at least one"));
        }
        let others = Purpose::ALL.into_iter().filter(|purpose| *purpose != Purpose::Access);
        ensure_distinct_audiences(
            self.audience
                .iter()
                .map(|audience| (Purpose::Access, audience.as_str()))
                .chain(others.map(|purpose| (purpose, purpose.default_audience()))),
        )
    }

    fn ring(&self, secret: &SecretKey) -> Result<RotatingKeys> {
        let mut ring = match &self.keys {
            Keys::Own(keys) => return Ok(keys.clone()),
            Keys::Derived => KeyRing::hmac(derived(secret)?),
            Keys::Raw => KeyRing::hmac(HmacKey::hs256(secret)?),
        };
        for previous in &self.previous_secrets {
            ring = ring.and_hmac(match self.keys {
                Keys::Raw => HmacKey::hs256(previous)?,
                _ => derived(previous)?,
            })?;
        }
        if matches!(
            (&self.keys, self.upstream),
            (Keys::Derived, UpstreamTokens::Accepted | UpstreamTokens::AcceptedUntil(_))
        ) {
            ring = ring.and_hmac(HmacKey::hs256(secret)?)?;
        }
        Ok(ring.into())
    }

    fn relaxations(&self) -> Vec<Relaxation> {
        let unlimited = match self.lifetime {
            Lifetime::Unlimited => Some(Relaxation::NeverExpires),
            Lifetime::Limited(lifetime) if lifetime > Self::LONG_LIFETIME => Some(Relaxation::LongLifetime),
            Lifetime::Limited(_) => None,
        };
        let raw = matches!(self.keys, Keys::Raw).then_some(Relaxation::RawKeys);
        let upstream = (!matches!(self.upstream, UpstreamTokens::Refused)).then_some(Relaxation::UpstreamTokens);
        let unrevoked = matches!(self.revocation, Revocation::Off).then_some(Relaxation::WithoutRevocation);
        [unlimited, raw, upstream, unrevoked].into_iter().flatten().collect()
    }
}

fn derived(secret: &SecretKey) -> Result<HmacKey> {
    Ok(HmacKey::from_bytes(Purpose::Access.signing_key(secret)?.as_slice()))
}

impl Default for Jwt {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwt")
            .field("audience", &self.audience)
            .field("leeway", &self.leeway)
            .field("relaxations", &self.relaxations())
            .finish_non_exhaustive()
    }
}
