//! Ways to log in, as an application declares them.

use std::{fmt, sync::Arc};

use crate::{
    adapter::{
        Bearer,
        jwt::JwtConfig,
        opaque::{DatabaseTokens, SessionConfig},
    },
    domain::{Error, Relaxation, Result, SecretKey, Timestamp, TokenId},
    manager::{ActiveBackend, Policy},
    port::{BoxFuture, Clock, Random, RevocationStore, SessionStore, Strategy, StrategyError, Transport, UserStore},
    user::AuthUser,
};

/// A way to log in: a name, a transport (how a token travels) and a strategy (what a token is). The name is part of the
/// routes' paths: `/auth/{name}/login`.
pub struct Backend {
    name: String,
    transport: Arc<dyn Transport>,
    strategy: Source,
}

/// A strategy that is there, or the settings of one that needs the secret and the store to be made.
enum Source {
    Ready(Arc<dyn Strategy>),
    Jwt(Box<JwtConfig>),
    Database(SessionConfig),
}

impl Backend {
    /// Signed tokens in the `Authorization` header. HS256 with a key derived from the master secret, one hour, revoked
    /// at logout through the user's own database.
    #[must_use]
    pub fn bearer_jwt(name: impl Into<String>) -> Self {
        Self::jwt(name, Bearer, JwtConfig::default())
    }

    /// Signed tokens with settings of one's own, over any transport.
    #[must_use]
    pub fn jwt(name: impl Into<String>, transport: impl Transport, config: JwtConfig) -> Self {
        Self { name: name.into(), transport: Arc::new(transport), strategy: Source::Jwt(Box::new(config)) }
    }

    /// Sessions kept in the users' own database, their tokens in the `Authorization` header: 24 hours, or one hour without
    /// use, ended at logout.
    #[must_use]
    pub fn bearer_database(name: impl Into<String>) -> Self {
        Self::database(name, Bearer, SessionConfig::new())
    }

    /// Sessions kept in the users' own database with settings of one's own, over any transport.
    #[must_use]
    pub fn database(name: impl Into<String>, transport: impl Transport, config: SessionConfig) -> Self {
        Self { name: name.into(), transport: Arc::new(transport), strategy: Source::Database(config) }
    }

    /// Any strategy over any transport.
    #[must_use]
    pub fn new(name: impl Into<String>, transport: impl Transport, strategy: impl Strategy) -> Self {
        Self { name: name.into(), transport: Arc::new(transport), strategy: Source::Ready(Arc::new(strategy)) }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The audiences of its tokens, if they are JWTs made from settings.
    pub(super) fn audiences(&self) -> &[String] {
        match &self.strategy {
            Source::Ready(_) | Source::Database(_) => &[],
            Source::Jwt(config) => config.audiences(),
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

    /// Makes the strategy. What its own settings relax is added to the policy's list.
    pub(super) fn build<U: AuthUser>(
        self,
        secret: &SecretKey,
        policy: &mut Policy,
        store: &Arc<dyn UserStore<U>>,
        sessions: Option<&Arc<dyn SessionStore>>,
        clock: &Arc<dyn Clock>,
        random: &Arc<dyn Random>,
    ) -> Result<ActiveBackend> {
        let strategy = match self.strategy {
            Source::Ready(strategy) => strategy,
            Source::Jwt(config) => {
                let mut config = *config;
                if policy.allows(Relaxation::WithoutRevocation) {
                    config = config.without_revocation();
                }
                if policy.allows(Relaxation::RawKeys) {
                    config = config.raw_keys();
                }
                if policy.allows(Relaxation::UpstreamTokens) {
                    config = config.accept_upstream_tokens(policy.upstream_tokens_until());
                }
                let revocation = Arc::new(RevokedInStore(Arc::clone(store)));
                Arc::new(config.build(secret, Arc::clone(clock), Arc::clone(random), revocation)?)
            }
            Source::Database(config) => {
                let sessions = sessions.ok_or_else(|| {
                    Error::config(format!("the store keeps no sessions, which the backend `{}` needs", self.name))
                })?;
                let config = under(policy, config);
                Arc::new(DatabaseTokens::new(config, Arc::clone(sessions), Arc::clone(clock), Arc::clone(random))?)
            }
        };
        for relaxation in strategy.relaxations() {
            policy.with(relaxation);
        }
        Ok(ActiveBackend { name: self.name.into(), transport: self.transport, strategy })
    }
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
        config = config.without_idle_limit();
    }
    config
}

/// The user store as a [`RevocationStore`]: the note about a token is read by the query that loads the user.
struct RevokedInStore<U>(Arc<dyn UserStore<U>>);

impl<U: AuthUser> RevocationStore for RevokedInStore<U> {
    fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StrategyError>> {
        Box::pin(async move { self.0.revoke(token, until).await.map_err(StrategyError::unavailable) })
    }
}
