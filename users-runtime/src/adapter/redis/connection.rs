//! One connection for all requests, made when it is needed and made anew when it broke.

use std::{
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::{
    Cmd, FromRedisValue,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

use super::{failure::RedisFailed, server::RedisServer};
use crate::domain::{Error, Result};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(2);
/// How many requests may wait to be written to the connection before they wait for room.
const QUEUE: usize = 1024;
/// How long a request waits in all, with a second try.
pub(super) const TOTAL: Duration = Duration::from_secs(5);

/// A Redis server, shared by all nodes of a service. Cheap to clone; clones share one connection, over which requests are
/// interleaved.
///
/// Nothing is sent before the first request. A connection may take three seconds, an answer two, both together with a
/// second try five; beyond, requests that need Redis are refused with 503. It is connected to anew as soon as it is back.
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
/// Whoever can write to the server can log in as anybody; whoever can read it can log in if tokens are kept in clear. Keep
/// it off public networks, with a password or an ACL. Errors, logs and `Debug` hold no part of the URL.
#[derive(Clone)]
#[must_use]
pub struct Redis {
    link: Arc<Link>,
    prefix: String,
    upstream_prefix: String,
}

struct Link {
    server: RedisServer,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    manager: Option<ConnectionManager>,
    /// Which connection it is, counted.
    generation: u64,
}

impl Redis {
    /// Before all keys of our own.
    pub const PREFIX: &'static str = "axum_users:";
    /// Before the keys of fastapi-users.
    pub const UPSTREAM_PREFIX: &'static str = "fastapi_users_token:";

    /// The server at `url`: `redis://user:password@host:port/database`, `redis+unix:///path`, and `rediss://…` (TLS) with the
    /// Cargo feature `tls`. With Sentinel `redis+sentinel://user:password@host:port,host:port/name-of-the-primary/database` (or
    /// `rediss+sentinel://…`): user and password are those of the server; the Sentinels are asked for the primary whenever a
    /// connection is made. Nothing is sent before the first request.
    ///
    /// # Errors
    /// [`Error::Config`] for a URL that cannot be parsed or needs a Cargo feature that is off. The message does not quote it.
    pub fn new(url: &str) -> Result<Self> {
        let server = RedisServer::parse(url).map_err(Error::config)?;
        Ok(Self {
            link: Arc::new(Link { server, state: Mutex::default() }),
            prefix: Self::PREFIX.to_owned(),
            upstream_prefix: Self::UPSTREAM_PREFIX.to_owned(),
        })
    }

    /// What stands before every key of our own. Services that share a database need different ones. Default
    /// [`Redis::PREFIX`].
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// What stands before tokens that are kept in clear: `key_prefix` of fastapi-users. Default [`Redis::UPSTREAM_PREFIX`].
    pub fn upstream_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.upstream_prefix = prefix.into();
        self
    }

    /// Asks the server whether it is there, such as at start, to learn of a wrong address or password before a client does.
    ///
    /// # Errors
    /// [`Error::Config`] for prefixes of keys that overlap, [`Error::Io`] if the server does not answer or refuses.
    pub async fn ping(&self) -> Result<()> {
        self.check()?;
        let answer: std::result::Result<String, _> = self.send(&redis::cmd("PING")).await;
        answer.map(drop).map_err(|failed| Error::Io(std::io::Error::other(failed)))
    }

    /// Refuses settings that cannot work.
    pub(crate) fn check(&self) -> Result<()> {
        if self.prefix.is_empty() || self.upstream_prefix.starts_with(&self.prefix) {
            return Err(Error::config(
                "the prefix of our keys in Redis is empty, or that of fastapi-users starts with it: a digest out of one \
                 could be presented as a token of the other",
            ));
        }
        Ok(())
    }

    /// The key of our own for `kind` and `name`.
    pub(in crate::adapter) fn key(&self, kind: &str, name: &str) -> String {
        format!("{}{kind}:{name}", self.prefix)
    }

    /// The key under which fastapi-users keeps a token.
    pub(in crate::adapter) fn upstream_key(&self, token: &str) -> String {
        format!("{}{token}", self.upstream_prefix)
    }

    /// Runs a script. It may run twice if the connection breaks, so it must do no harm the second time.
    pub(in crate::adapter) async fn run<T: FromRedisValue>(
        &self,
        script: &str,
        keys: &[&str],
        args: &[&str],
    ) -> std::result::Result<T, RedisFailed> {
        self.send(redis::cmd("EVAL").arg(script).arg(keys.len()).arg(keys).arg(args)).await
    }

    /// Sends a command that does no harm the second time.
    pub(super) async fn send<T: FromRedisValue>(&self, command: &Cmd) -> std::result::Result<T, RedisFailed> {
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
            // A server that was started anew shows only when it is asked.
            Err(failed) if !failed.is_timeout() => self.try_send(command).await,
            answer => answer,
        }
    }

    async fn try_send(&self, command: &Cmd) -> std::result::Result<redis::Value, RedisFailed> {
        let (mut manager, generation) = self.connection().await?;
        let answer = manager.send_packed_command(command).await;
        let is_broken = answer.is_err();
        let answer = answer.and_then(redis::Value::extract_error);
        // A server that takes no writes is the primary no more.
        if is_broken || answer.as_ref().is_err_and(|error| error.code() == Some("READONLY")) {
            self.forget(generation);
        }
        answer.map_err(RedisFailed::from)
    }

    async fn connection(&self) -> std::result::Result<(ConnectionManager, u64), RedisFailed> {
        if let (Some(manager), generation) = self.current() {
            return Ok((manager, generation));
        }
        let client = tokio::time::timeout(CONNECT, self.server.client()).await.map_err(|_| RedisFailed::timed_out())??;
        let mut state = self.state();
        // Others may have been faster.
        let manager = match &state.manager {
            Some(manager) => manager.clone(),
            None => {
                let config = ConnectionManagerConfig::new()
                    .set_connection_timeout(Some(CONNECT))
                    .set_response_timeout(Some(ANSWER))
                    .set_pipeline_buffer_size(QUEUE)
                    .set_number_of_retries(0);
                let manager = ConnectionManager::new_lazy_with_config(client, config)?;
                state.generation += 1;
                state.manager.insert(manager).clone()
            }
        };
        Ok((manager, state.generation))
    }

    fn current(&self) -> (Option<ConnectionManager>, u64) {
        let state = self.state();
        (state.manager.clone(), state.generation)
    }

    /// Drops a connection that may be broken, unless that was done already: the next request makes another.
    ///
    /// The manager itself connects anew after some errors, but not when a server that is still loading its data refuses
    /// the first words, and not when a server is silent.
    fn forget(&self, generation: u64) {
        let mut state = self.state();
        if state.generation == generation {
            state.manager = None;
        }
    }

    /// No code that can panic runs under the lock, so a poisoned one is whole.
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
