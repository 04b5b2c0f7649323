//! The backends of an application: how its users log in.

use std::{fmt, sync::Arc};

use super::refresh;
#[cfg(feature = "redis")]
use crate::adapter::session_tokens::{RedisSessions, RedisTokens};
#[cfg(feature = "audit")]
use crate::port::AuditEntry;
#[cfg(feature = "oauth")]
use crate::{adapter::oauth::ResourceServer, domain::oauth::IdentityRules};
use crate::{
    adapter::{
        Bearer, Cookie,
        jwt::Jwt,
        session_tokens::{DatabaseSessions, DatabaseTokens, StoredSessions},
    },
    domain::{
        BasePath, Error, IdKind, IdSeed, LONGEST_ID, PublicUrl, Relaxation, Result, SecretKey, Setting, Timestamp,
        TokenId, TrustedOrigins, UserId, id_kind,
    },
    port::{
        BoxFuture, Clock, Random, RefreshContext, RevocationStore, SessionStore, Strategy, StrategyError, Transport,
        TransportContext, UserStore,
    },
    service::{ActiveBackend, OriginRule, Policy, Refresh},
    user::AuthUser,
};

/// A way to log in: a name, a transport (how a token travels) and a strategy (what a token is). The name is part of the
/// routes' paths: `/auth/{name}/login`. A token works only at the backend that issued it; under
/// [`Policy::fastapi_users`](crate::Policy::fastapi_users) it works at every backend whose strategy can read it.
///
/// Every strategy works with every transport:
///
/// ```
/// # use users_runtime as axum_users;
/// use axum_users::{Backend, Cookie, DatabaseSessions, Jwt, token::SameSite};
///
/// let api = Backend::bearer("jwt", Jwt::new());
/// let web = Backend::cookie("web", DatabaseSessions::new());
/// let embedded = Backend::new("embedded", Cookie::new().same_site(SameSite::Strict), Jwt::new());
/// ```
#[must_use]
pub struct Backend {
    name: String,
    transport: Box<dyn Transport>,
    strategy: StrategySettings,
    refresh: Option<Refresh>,
}

/// The strategy of a [`Backend`]: the settings of a built-in one ([`Jwt`], [`DatabaseSessions`], `RedisSessions`), or
/// any [`Strategy`]. Created by `From`, so that a backend accepts either.
pub struct StrategySettings(Source);

/// A strategy that is ready, or the settings of one that needs the secret and the store to be built.
enum Source {
    Ready(Arc<dyn Strategy>),
    Jwt(Box<Jwt>),
    Database(DatabaseSessions),
    #[cfg(feature = "redis")]
    Redis(Box<RedisSessions>),
    #[cfg(feature = "oauth")]
    Issuer(Box<ResourceServer>),
}

impl<S: Strategy> From<S> for StrategySettings {
    fn from(strategy: S) -> Self {
        Self(Source::Ready(Arc::new(strategy)))
    }
}

#[cfg(feature = "oauth")]
impl From<ResourceServer> for StrategySettings {
    fn from(issuer: ResourceServer) -> Self {
        Self(Source::Issuer(Box::new(issuer)))
    }
}

impl From<Jwt> for StrategySettings {
    fn from(jwt: Jwt) -> Self {
        Self(Source::Jwt(Box::new(jwt)))
    }
}

impl From<DatabaseSessions> for StrategySettings {
    fn from(sessions: DatabaseSessions) -> Self {
        Self(Source::Database(sessions))
    }
}

#[cfg(feature = "redis")]
impl From<RedisSessions> for StrategySettings {
    fn from(sessions: RedisSessions) -> Self {
        Self(Source::Redis(Box::new(sessions)))
    }
}

impl fmt::Debug for StrategySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::Ready(_) => "StrategySettings(custom)",
            Source::Jwt(_) => "StrategySettings(jwt)",
            Source::Database(_) => "StrategySettings(database)",
            #[cfg(feature = "redis")]
            Source::Redis(_) => "StrategySettings(redis)",
            #[cfg(feature = "oauth")]
            Source::Issuer(_) => "StrategySettings(issuer)",
        })
    }
}

