//! How often things happened, on all nodes together.

use std::fmt;

use super::Redis;
use crate::{
    domain::{Quota, Result, Timestamp},
    port::{BoxFuture, CounterKey, Counters, CountersUnavailable},
};

/// Takes one in one step. Run twice, as a connection that breaks may have it, it takes two: that errs on the safe side.
const TAKE: &str = include_str!("take.lua");

/// Counters in Redis: `axum_users:count:` and the key's digest, until all is given back.
///
/// # Security
/// With Redis down, what is counted does not happen. Counters that Redis loses start anew.
pub struct RedisCounters(Redis);

impl RedisCounters {
    /// Counters in `redis`.
    ///
    /// # Errors
    /// [`Error::Config`](crate::domain::Error::Config) for prefixes of keys that overlap.
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
}

impl fmt::Debug for RedisCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisCounters").field(&self.0).finish()
    }
}
