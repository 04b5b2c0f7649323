//! The strategy under test with a manual clock.

use std::{sync::Arc, time::Duration};

use users_runtime::{
    AccessToken, DatabaseSessions, Redis,
    env::{Clock, OsRandom, Timestamp},
    store::Epoch,
    testing::ManualClock,
    token::{Device, Login, RedisTokens, Resolved, Session, Strategy},
};

use crate::redis::server::TestRedis;

pub const ARTHUR: &str = "bdfc2b97-4876-4210-9dba-158745062fcd";
pub const KAY: &str = "0b0f6a0e-0a51-4a3a-9d5b-3a1c58c5e0a1";

/// A strategy under test.
pub struct Rig {
    pub redis: TestRedis,
    pub tokens: Arc<RedisTokens>,
    pub clock: Arc<ManualClock>,
}

impl Rig {
    pub fn with(config: DatabaseSessions) -> Option<Self> {
        let redis = TestRedis::reach()?;
        let clock = Arc::new(ManualClock::at("2026-11-23T12:00:00Z".parse().unwrap()));
        let tokens = Arc::new(tokens(&redis, config, &clock));
        Some(Self { redis, tokens, clock })
    }

    /// Creates a second service with other settings on the same Redis and clock.
    pub fn another(&self, config: DatabaseSessions) -> RedisTokens {
        tokens(&self.redis, config, &self.clock)
    }

    pub fn login(&self, user: &str) -> Login {
        let client = "192.0.2.7".parse().ok();
        Login::new(user, Epoch(3), self.clock.now(), Device::new(client, Some("Round Table/1")))
    }

    pub async fn issue(&self, user: &str) -> AccessToken {
        self.tokens.issue(&self.login(user)).await.unwrap()
    }

    pub async fn find(&self, token: &AccessToken) -> Option<Session> {
        find(&self.tokens, token).await
    }

    pub async fn is_alive(&self, token: &AccessToken) -> bool {
        self.find(token).await.is_some()
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Returns the digests in the keys of sessions.
    pub fn digests(&self) -> Vec<String> {
        let prefix = format!("{}session:", self.redis.ours());
        self.redis.keys().iter().filter_map(|key| key.strip_prefix(&prefix).map(str::to_owned)).collect()
    }

    pub fn session_key(&self, digest: &str) -> String {
        format!("{}session:{digest}", self.redis.ours())
    }

    pub fn index_key(&self, user: &str) -> String {
        format!("{}user:{user}", self.redis.ours())
    }

    /// Returns the milliseconds until Redis removes a key; -1 without expiry, -2 if it does not exist.
    pub fn ttl(&self, key: &str) -> i64 {
        self.redis.ask(&["PTTL", key]).integer()
    }
}

fn tokens(redis: &TestRedis, config: DatabaseSessions, clock: &Arc<ManualClock>) -> RedisTokens {
    let at = Redis::new(&redis.url).unwrap().prefix(redis.ours()).upstream_prefix(redis.upstream());
    RedisTokens::new(config.in_redis(at), clock.clone(), Arc::new(OsRandom)).unwrap()
}

pub async fn find(tokens: &RedisTokens, token: &AccessToken) -> Option<Session> {
    match tokens.resolve(token).await.unwrap() {
        Some(Resolved::Session(session)) => Some(session),
        Some(other) => panic!("{other:?}"),
        None => None,
    }
}

pub fn after(start: Timestamp, seconds: i64) -> Timestamp {
    start + chrono::TimeDelta::seconds(seconds)
}

/// Asserts that a key expires in about the given number of seconds, with tolerance for slow tests.
#[track_caller]
pub fn ends_in(ttl: i64, seconds: i64) {
    assert!(ttl <= seconds * 1000 && ttl > (seconds - 30) * 1000, "{ttl} ms, and not {seconds} s");
}