impl Backend {
    /// Returns a backend whose tokens are sent in the `Authorization` header (RFC 6750), for API clients.
    pub fn bearer(name: impl Into<String>, strategy: impl Into<StrategySettings>) -> Self {
        Self::new(name, Bearer, strategy)
    }

    /// Returns a backend whose tokens are sent in a cookie with the default settings of [`Cookie`], for web pages.
    pub fn cookie(name: impl Into<String>, strategy: impl Into<StrategySettings>) -> Self {
        Self::new(name, Cookie::new(), strategy)
    }

    /// Returns a backend with any transport and any strategy.
    pub fn new(name: impl Into<String>, transport: impl Transport, strategy: impl Into<StrategySettings>) -> Self {
        Self { name: name.into(), transport: Box::new(transport), strategy: strategy.into(), refresh: None }
    }

    /// Adds refresh tokens: a login also returns one, and `POST /auth/{name}/refresh` the next ones. Give the access tokens a
    /// short lifetime. Not possible under [`Policy::fastapi_users`](crate::Policy::fastapi_users).
    ///
    /// The families are stored where sessions are: in the users' database, or in Redis for `RedisSessions`.
    pub fn refresh(self, refresh: Refresh) -> Self {
        Self { refresh: Some(refresh), ..self }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the audiences of the tokens, if they are JWTs that were created from settings.
    pub(super) fn audiences(&self) -> &[String] {
        match &self.strategy.0 {
            Source::Jwt(jwt) => jwt.audiences(),
            _ => &[],
        }
    }

    /// Returns the issuer of the tokens and the name of the accounts, if another service issues them.
    #[cfg(feature = "oauth")]
    pub(super) fn issuer(&self) -> Option<(&str, &str)> {
        match &self.strategy.0 {
            Source::Issuer(issuer) => Some(issuer.accounts(&self.name)),
            _ => None,
        }
    }

    /// Returns the Redis server that keeps revoked tokens of this backend.
    #[cfg(feature = "redis")]
    pub(super) fn revocations(&self) -> Option<&crate::adapter::redis::Redis> {
        match &self.strategy.0 {
            Source::Jwt(jwt) => jwt.redis(),
            _ => None,
        }
    }

    pub(super) fn check_name(&self) -> Result<()> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if !(1..=64).contains(&self.name.len()) || !self.name.chars().all(fits) {
            return Err(Error::setting(
                Setting::Backend,
                format!(
                    "`{}` cannot be a backend's name: use at most 64 letters, digits, `-` and `_`, since it is part of a \
                     path and stored with sessions",
                    self.name
                ),
            ));
        }
        Ok(())
    }

    /// Builds the strategy and configures the transport. Adds the rules that their own settings relax to `listed`;
    /// these relaxations do not apply to other backends.
    pub(super) fn build<U: AuthUser>(mut self, service: &Service<'_, U>, listed: &mut Policy) -> Result<ActiveBackend> {
        #[cfg(feature = "oauth")]
        let identities = match &self.strategy.0 {
            Source::Issuer(issuer) => issuer.rules(&self.name)?,
            _ => IdentityRules::new(&self.name)?,
        };
        #[cfg(feature = "redis")]
        let redis = match &self.strategy.0 {
            Source::Redis(sessions) => Some(refresh::in_redis(&sessions.place, service)?),
            _ => None,
        };
        let strategy = match self.strategy.0 {
            Source::Ready(strategy) => strategy,
            Source::Jwt(jwt) => service.jwt(*jwt, &self.name)?,
            Source::Database(sessions) => service.database(sessions, &self.name)?,
            #[cfg(feature = "redis")]
            Source::Redis(sessions) => service.redis(*sessions, &self.name)?,
            #[cfg(feature = "oauth")]
            Source::Issuer(issuer) => service.issuer(*issuer, &self.name)?,
        };
        let relaxed: Vec<_> = service.policy.relaxations().collect();
        let largest_token = strategy.largest_token(longest_id::<U::Id>());
        let limits = (strategy.session_cap(), strategy.idle_limit());
        let refresh = self.refresh.map(|refresh| refresh.check(limits)).transpose()?;
        let path = refresh.as_ref().and_then(Refresh::given_path).map(str::to_owned);
        let path = path.unwrap_or_else(|| service.base_path.join(&format!("/auth/{}", self.name)));
        let context = refresh.as_ref().map(|refresh| RefreshContext::new(&path, refresh.idles()));
        self.transport.configure(&TransportContext {
            relaxed: &relaxed,
            public_url: service.public_url,
            base_path: service.base_path.as_str(),
            largest_token,
            refresh: context,
        })?;
        #[cfg(not(feature = "redis"))]
        let redis = None;
        let refresh =
            refresh.map(|refresh| refresh::active(service, &self.name, refresh, (&*strategy, &*self.transport), redis));
        let refresh = refresh.transpose()?;
        for relaxation in strategy.relaxations().into_iter().chain(self.transport.relaxations()) {
            listed.with(relaxation);
        }
        let origin_rule = service.origin_rule(&*self.transport);
        Ok(ActiveBackend {
            name: self.name.into(),
            transport: self.transport.into(),
            strategy,
            origin_rule,
            refresh,
            #[cfg(feature = "oauth")]
            identities,
        })
    }
}

