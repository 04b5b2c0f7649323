//! A shared connection that is made on demand and replaced when it breaks.

use std::{
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::{AsyncConnectionConfig, Cmd, FromRedisValue};

use super::{failure::RedisFailed, server::RedisServer, stream::Connection};
use crate::domain::{Error, Result, Setting};

/// The time limit for connecting.
const CONNECT: Duration = Duration::from_secs(3);
/// The time limit for a reply.
const REPLY: Duration = Duration::from_secs(2);
/// The number of requests that may be queued on the connection before further ones wait.
const QUEUE: usize = 1024;
/// The time limit of a request, including a retry.
pub(super) const TOTAL: Duration = Duration::from_secs(5);

/// A Redis server, shared by all nodes of a service. Cheap to clone; clones share one connection, on which requests are
/// pipelined.
///
/// Connects with the first request and reconnects automatically. The time limits are three seconds for connecting, two
/// seconds for a reply, and five seconds in total, including one retry. After that, requests that need Redis are
/// refused with status 503. A reply of more than 16 MiB breaks the connection. See [Redis](https://github.com/axum-users/axum-users/blob/main/docs/guide/redis.md).
///
/// ```
/// # use users_runtime as axum_users;
/// use axum_users::{Backend, Jwt, Redis, RedisSessions};
/// let redis = Redis::new("redis://127.0.0.1")?.prefix("camelot:");
/// let sessions = Backend::bearer("redis", RedisSessions::new(redis.clone()));
/// let tokens = Backend::bearer("jwt", Jwt::new().revoked_in_redis(redis));
/// # Ok::<(), axum_users::Error>(())
/// ```
///
/// # Security
/// A client with write access to the server can log in as any user; one with read access can do so if tokens are stored
/// in plaintext. Keep the server off public networks and protect it with a password or an ACL. Errors, logs and `Debug`
/// contain no part of the URL.
#[derive(Clone)]
#[must_use]
pub struct Redis {
    link: Arc<Link>,
    prefix: Prefix,
    upstream_prefix: String,
}

/// The prefix of the keys of axum-users.
#[derive(Debug, Clone)]
enum Prefix {
    /// [`Redis::PREFIX`], followed in a service by a name that distinguishes it from others.
    Default(String),
    Own(String),
}

struct Link {
    server: RedisServer,
    state: Mutex<State>,
    /// Held while a connection is made, so that concurrent requests make one.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    connection: Option<Arc<Connection>>,
    /// The number of connections made so far.
    generation: u64,
}

impl Redis {
    /// The start of all keys of axum-users. In a service it is followed by a digest of its secret and of the name of
    /// its user type, so that services which share a database do not collide.
    pub const PREFIX: &'static str = "axum_users:";
    /// The default prefix of the keys of fastapi-users.
    pub const UPSTREAM_PREFIX: &'static str = "fastapi_users_token:";

    /// Configures the server at `url`. Does not connect until the first request.
    ///
    /// | URL | server |
    /// |---|---|
    /// | `redis://user:password@host:port/database` | one server |
    /// | `redis+unix:///path` | a Unix socket |
    /// | `redis+sentinel://user:password@host:port,host:port/name-of-the-primary/database` | Sentinel: user and password are those of the server; the Sentinels are queried for the primary for each new connection |
    /// | `rediss://…`, `rediss+sentinel://…` | the same over TLS, with the Cargo feature `tls` |
    ///
    /// # Errors
    /// [`Error::Config`] for a URL that cannot be parsed or needs a Cargo feature that is off. The message does not
    /// quote the URL.
    pub fn new(url: &str) -> Result<Self> {
        let server = RedisServer::parse(url).map_err(|reason| Error::setting(Setting::Redis, reason))?;
        Ok(Self {
            link: Arc::new(Link { server, state: Mutex::default(), connecting: tokio::sync::Mutex::default() }),
            prefix: Prefix::Default(Self::PREFIX.to_owned()),
            upstream_prefix: Self::UPSTREAM_PREFIX.to_owned(),
        })
    }

    /// Sets the prefix of all keys of axum-users. Services and user types that share a database need different ones.
    /// Default: [`Redis::PREFIX`], 16 characters that are derived from the service's secret and the name of the user type,
    /// and a colon.
    ///
    /// With its own prefix, a service keeps its sessions and revocations when its secret changes.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Prefix::Own(prefix.into());
        self
    }

    /// Distinguishes the default prefix from that of other services.
    pub(crate) fn in_service(mut self, service: &str) -> Self {
        if let Prefix::Default(prefix) = &mut self.prefix {
            *prefix = format!("{}{service}:", Self::PREFIX);
        }
        self
    }

    /// Returns whether the prefix changes with the secret.
    pub(crate) fn has_default_prefix(&self) -> bool {
        matches!(self.prefix, Prefix::Default(_))
    }

    fn own_prefix(&self) -> &str {
        match &self.prefix {
            Prefix::Default(prefix) | Prefix::Own(prefix) => prefix,
        }
    }

    /// Sets the prefix of tokens that are stored in plaintext, the `key_prefix` of fastapi-users. Default:
    /// [`Redis::UPSTREAM_PREFIX`].
    pub fn upstream_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.upstream_prefix = prefix.into();
        self
    }

    /// Pings the server, for instance at startup, to detect a wrong address or password before the first request.
    ///
    /// # Errors
    /// [`Error::Config`] for overlapping key prefixes, [`Error::Io`] if the server does not reply or refuses the
    /// connection.
    pub async fn ping(&self) -> Result<()> {
        self.check()?;
        let reply: std::result::Result<String, _> = self.send(&redis::cmd("PING")).await;
        reply.map(drop).map_err(|failed| Error::Io(std::io::Error::other(format!("{failed}: {}", failed.advice()))))
    }

    /// Checks that the key prefixes do not overlap.
    pub(crate) fn check(&self) -> Result<()> {
        if self.own_prefix().is_empty() || self.upstream_prefix.starts_with(self.own_prefix()) {
            return Err(Error::setting(
                Setting::Redis,
                "the prefix of our keys in Redis is empty, or that of fastapi-users starts with it: a digest out of one \
                 could be presented as a token of the other",
            ));
        }
        Ok(())
    }

    /// Returns the key of axum-users for `kind` and `name`.
    pub(in crate::adapter) fn key(&self, kind: &str, name: &str) -> String {
        format!("{}{kind}:{name}", self.own_prefix())
    }

    /// Returns the key under which fastapi-users stores a token.
    pub(in crate::adapter) fn upstream_key(&self, token: &str) -> String {
        format!("{}{token}", self.upstream_prefix)
    }

    /// Runs a script. It must be idempotent, because it is sent again if the connection breaks.
    pub(in crate::adapter) async fn run<T: FromRedisValue>(
        &self,
        script: &str,
        keys: &[&str],
        args: &[&str],
    ) -> std::result::Result<T, RedisFailed> {
        self.send(redis::cmd("EVAL").arg(script).arg(keys.len()).arg(keys).arg(args)).await
    }

    /// Sends an idempotent command.
    pub(in crate::adapter) async fn send<T: FromRedisValue>(
        &self,
        command: &Cmd,
    ) -> std::result::Result<T, RedisFailed> {
        let Ok(value) = tokio::time::timeout(TOTAL, self.link.send(command)).await else {
            let generation = self.link.state().generation;
            self.link.forget(generation);
            return Err(RedisFailed::timed_out());
        };
        let value = value?;
        redis::from_redis_value(value).map_err(|_| RedisFailed::unexpected_reply())
    }
}

