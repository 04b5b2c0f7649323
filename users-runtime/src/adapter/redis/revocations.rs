//! Which JWTs are dead before their time.

use std::{fmt, sync::Arc};

use super::Redis;
use crate::{
    domain::{Result, Timestamp, TokenId},
    port::{BoxFuture, Clock, RevocationStore, StrategyError},
};

/// Revoked JWTs in Redis: `axum_users:revoked:` and the token's name (`jti`), until the token ends by itself.
///
/// It costs a round trip in every request that carries a JWT. What it cannot find out counts as dead: with Redis down
/// requests are refused with 503.
///
/// # Security
/// A note that is lost makes its token good again. Run Redis with `maxmemory-policy noeviction`, and with
/// `appendfsync always` if a logout must survive a crash of the server within the second.
pub struct RedisRevocations {
    redis: Redis,
    clock: Arc<dyn Clock>,
}

impl RedisRevocations {
    /// Notes in `redis`.
    ///
    /// # Errors
    /// [`Error::Config`](crate::domain::Error::Config) for prefixes of keys that overlap.
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
                return Ok(()); // dead by itself
            }
            let key = self.key(token);
            let answer: Result<String, _> =
                self.redis.send(redis::cmd("SET").arg(key).arg("1").arg("PX").arg(left)).await;
            answer.map(drop).map_err(StrategyError::unavailable)
        })
    }

    fn is_revoked<'a>(&'a self, token: &'a TokenId) -> BoxFuture<'a, Result<bool, StrategyError>> {
        Box::pin(async move {
            self.redis.send(redis::cmd("EXISTS").arg(self.key(token))).await.map_err(StrategyError::unavailable)
        })
    }
}

impl fmt::Debug for RedisRevocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRevocations").field("redis", &self.redis).finish_non_exhaustive()
    }
}
