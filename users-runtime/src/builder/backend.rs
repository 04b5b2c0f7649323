//! Ways to log in, as an application declares them.

use std::{fmt, sync::Arc};

#[cfg(feature = "redis")]
use crate::adapter::{
    redis::{Redis, RedisRevocations},
    session_tokens::RedisTokens,
};
use crate::{
    adapter::{
        Bearer, Cookie,
        jwt::JwtConfig,
        session_tokens::{DatabaseTokens, SessionConfig},
    },
    domain::{Error, Origin, PublicUrl, Relaxation, Result, SecretKey, Timestamp, TokenId, UserId},
    port::{
        BoxFuture, Clock, Random, RevocationStore, SessionStore, Strategy, StrategyError, Transport, TransportContext,
        UserStore,
    },
    service::{ActiveBackend, OriginRule, Policy},
    user::AuthUser,
};

/// A way to log in: a name, a transport (how a token travels) and a strategy (what a token is). The name is part of the
/// routes' paths: `/auth/{name}/login`.
pub struct Backend {
    name: String,
    transport: Box<dyn Transport>,
    strategy: Source,
    #[cfg(feature = "redis")]
    revocations: Option<Redis>,
}

/// A strategy that is there, or the settings of one that needs the secret and the store to be made.
enum Source {
    Ready(Arc<dyn Strategy>),
    Jwt(Box<JwtConfig>),
    Database(SessionConfig),
    #[cfg(feature = "redis")]
    Redis(Redis, SessionConfig),
}

impl Backend {
    /// Signed tokens in the `Authorization` header. HS256 with a key derived from the master secret, one hour, revoked
    /// at logout through the user's own database.
    #[must_use]
    pub fn bearer_jwt(name: impl Into<String>) -> Self {
        Self::jwt(name, Bearer, JwtConfig::default())
    }

    /// The same tokens in a cookie, for pages in a browser: see [`Cookie`].
    #[must_use]
    pub fn cookie_jwt(name: impl Into<String>) -> Self {
        Self::jwt(name, Cookie::new(), JwtConfig::default())
    }

    /// Signed tokens with settings of one's own, over any transport.
    #[must_use]
    pub fn jwt(name: impl Into<String>, transport: impl Transport, config: JwtConfig) -> Self {
        Self::of(name, transport, Source::Jwt(Box::new(config)))
    }

    /// Sessions kept in the users' own database, their tokens in the `Authorization` header: 24 hours, or one hour without
    /// use, ended at logout.
    #[must_use]
    pub fn bearer_database(name: impl Into<String>) -> Self {
        Self::database(name, Bearer, SessionConfig::new())
    }

    /// The same sessions with their tokens in a cookie, for pages in a browser: see [`Cookie`].
    #[must_use]
    pub fn cookie_database(name: impl Into<String>) -> Self {
        Self::database(name, Cookie::new(), SessionConfig::new())
    }

    /// Sessions kept in the users' own database with settings of one's own, over any transport.
    #[must_use]
    pub fn database(name: impl Into<String>, transport: impl Transport, config: SessionConfig) -> Self {
        Self::of(name, transport, Source::Database(config))
    }

    /// Sessions kept in Redis, their tokens in the `Authorization` header: 24 hours, or one hour without use, ended at
    /// logout. Takes a URL, or a [`Redis`] that is used elsewhere as well.
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn bearer_redis(name: impl Into<String>, redis: impl Into<Redis>) -> Self {
        Self::redis(name, Bearer, redis, SessionConfig::new())
    }

    /// Sessions kept in Redis with settings of one's own, over any transport.
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn redis(
        name: impl Into<String>,
        transport: impl Transport,
        redis: impl Into<Redis>,
        config: SessionConfig,
    ) -> Self {
        Self::of(name, transport, Source::Redis(redis.into(), config))
    }

    /// Notes revoked JWTs in Redis and not in the users' database, and asks there in every request: one round trip more, and
    /// no table that grows. Refused when the service is built if the backend's tokens are no JWTs made from settings.
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn revoked_in_redis(mut self, redis: impl Into<Redis>) -> Self {
        self.revocations = Some(redis.into());
        self
    }

    /// Any strategy over any transport.
    #[must_use]
    pub fn new(name: impl Into<String>, transport: impl Transport, strategy: impl Strategy) -> Self {
        Self::of(name, transport, Source::Ready(Arc::new(strategy)))
    }

