//! Redis is down, unresponsive, read-only or restarted.

use std::{sync::Arc, time::Duration};

use users_runtime::{
    AccessToken, Backend, Error, Redis, RedisSessions,
    env::{Clock, OsRandom},
    store::{Epoch, TokenId},
    testing::ManualClock,
    token::{Device, Login, RedisRevocations, RedisTokens, RevocationStore, Strategy},
};

use crate::redis::{
    server::PrivateRedis,
    support::{ARTHUR, after, find},
};

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-11-23T12:00:00Z".parse().unwrap()))
}

fn tokens(redis: Redis) -> RedisTokens {
    RedisTokens::new(RedisSessions::new(redis), clock(), Arc::new(OsRandom)).unwrap()
}

fn login() -> Login {
    Login::new(ARTHUR, Epoch(0), clock().now(), Device::default())
}

#[tokio::test]
async fn an_outage_is_an_error_and_the_strategy_recovers_without_a_restart() {
    let Some(mut server) = PrivateRedis::start() else { return };
    let redis = Redis::new(&server.url()).unwrap();
    let tokens = tokens(redis.clone());
    let revoked = RedisRevocations::new(redis.clone(), clock()).unwrap();
    let token = tokens.issue(&login()).await.unwrap();
    let (id, until) = (TokenId::from_random([7; 16]), after(clock().now(), 60));
    for _ in 0..3 {
        server.stop();
        for _ in 0..3 {
            assert!(tokens.issue(&login()).await.is_err());
            assert!(tokens.resolve(&token).await.is_err());
            assert!(tokens.revoke(&token).await.is_err());
            assert!(tokens.list(ARTHUR).await.is_err());
            assert!(tokens.end(ARTHUR, &id).await.is_err());
            assert!(revoked.is_revoked(&id).await.is_err());
            assert!(revoked.revoke(&id, until).await.is_err());
            assert!(redis.ping().await.is_err());
        }
        assert!(
            tokens.resolve(&AccessToken::new("not one of our tokens")).await.unwrap().is_none(),
            "malformed tokens are rejected without Redis"
        );
        server.start_again();
        // The next request succeeds, on a server that has lost its data.
        assert!(find(&tokens, &token).await.is_none());
        let token = tokens.issue(&login()).await.unwrap();
        assert!(find(&tokens, &token).await.is_some());
    }
}

#[tokio::test]
async fn a_dropped_connection_is_not_an_outage() {
    let Some(server) = PrivateRedis::start() else { return };
    let tokens = tokens(Redis::new(&server.url()).unwrap());
    let token = tokens.issue(&login()).await.unwrap();
    for _ in 0..20 {
        server.ask(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        assert!(find(&tokens, &token).await.is_some());
    }
}

/// Runs with paused time, which advances to the next timeout when the runtime is idle, so the test does not wait.
#[tokio::test(start_paused = true)]
async fn an_unresponsive_server_times_out() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let tokens = tokens(Redis::new(&format!("redis://{}", silent.local_addr().unwrap())).unwrap());
    for _ in 0..3 {
        let token = AccessToken::new("A".repeat(43));
        let result = tokio::time::timeout(Duration::from_millis(5100), tokens.resolve(&token)).await;
        assert!(result.expect("a result in time").is_err());
    }
}

#[tokio::test]
async fn errors_and_debug_output_do_not_contain_the_password() {
    let Some(server) = PrivateRedis::start() else { return };
    server.ask(&["CONFIG", "SET", "requirepass", "the-right-sword"]);
    let url = |user: &str| format!("redis://{user}@127.0.0.1:{}/0", server.port);
    for user in [":canary-77aa", "arthur:canary-77aa", "canary-77aa:x"] {
        let redis = Redis::new(&url(user)).unwrap();
        let tokens = tokens(redis.clone());
        let failed = tokens.resolve(&AccessToken::new("A".repeat(43))).await.unwrap_err();
        let ping = redis.ping().await.unwrap_err();
        let backend = Backend::bearer("redis", RedisSessions::new(redis.clone()));
        let source = std::error::Error::source(&failed).unwrap();
        let all = format!("{failed} {failed:?} {source} {ping} {ping:?} {redis:?} {tokens:?} {backend:?}");
        assert!(!all.contains("canary"), "{all}");
        assert!(ping.to_string().contains("Redis: "), "{ping}");
    }
    Redis::new(&url(":the-right-sword")).unwrap().ping().await.unwrap();
    assert!(Redis::new(&server.url()).unwrap().ping().await.is_err(), "NOAUTH");
}

#[tokio::test]
async fn an_invalid_url_is_rejected_and_not_quoted() {
    let urls = ["", "canary", "http://canary@host", "redis://u:canary@host:port", "rediss://u:canary@host#insecure"];
    let tls = cfg!(feature = "tls");
    for url in urls.into_iter().chain((!tls).then_some("rediss://u:canary@host")) {
        let refused = Redis::new(url).unwrap_err();
        assert!(matches!(refused, Error::Config(_)) && !refused.to_string().contains("canary"), "{url}: {refused}");
    }
    let redis = || Redis::new("redis://127.0.0.1").unwrap();
    for overlapping in [redis().prefix(""), redis().prefix("a:").upstream_prefix("a:session:")] {
        assert!(RedisTokens::new(RedisSessions::new(overlapping.clone()), clock(), Arc::new(OsRandom)).is_err());
        assert!(RedisRevocations::new(overlapping, clock()).is_err());
    }
}

/// A former primary of a managed service is reachable but read-only.
#[tokio::test]
async fn a_read_only_server_is_disconnected_and_resolved_again() {
    let Some(server) = PrivateRedis::start() else { return };
    let tokens = tokens(Redis::new(&server.url()).unwrap());
    // The connections of other clients than the test.
    let clients = || -> Vec<String> {
        let list = server.ask(&["CLIENT", "LIST"]).text();
        let others = list.lines().filter(|line| !line.contains("cmd=client"));
        others.filter(|line| line.contains("flags=N")).map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    let kept = tokens.issue(&login()).await.unwrap();
    let before = clients();
    assert_eq!(before.len(), 1);
    server.ask(&["REPLICAOF", "127.0.0.1", "1"]);
    assert!(tokens.issue(&login()).await.is_err());
    server.ask(&["REPLICAOF", "NO", "ONE"]);
    assert!(tokens.issue(&login()).await.is_ok() && find(&tokens, &kept).await.is_some());
    let after = clients();
    assert_eq!(after.len(), 1);
    assert_ne!(before, after, "the connection to the read-only server was replaced");
}