/// The parts of a service that its backends are built from.
pub(super) struct Service<'a, U> {
    pub(super) secret: &'a SecretKey,
    /// The prefix that distinguishes the keys of this service in Redis.
    #[cfg(feature = "redis")]
    pub(super) redis_service: &'a str,
    /// The policy as the application set it.
    pub(super) policy: &'a Policy,
    pub(super) public_url: Option<&'a PublicUrl>,
    pub(super) base_path: &'a BasePath,
    pub(super) trusted_origins: &'a TrustedOrigins,
    pub(super) store: &'a Arc<dyn UserStore<U>>,
    /// `None` if the store has no session storage.
    pub(super) sessions: Option<&'a Arc<dyn SessionStore>>,
    /// Whether the store keeps accounts at OAuth providers.
    #[cfg(feature = "oauth")]
    pub(super) has_oauth_accounts: bool,
    /// Whether the service has limits at all.
    #[cfg(feature = "oauth")]
    pub(super) limited: bool,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) random: &'a Arc<dyn Random>,
}

impl<U: AuthUser> Service<'_, U> {
    /// Returns the backend to which its tokens belong. In fastapi-users, a token works at every backend that can read it.
    fn owner(&self, backend: &str) -> Option<String> {
        (!self.policy.keeps_quirks()).then(|| backend.to_owned())
    }

    fn jwt(&self, mut jwt: Jwt, backend: &str) -> Result<Arc<dyn Strategy>> {
        #[cfg(feature = "redis")]
        {
            jwt = jwt.in_service(self.redis_service)?;
        }
        if self.policy.allows(Relaxation::WithoutRevocation) {
            jwt = jwt.without_revocation();
        }
        if self.policy.allows(Relaxation::RawKeys) {
            jwt = jwt.raw_keys();
        }
        if self.policy.allows(Relaxation::UpstreamTokens) {
            jwt = jwt.accept_upstream_tokens(self.policy.upstream_tokens_until());
        }
        let (clock, random) = (Arc::clone(self.clock), Arc::clone(self.random));
        let strategy = jwt.build(self.secret, clock, random, self.revoked_in_store())?;
        Ok(Arc::new(strategy.of_backend(self.owner(backend))))
    }

    fn revoked_in_store(&self) -> Arc<dyn RevocationStore> {
        Arc::new(RevokedInStore(Arc::clone(self.store)))
    }

    fn database(&self, sessions: DatabaseSessions, name: &str) -> Result<Arc<dyn Strategy>> {
        let store = self.sessions.ok_or_else(|| {
            Error::setting(Setting::Backend, format!("the store keeps no sessions, which the backend `{name}` needs"))
        })?;
        let (store, clock, random) = (Arc::clone(store), Arc::clone(self.clock), Arc::clone(self.random));
        let strategy = DatabaseTokens::new(apply_policy(self.policy, sessions), store, clock, random)?;
        Ok(Arc::new(strategy.of_backend(self.owner(name))))
    }

    #[cfg(feature = "redis")]
    fn redis(&self, mut sessions: RedisSessions, name: &str) -> Result<Arc<dyn Strategy>> {
        sessions.place = sessions.place.in_service(self.redis_service);
        let (clock, random) = (Arc::clone(self.clock), Arc::clone(self.random));
        let is_recorded = sessions.settings.revoked_in_database;
        let mut strategy = RedisTokens::new(apply_policy(self.policy, sessions), clock, random)?;
        if is_recorded {
            strategy = strategy.revoking(self.revoked_in_store());
        }
        Ok(Arc::new(strategy.of_backend(self.owner(name))))
    }

    #[cfg(feature = "oauth")]
    fn issuer(&self, issuer: ResourceServer, name: &str) -> Result<Arc<dyn Strategy>> {
        if !self.has_oauth_accounts {
            return Err(Error::setting(
                Setting::OAuth,
                format!(
                    "the store keeps no accounts at providers, which the backend `{name}` needs: add #[auth(oauth)] to the \
                     user struct"
                ),
            ));
        }
        Ok(Arc::new(issuer.build(Arc::clone(self.clock), self.limited)?))
    }

    fn origin_rule(&self, transport: &dyn Transport) -> Option<OriginRule> {
        if !transport.is_sent_by_browsers() || self.policy.allows(Relaxation::WithoutOriginCheck) {
            return None;
        }
        let own = self.public_url.map(|url| TrustedOrigins::from(url.origin()));
        let of_transport = transport.trusted_origins().cloned();
        let accepted = own.into_iter().chain(of_transport).fold(self.trusted_origins.clone(), TrustedOrigins::and);
        Some(OriginRule { accepted, is_required: self.policy.requires_origin() })
    }
}

