//! Counters in Redis, shared by all nodes.

use std::fmt;

use super::Redis;
use crate::{
    domain::{Result, Rule, RuleNumbers, Timestamp},
    port::{BoxFuture, CounterKey, Counters, CountersUnavailable, Decision, Draw, Settlement},
};

/// Takes events atomically. If the script is sent twice because the connection broke, it takes two, which errs on the safe side.
const TAKE: &str = include_str!("take.lua");

/// Takes events back and clears counters. If the script is sent twice because the connection broke, one event too many
/// is taken back.
const SETTLE: &str = include_str!("settle.lua");

/// Remembers a key.
const REMEMBER: &str = include_str!("remember.lua");

/// Stores counters in Redis: the [prefix](Redis::prefix), `count:` and the digest of the counter's key, until the
/// counter has no effect any more. Remembered keys have `known:` instead.
///
/// # Security
/// While Redis is down, limited operations are refused. If Redis loses its data, the counters start again.
pub struct RedisCounters(Redis);

type Answer<T> = std::result::Result<T, CountersUnavailable>;

impl RedisCounters {
    /// Creates counters in `redis`.
    ///
    /// # Errors
    /// [`Error::Config`](crate::domain::Error::Config) for overlapping key prefixes.
    pub fn new(redis: Redis) -> Result<Self> {
        redis.check()?;
        Ok(Self(redis))
    }

    fn key(&self, key: &CounterKey) -> String {
        self.0.key("count", key.as_str())
    }

    async fn run<T: redis::FromRedisValue>(&self, script: &str, keys: &[String], args: &[String]) -> Answer<T> {
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        self.0.run(script, &keys, &args).await.map_err(CountersUnavailable::because)
    }
}

/// Returns the five arguments of a rule.
fn arguments(rule: Rule) -> [String; 5] {
    match rule.numbers() {
        RuleNumbers::Quota { span, share } => {
            ["q".to_owned(), span.to_string(), share.to_string(), "0".to_owned(), "0".to_owned()]
        }
        RuleNumbers::Backoff { free, first, longest, forget_after } => {
            ["b".to_owned(), free.to_string(), first.to_string(), longest.to_string(), forget_after.to_string()]
        }
    }
}

fn millis(time: Timestamp) -> String {
    time.timestamp_millis().to_string()
}

impl Counters for RedisCounters {
    fn take<'a>(&'a self, draws: &'a [Draw], now: Timestamp) -> BoxFuture<'a, Answer<Decision>> {
        Box::pin(async move {
            let keys: Vec<_> = draws.iter().map(|draw| self.key(&draw.key)).collect();
            let args: Vec<_> =
                [millis(now)].into_iter().chain(draws.iter().flat_map(|draw| arguments(draw.rule))).collect();
            let refused: Vec<i64> = self.run(TAKE, &keys, &args).await?;
            Ok(match refused[..] {
                [by, wait] => Decision::refused(usize::try_from(by).unwrap_or_default(), wait),
                _ => Decision::Taken,
            })
        })
    }

    fn settle<'a>(&'a self, settlement: &'a Settlement, now: Timestamp) -> BoxFuture<'a, Answer<()>> {
        Box::pin(async move {
            let given = &settlement.give_back;
            let keys: Vec<_> =
                given.iter().map(|draw| &draw.key).chain(&settlement.clear).map(|key| self.key(key)).collect();
            let first = [millis(now), given.len().to_string()];
            let args: Vec<_> = first.into_iter().chain(given.iter().flat_map(|draw| arguments(draw.rule))).collect();
            self.run::<i64>(SETTLE, &keys, &args).await.map(drop)
        })
    }

    fn remember<'a>(&'a self, key: &'a CounterKey, until: Timestamp, now: Timestamp) -> BoxFuture<'a, Answer<()>> {
        Box::pin(async move {
            let keys = [self.0.key("known", key.as_str())];
            self.run::<i64>(REMEMBER, &keys, &[millis(now), millis(until)]).await.map(drop)
        })
    }

    fn remembered_until<'a>(&'a self, key: &'a CounterKey, now: Timestamp) -> BoxFuture<'a, Answer<Option<Timestamp>>> {
        Box::pin(async move {
            let mut get = redis::cmd("GET");
            get.arg(self.0.key("known", key.as_str()));
            let until: Option<i64> = self.0.send(&get).await.map_err(CountersUnavailable::because)?;
            Ok(until.and_then(Timestamp::from_timestamp_millis).filter(|until| *until > now))
        })
    }

    fn ping(&self) -> BoxFuture<'_, Answer<()>> {
        Box::pin(async { self.0.ping().await.map_err(CountersUnavailable::because) })
    }
}

impl fmt::Debug for RedisCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisCounters").field(&self.0).finish()
    }
}
