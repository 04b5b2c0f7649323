//! Revoked JWTs in Redis.

use std::{fmt, sync::Arc};

use super::Redis;
use crate::{
    domain::{Result, Timestamp, TokenId},
    port::{BoxFuture, Clock, RevocationStore, StrategyError},
};

/// Stores revoked JWTs in Redis: the [prefix](Redis::prefix), `revoked:` and the token's `jti`, until the token expires.
///
/// This costs one round trip in every request with a JWT. It fails closed: while Redis is down, requests with a JWT are
/// refused with status 503.
///
/// # Security
/// If Redis loses a record, the token is valid again. Run Redis with `maxmemory-policy noeviction`, and with
/// `appendfsync always` if a logout must survive a crash of the server within the same second.
pub struct RedisRevocations {
    redis: Redis,
    clock: Arc<dyn Clock>,
}

impl RedisRevocations {
    /// Creates a revocation store in `redis`.
    ///
    /// # Errors
    /// [`Error::Config`](crate::domain::Error::Config) for overlapping key prefixes.
    pub fn new(redis: Redis, clock: Arc<dyn Clock>) -> Result<Self> {
        redis.check()?;
        Ok(Self { redis, clock })
    }

    fn key(&self, token: &TokenId) -> String {
        self.redis.key("revoked", &token.0)
    }
}

impl RevocationStore for RedisRevocations {
    fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StrategyError>> {
        Box::pin(async move {
            let left = (until - self.clock.now()).num_milliseconds();
            if left <= 0 {
                return Ok(()); // already expired
            }
            let key = self.key(token);
            let reply: Result<String, _> =
                self.redis.send(redis::cmd("SET").arg(key).arg("1").arg("PX").arg(left)).await;
            reply.map(drop).map_err(StrategyError::unavailable)
        })
    }

    fn is_revoked<'a>(&'a self, token: &'a TokenId) -> BoxFuture<'a, Result<bool, StrategyError>> {
        Box::pin(async move {
            self.redis.send(redis::cmd("EXISTS").arg(self.key(token))).await.map_err(StrategyError::unavailable)
        })
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), StrategyError>> {
        Box::pin(async { self.redis.ping().await.map_err(StrategyError::unavailable) })
    }
}

impl fmt::Debug for RedisRevocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRevocations").field("redis", &self.redis).finish_non_exhaustive()
    }
}