/// Returns the maximum length in bytes of a user's id in text form.
fn longest_id<I: UserId>() -> usize {
    match id_kind::<I>() {
        IdKind::Integer => i64::MIN.to_string().len().max(sample::<I>()),
        IdKind::Uuid => sample::<I>(),
        IdKind::Text => usize::from(LONGEST_ID),
    }
}

/// Returns the length in bytes of an id in text form. Those of UUIDs have one length.
fn sample<I: UserId>() -> usize {
    I::generate(IdSeed::new(Timestamp::UNIX_EPOCH, [0xff; 16])).to_string().len()
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Applies the policy to the settings of stored sessions.
fn apply_policy<P>(policy: &Policy, mut sessions: StoredSessions<P>) -> StoredSessions<P> {
    if policy.allows(Relaxation::PlaintextTokens) {
        sessions = sessions.plaintext_tokens();
    }
    if policy.allows(Relaxation::UpstreamTokens) {
        sessions = sessions.accept_upstream_tokens(policy.upstream_tokens_until());
    }
    if policy.keeps_quirks() {
        // fastapi-users has neither an idle limit nor a maximum number of sessions.
        sessions = sessions.without_idle_limit().at_most(u32::MAX);
    }
    sessions
}

/// The user store as a [`RevocationStore`]. Revocations are read by the query that loads the user.
struct RevokedInStore<U>(Arc<dyn UserStore<U>>);

impl<U: AuthUser> RevocationStore for RevokedInStore<U> {
    fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StrategyError>> {
        Box::pin(async move { self.0.revoke(token, until).await.map_err(StrategyError::unavailable) })
    }

    /// Returns `false`: the query that loads the user checks the revocation.
    fn is_revoked<'a>(&'a self, _: &'a TokenId) -> BoxFuture<'a, Result<bool, StrategyError>> {
        Box::pin(std::future::ready(Ok(false)))
    }

    #[cfg(feature = "audit")]
    fn recording(self: Arc<Self>, entries: Arc<[AuditEntry]>) -> Option<Arc<dyn RevocationStore>> {
        Some(Arc::new(Self(Arc::clone(&self.0).recording(entries)?)))
    }
}
