//! Counters in Redis, shared by all nodes.

use std::fmt;

use super::Redis;
use crate::{
    domain::{Quota, Result, Timestamp},
    port::{BoxFuture, CounterKey, Counters, CountersUnavailable},
};

/// Takes one unit atomically. If the script is sent twice because the connection broke, it takes two, which errs on the
/// safe side.
const TAKE: &str = include_str!("take.lua");

/// Gives one unit back. If the script is sent twice because the connection broke, one unit too many is given back.
const GIVE_BACK: &str = include_str!("give_back.lua");

/// Stores counters in Redis: the [prefix](Redis::prefix), `count:` and the digest of the counter's key, until the quota
/// is fully restored.
///
/// # Security
/// While Redis is down, limited operations are refused. If Redis loses its data, the counters start again.
pub struct RedisCounters(Redis);

impl RedisCounters {
    /// Creates counters in `redis`.
    ///
    /// # Errors
    /// [`Error::Config`](crate::domain::Error::Config) for overlapping key prefixes.
    pub fn new(redis: Redis) -> Result<Self> {
        redis.check()?;
        Ok(Self(redis))
    }
}

impl Counters for RedisCounters {
    fn take<'a>(
        &'a self,
        key: &'a CounterKey,
        quota: Quota,
        now: Timestamp,
    ) -> BoxFuture<'a, std::result::Result<bool, CountersUnavailable>> {
        Box::pin(async move {
            let key = self.0.key("count", key.as_str());
            let args = [now.timestamp_millis(), quota.span(), quota.share()].map(|number| number.to_string());
            let args = args.each_ref().map(String::as_str);
            self.0.run(TAKE, &[&key], &args).await.map_err(CountersUnavailable::because)
        })
    }

    fn give_back<'a>(
        &'a self,
        key: &'a CounterKey,
        quota: Quota,
        now: Timestamp,
    ) -> BoxFuture<'a, std::result::Result<(), CountersUnavailable>> {
        Box::pin(async move {
            let key = self.0.key("count", key.as_str());
            let args = [now.timestamp_millis(), quota.share()].map(|number| number.to_string());
            let args = args.each_ref().map(String::as_str);
            let given: std::result::Result<i64, _> = self.0.run(GIVE_BACK, &[&key], &args).await;
            given.map(drop).map_err(CountersUnavailable::because)
        })
    }
}

impl fmt::Debug for RedisCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisCounters").field(&self.0).finish()
    }
}
