//! Revoked JWTs.

use std::{sync::Arc, time::Duration};

use users_runtime::{
    AccessToken, Jwt, Redis, SecretKey,
    env::{Clock, OsRandom},
    store::{Epoch, TokenId},
    testing::ManualClock,
    token::{Device, JwtStrategy, Login, RedisRevocations, RevocationStore, Strategy},
};

use crate::redis::{
    server::TestRedis,
    support::{ARTHUR, after, ends_in},
};

struct Rig {
    redis: TestRedis,
    clock: Arc<ManualClock>,
    revoked: Arc<RedisRevocations>,
}

impl Rig {
    fn start() -> Option<Self> {
        let redis = TestRedis::reach()?;
        let clock = Arc::new(ManualClock::at("2026-11-23T12:00:00Z".parse().unwrap()));
        let at = Redis::new(&redis.url).unwrap().prefix(redis.ours());
        let revoked = Arc::new(RedisRevocations::new(at, clock.clone()).unwrap());
        Some(Self { redis, clock, revoked })
    }

    fn key(&self, token: &TokenId) -> String {
        format!("{}revoked:{}", self.redis.ours(), token.0)
    }

    fn jwt(&self) -> JwtStrategy {
        let secret = SecretKey::new("0Zk7cV3yq9fPpX2sLr8wNd4tGh6bJm1u").unwrap();
        let (clock, random) = (Arc::clone(&self.clock), Arc::new(OsRandom));
        Jwt::new().build(&secret, clock, random, Arc::clone(&self.revoked) as _).unwrap()
    }
}

#[tokio::test]
async fn a_revocation_expires_with_its_token() {
    let Some(rig) = Rig::start() else { return };
    let now = rig.clock.now();
    let (token, other) = (TokenId::from_random([1; 16]), TokenId::from_random([2; 16]));
    rig.revoked.revoke(&token, after(now, 3600)).await.unwrap();
    assert!(rig.revoked.is_revoked(&token).await.unwrap());
    assert!(!rig.revoked.is_revoked(&other).await.unwrap());
    ends_in(rig.redis.ask(&["PTTL", &rig.key(&token)]).integer(), 3600);
    // An expired token needs no revocation, and one without expiry keeps it for thousands of years.
    rig.revoked.revoke(&other, now).await.unwrap();
    assert_eq!(rig.redis.keys().len(), 1);
    rig.revoked.revoke(&other, "9999-12-31T23:59:59Z".parse().unwrap()).await.unwrap();
    assert!(rig.revoked.is_revoked(&other).await.unwrap());
}

/// Two nodes share only Redis and the secret.
#[tokio::test]
async fn a_jwt_revoked_on_one_node_is_rejected_on_the_other() {
    let Some(rig) = Rig::start() else { return };
    let (one, other) = (rig.jwt(), rig.jwt());
    let login = Login::new(ARTHUR, Epoch(0), rig.clock.now(), Device::default());
    let (token, kept) = (one.issue(&login).await.unwrap(), one.issue(&login).await.unwrap());
    assert!(other.resolve(&token).await.unwrap().is_some());
    one.revoke(&token).await.unwrap();
    for node in [&one, &other] {
        assert!(node.resolve(&token).await.unwrap().is_none() && node.resolve(&kept).await.unwrap().is_some());
    }
    rig.clock.advance(Duration::from_secs(3600));
    assert!(other.resolve(&kept).await.unwrap().is_none());
    let asked_nothing = other.resolve(&AccessToken::new("garbage")).await;
    assert!(asked_nothing.unwrap().is_none());
}