    fn of(name: impl Into<String>, transport: impl Transport, strategy: Source) -> Self {
        Self {
            name: name.into(),
            transport: Box::new(transport),
            strategy,
            #[cfg(feature = "redis")]
            revocations: None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The audiences of its tokens, if they are JWTs made from settings.
    pub(super) fn audiences(&self) -> &[String] {
        match &self.strategy {
            Source::Jwt(config) => config.audiences(),
            _ => &[],
        }
    }

    pub(super) fn check_name(&self) -> Result<()> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if self.name.is_empty() || !self.name.chars().all(fits) {
            return Err(Error::config(format!(
                "`{}` cannot be a backend's name: use letters, digits, `-` and `_`, since it is part of a path",
                self.name
            )));
        }
        Ok(())
    }

    /// Makes the strategy and tells the transport what it works under. What their own settings relax is added to `listed`,
    /// and does not count for other backends.
    pub(super) fn build<U: AuthUser>(mut self, service: &Service<'_, U>, listed: &mut Policy) -> Result<ActiveBackend> {
        #[cfg(feature = "redis")]
        if let Some(redis) = self.revocations.take() {
            let Source::Jwt(config) = self.strategy else {
                return Err(Error::config(format!("the backend `{}` has no JWTs to revoke in Redis", self.name)));
            };
            let revoked = RedisRevocations::new(redis, Arc::clone(service.clock))?;
            self.strategy = Source::Jwt(Box::new(config.revocation(Arc::new(revoked))));
        }
        let strategy = match self.strategy {
            Source::Ready(strategy) => strategy,
            Source::Jwt(config) => service.jwt(*config)?,
            Source::Database(config) => service.database(config, &self.name)?,
            #[cfg(feature = "redis")]
            Source::Redis(redis, config) => service.redis(redis, config)?,
        };
        let relaxed: Vec<_> = service.policy.relaxations().collect();
        let largest_token = strategy.largest_token(longest_id::<U::Id>());
        self.transport.configure(&TransportContext {
            relaxed: &relaxed,
            public_url: service.public_url,
            largest_token,
        })?;
        for relaxation in strategy.relaxations().into_iter().chain(self.transport.relaxations()) {
            listed.with(relaxation);
        }
        let origin_rule = service.origin_rule(&*self.transport);
        Ok(ActiveBackend { name: self.name.into(), transport: self.transport.into(), strategy, origin_rule })
    }
}

/// What all backends of a service are built from.
pub(super) struct Service<'a, U> {
    pub(super) secret: &'a SecretKey,
    /// As the application gave it.
    pub(super) policy: &'a Policy,
    pub(super) public_url: Option<&'a PublicUrl>,
    pub(super) trusted_origins: &'a [Origin],
    pub(super) store: &'a Arc<dyn UserStore<U>>,
    /// `None` if the store keeps none.
    pub(super) sessions: Option<&'a Arc<dyn SessionStore>>,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) random: &'a Arc<dyn Random>,
}

impl<U: AuthUser> Service<'_, U> {
    fn jwt(&self, mut config: JwtConfig) -> Result<Arc<dyn Strategy>> {
        if self.policy.allows(Relaxation::WithoutRevocation) {
            config = config.without_revocation();
        }
        if self.policy.allows(Relaxation::RawKeys) {
            config = config.raw_keys();
        }
        if self.policy.allows(Relaxation::UpstreamTokens) {
            config = config.accept_upstream_tokens(self.policy.upstream_tokens_until());
        }
        let revocation = Arc::new(RevokedInStore(Arc::clone(self.store)));
        Ok(Arc::new(config.build(self.secret, Arc::clone(self.clock), Arc::clone(self.random), revocation)?))
    }

    fn database(&self, config: SessionConfig, name: &str) -> Result<Arc<dyn Strategy>> {
        let sessions = self
            .sessions
            .ok_or_else(|| Error::config(format!("the store keeps no sessions, which the backend `{name}` needs")))?;
        let (sessions, clock, random) = (Arc::clone(sessions), Arc::clone(self.clock), Arc::clone(self.random));
        Ok(Arc::new(DatabaseTokens::new(under(self.policy, config), sessions, clock, random)?))
    }

    #[cfg(feature = "redis")]
    fn redis(&self, redis: Redis, config: SessionConfig) -> Result<Arc<dyn Strategy>> {
        let (clock, random) = (Arc::clone(self.clock), Arc::clone(self.random));
        Ok(Arc::new(RedisTokens::new(under(self.policy, config), redis, clock, random)?))
    }

    fn origin_rule(&self, transport: &dyn Transport) -> Option<OriginRule> {
        if !transport.is_sent_by_browsers() || self.policy.allows(Relaxation::WithoutOriginCheck) {
            return None;
        }
        let own = self.public_url.map(PublicUrl::origin);
        let trusted = self.trusted_origins.iter().chain(transport.trusted_origins()).cloned();
        Some(OriginRule {
            accepted: own.into_iter().chain(trusted).collect(),
            is_required: self.policy.requires_origin(),
        })
    }
}

/// How many bytes the text of a user's id can have.
fn longest_id<I: UserId>() -> usize {
    if I::MADE_BY_DATABASE { i64::MIN.to_string().len() } else { I::generate([0xff; 16]).to_string().len() }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What the policy says about stored sessions.
fn under(policy: &Policy, mut config: SessionConfig) -> SessionConfig {
    if policy.allows(Relaxation::PlaintextTokens) {
        config = config.plaintext_tokens();
    }
    if policy.allows(Relaxation::UpstreamTokens) {
        config = config.accept_upstream_tokens(policy.upstream_tokens_until());
    }
    if policy.keeps_quirks() {
        // fastapi-users ends no session because of another one.
        config = config.without_idle_limit().at_most(u32::MAX);
    }
    config
}

/// The user store as a [`RevocationStore`]: the note about a token is read by the query that loads the user.
struct RevokedInStore<U>(Arc<dyn UserStore<U>>);

impl<U: AuthUser> RevocationStore for RevokedInStore<U> {
    fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StrategyError>> {
        Box::pin(async move { self.0.revoke(token, until).await.map_err(StrategyError::unavailable) })
    }

    /// Not known here, and not needed: the query that loads the user has the last word.
    fn is_revoked<'a>(&'a self, _: &'a TokenId) -> BoxFuture<'a, Result<bool, StrategyError>> {
        Box::pin(std::future::ready(Ok(false)))
    }
}