impl Link {
    async fn send(&self, command: &Cmd) -> std::result::Result<redis::Value, RedisFailed> {
        match self.try_send(command).await {
            // A restart of the server is only noticed when the old connection fails.
            Err(failed) if !failed.is_timeout() => self.try_send(command).await,
            reply => reply,
        }
    }

    async fn try_send(&self, command: &Cmd) -> std::result::Result<redis::Value, RedisFailed> {
        let (connection, generation) = self.connection().await?;
        let reply = connection.commands.clone().send_packed_command(command).await;
        let is_broken = reply.is_err();
        if !is_broken {
            connection.replied();
        }
        let reply = reply.and_then(redis::Value::extract_error);
        // A server that refuses writes is no longer the primary.
        if is_broken || reply.as_ref().is_err_and(|error| error.code() == Some("READONLY")) {
            self.forget(generation);
        }
        reply.map_err(RedisFailed::from)
    }

    async fn connection(&self) -> std::result::Result<(Arc<Connection>, u64), RedisFailed> {
        if let (Some(connection), generation) = self.current() {
            return Ok((connection, generation));
        }
        let _connecting = self.connecting.lock().await;
        // A concurrent request may have connected in the meantime.
        if let (Some(connection), generation) = self.current() {
            return Ok((connection, generation));
        }
        let connect = async {
            let config = AsyncConnectionConfig::new().set_response_timeout(Some(REPLY)).set_pipeline_buffer_size(QUEUE);
            Connection::open(&self.server.client().await?, config).await
        };
        let connection = tokio::time::timeout(CONNECT, connect).await.map_err(|_| RedisFailed::timed_out())??;
        let mut state = self.state();
        state.generation += 1;
        Ok((Arc::clone(state.connection.insert(Arc::new(connection))), state.generation))
    }

    fn current(&self) -> (Option<Arc<Connection>>, u64) {
        let state = self.state();
        (state.connection.clone(), state.generation)
    }

    /// Drops a broken connection, unless it was replaced already; the next request connects again.
    fn forget(&self, generation: u64) {
        let mut state = self.state();
        if state.generation == generation {
            state.connection = None;
        }
    }

    /// No code that can panic runs while the lock is held, so the state is consistent even if the lock is poisoned.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FromStr for Redis {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self> {
        Self::new(url)
    }
}

impl TryFrom<&str> for Redis {
    type Error = Error;

    fn try_from(url: &str) -> Result<Self> {
        Self::new(url)
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("prefix", &self.prefix)
            .field("upstream_prefix", &self.upstream_prefix)
            .finish_non_exhaustive()
    }
}
