//! Two instances whose clocks differ: tokens of one are valid at the other at once, and expiry is exact.

use std::{sync::Arc, time::Duration};

use axum_users::{Redis, mail::MemoryMails, testing::ManualClock};
use serde_json::json;

use super::{
    node::{Node, Shared},
    server::TestRedis,
};
use crate::support::PASSWORD;

const ARTHUR: &str = "arthur@camelot.bt";
const BACKENDS: [&str; 4] = ["jwt", "listed", "db", "redis"];

/// Two instances, their clocks, and what they share.
struct Apart {
    ahead: Node,
    behind: Node,
    clocks: [Arc<ManualClock>; 2],
    _shared: Shared,
    _redis: TestRedis,
}

impl Apart {
    /// Starts two instances whose clocks differ by `skew`, or returns `None` without Redis.
    async fn by(skew: Duration) -> Option<Self> {
        let redis = TestRedis::reach()?;
        let shared =
            Shared::new(Redis::new(&redis.url).unwrap().prefix(redis.ours()).upstream_prefix(redis.upstream())).await;
        let clocks = [(); 2].map(|()| Arc::new(ManualClock::at("2026-11-23T12:00:00.700Z".parse().unwrap())));
        clocks[0].advance(skew);
        let (ahead, behind) =
            (Node::with_clock(&shared, &clocks[0]).await, Node::with_clock(&shared, &clocks[1]).await);
        ahead.register(ARTHUR).await;
        ahead.mails.wait_for(1).await;
        Some(Self { ahead, behind, clocks, _shared: shared, _redis: redis })
    }

    fn advance(&self, by: Duration) {
        self.clocks.iter().for_each(|clock| clock.advance(by));
    }

    /// Requests a mail from the instance that is ahead and returns the token in it.
    async fn mailed(&self, path: &str) -> String {
        let before = self.ahead.mails.all().len();
        self.ahead.post(path).json(json!({ "email": ARTHUR })).send().await.is(202, "null");
        let mails = self.ahead.mails.wait_for(before + 1).await;
        MemoryMails::token(mails.last().unwrap()).unwrap()
    }
}

const SKEWS: [Duration; 4] =
    [Duration::from_millis(50), Duration::from_millis(900), Duration::from_secs(5), Duration::from_secs(10)];

#[tokio::test]
async fn a_session_of_an_instance_whose_clock_is_ahead_is_valid_and_fresh_at_the_other() {
    for skew in SKEWS {
        let Some(apart) = Apart::by(skew).await else { return };
        for backend in BACKENDS {
            let token = apart.ahead.login(backend, ARTHUR).await;
            assert_eq!(apart.behind.me(&token).await, 200, "{backend}, {skew:?}");
            // A fresh login needs no current password.
            let change = apart.behind.patch("/users/me").bearer(&token).json(json!({ "password": PASSWORD })).send();
            let change = change.await;
            assert_eq!(change.status, 200, "{backend}, {skew:?}: {change:?}");
            assert_eq!(apart.ahead.me(&token).await, 200, "{backend}, {skew:?}: the session of the change is kept");
            apart.behind.logout(backend, &token).await.is(204, "");
            assert_eq!((apart.ahead.me(&token).await, apart.behind.me(&token).await), (401, 401), "{backend}");
        }
    }
}

#[tokio::test]
async fn a_mailed_token_of_an_instance_whose_clock_is_ahead_works_at_the_other() {
    for skew in SKEWS {
        let Some(apart) = Apart::by(skew).await else { return };
        let verify = apart.mailed("/auth/request-verify-token").await;
        let response = apart.behind.post("/auth/verify").json(json!({ "token": verify })).send().await;
        assert_eq!(response.status, 200, "{skew:?}: {response:?}");
        let reset = json!({ "token": apart.mailed("/auth/forgot-password").await, "password": PASSWORD });
        apart.behind.post("/auth/reset-password").json(reset).send().await.is(200, "null");
    }
}

#[tokio::test]
async fn a_token_from_further_in_the_future_is_refused() {
    let Some(apart) = Apart::by(Duration::from_secs(12)).await else { return };
    let token = apart.ahead.login("jwt", ARTHUR).await;
    assert_eq!((apart.ahead.me(&token).await, apart.behind.me(&token).await), (200, 401));
}

#[tokio::test]
async fn expiry_has_no_leeway_at_either_instance() {
    let Some(apart) = Apart::by(Duration::from_secs(5)).await else { return };
    let mut tokens = Vec::new();
    for backend in ["jwt", "listed"] {
        tokens.push(apart.behind.login(backend, ARTHUR).await);
    }
    apart.advance(Duration::from_secs(3600 - 6));
    for token in &tokens {
        assert_eq!((apart.ahead.me(token).await, apart.behind.me(token).await), (200, 200));
    }
    apart.advance(Duration::from_secs(1));
    for token in &tokens {
        assert_eq!((apart.ahead.me(token).await, apart.behind.me(token).await), (401, 200));
    }
    apart.advance(Duration::from_secs(5));
    for token in &tokens {
        assert_eq!((apart.ahead.me(token).await, apart.behind.me(token).await), (401, 401));
    }
}

/// The instance that is ahead regards a token as expired while it is valid at the other.
#[tokio::test]
async fn a_purge_keeps_a_revocation_until_the_token_is_expired_at_every_instance() {
    let Some(apart) = Apart::by(Duration::from_secs(5)).await else { return };
    let token = apart.behind.login("jwt", ARTHUR).await;
    apart.behind.logout("jwt", &token).await.is(204, "");
    apart.advance(Duration::from_secs(3600 - 2));
    apart.ahead.users.purge_expired().await.unwrap();
    assert_eq!(apart.behind.me(&token).await, 401, "the token would be valid for two more seconds");
}
