//! The lifecycle of a session in Redis.

use std::{sync::Arc, time::Duration};

use tokio::sync::Barrier;
use users_runtime::{
    AccessToken, DatabaseSessions, RedisSessions,
    env::Clock,
    store::{Epoch, TokenId},
    token::{Device, Strategy},
};

use crate::redis::support::{ARTHUR, KAY, Rig, after, ends_in, find};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Starts the strategy, or skips the test.
macro_rules! rig {
    () => {
        rig!(DatabaseSessions::new())
    };
    ($config:expr) => {{
        let Some(rig) = Rig::with($config) else { return };
        rig
    }};
}

#[tokio::test]
async fn a_token_resolves_to_the_data_of_its_login() {
    let rig = rig!();
    let token = rig.issue(ARTHUR).await;
    let session = rig.find(&token).await.unwrap();
    let now = rig.clock.now();
    assert_eq!((session.subject.as_str(), session.epoch), (ARTHUR, Some(Epoch(3))));
    assert_eq!((session.logged_in_at, session.expires_at), (Some(now), Some(after(now, DAY))));
    assert_eq!(session.token_id.unwrap().0.len(), 22);
    for garbage in ["", "x", &"A".repeat(43), &"!".repeat(43), &format!("{}A", token.secret()), "*"] {
        assert_eq!(rig.find(&AccessToken::new(garbage)).await, None, "{garbage}");
    }
}

#[tokio::test]
async fn token_format_and_entropy() {
    let rig = rig!(DatabaseSessions::new().at_most(64));
    let mut seen = std::collections::HashSet::new();
    for _ in 0..50 {
        let token = rig.issue(ARTHUR).await;
        assert_eq!(token.secret().len(), 43);
        assert!(token.secret().bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
        assert!(seen.insert(token.secret().to_owned()));
    }
    assert_eq!(rig.digests().len(), 50);
}

#[tokio::test]
async fn stored_value_cannot_log_in() {
    let plain = || DatabaseSessions::new().plaintext_tokens();
    for config in [DatabaseSessions::new(), DatabaseSessions::new().accept_upstream_tokens(None), plain()] {
        let rig = rig!(config);
        let token = rig.issue(ARTHUR).await;
        let is_plain = rig.redis.keys().iter().any(|key| key.ends_with(token.secret()));
        let mut words = rig.redis.keys();
        let key = rig.session_key(&rig.digests()[0]);
        words.extend(rig.redis.ask(&["HGETALL", &key]).texts());
        words.extend(rig.redis.ask(&["ZRANGE", &rig.index_key(ARTHUR), "0", "-1"]).texts());
        if !is_plain {
            assert!(words.iter().all(|word| !word.contains(token.secret())), "{words:?}");
        }
        for word in &words {
            for part in [word.as_str(), word.rsplit(':').next().unwrap(), word.get(22..).unwrap_or(word)] {
                if part != token.secret() {
                    assert_eq!(rig.find(&AccessToken::new(part)).await, None, "{part}");
                }
            }
        }
        assert!(rig.is_alive(&token).await);
    }
}

#[tokio::test]
async fn logout_kills_token() {
    let rig = rig!();
    let (token, other) = (rig.issue(ARTHUR).await, rig.issue(ARTHUR).await);
    for _ in 0..2 {
        rig.tokens.revoke(&token).await.unwrap();
        assert!(!rig.is_alive(&token).await && rig.is_alive(&other).await);
    }
    rig.tokens.revoke(&AccessToken::new("garbage")).await.unwrap();
    rig.tokens.revoke(&AccessToken::new("A".repeat(43))).await.unwrap();
    assert_eq!(rig.digests().len(), 1);
    assert_eq!(rig.redis.ask(&["ZCARD", &rig.index_key(ARTHUR)]).integer(), 1, "it is removed from the index");
}

#[tokio::test]
async fn absolute_timeout() {
    let rig = rig!(DatabaseSessions::new().lifetime(Duration::from_secs(1000)).idle(Duration::from_secs(600)));
    let token = rig.issue(ARTHUR).await;
    let key = rig.session_key(&rig.digests()[0]);
    ends_in(rig.ttl(&key), 600);
    ends_in(rig.ttl(&rig.index_key(ARTHUR)), 1000);
    rig.advance(500);
    assert!(rig.is_alive(&token).await);
    ends_in(rig.ttl(&key), 500); // the remaining lifetime, not a renewed idle timeout
    rig.advance(499);
    assert!(rig.is_alive(&token).await);
    let ttl = rig.ttl(&key);
    assert!((0..=1000).contains(&ttl) || ttl == -2, "{ttl}");
    rig.advance(1);
    assert!(!rig.is_alive(&token).await, "use does not extend the lifetime");

    // Redis removes unused sessions, since the key has an expiry.
    let eternal = rig!(DatabaseSessions::new().never_expires());
    let token = eternal.issue(ARTHUR).await;
    let key = eternal.session_key(&eternal.digests()[0]);
    eternal.advance(3600 * 24 * 400);
    assert_eq!(eternal.find(&token).await.unwrap().expires_at, None);
    assert_eq!((eternal.ttl(&key), eternal.ttl(&eternal.index_key(ARTHUR))), (-1, -1));
}

#[tokio::test]
async fn idle_timeout() {
    let rig = rig!(DatabaseSessions::new().idle(Duration::from_secs(600)));
    let (used, unused) = (rig.issue(ARTHUR).await, rig.issue(ARTHUR).await);
    for _ in 0..3 {
        rig.advance(300);
        assert!(rig.is_alive(&used).await);
    }
    assert!(!rig.is_alive(&unused).await);
    rig.advance(599);
    assert!(rig.is_alive(&used).await);
    rig.advance(600);
    assert!(!rig.is_alive(&used).await);
}

#[tokio::test]
async fn the_last_use_is_recorded_at_most_once_a_minute() {
    let rig = rig!(DatabaseSessions::new().idle(Duration::from_secs(600)));
    let token = rig.issue(ARTHUR).await;
    let key = rig.session_key(&rig.digests()[0]);
    let start = rig.clock.now().timestamp_millis();
    let seen = || rig.redis.ask(&["HGET", &key, "seen"]).text().parse::<i64>().unwrap() - start;
    for (advance, noted) in [(0, 0), (59, 0), (1, 60_000), (59, 60_000), (1, 120_000)] {
        rig.advance(advance);
        assert!(rig.is_alive(&token).await);
        assert_eq!(seen(), noted);
    }
    // A node with a slow clock does not move the last use back.
    rig.clock.set(after(rig.clock.now(), -90));
    assert!(rig.is_alive(&token).await);
    assert_eq!(seen(), 120_000);
}

/// Logouts race with requests that each record a use.
#[tokio::test(flavor = "multi_thread")]
async fn touch_never_revives() {
    let rig = rig!();
    let rig = Arc::new(rig);
    for _ in 0..50 {
        let token = rig.issue(ARTHUR).await;
        rig.advance(61);
        let barrier = Arc::new(Barrier::new(17));
        let requests: Vec<_> = (0..16)
            .map(|_| {
                let (rig, token, barrier) = (Arc::clone(&rig), token.clone(), Arc::clone(&barrier));
                tokio::spawn(async move {
                    barrier.wait().await;
                    rig.find(&token).await
                })
            })
            .collect();
        barrier.wait().await;
        rig.tokens.revoke(&token).await.unwrap();
        assert!(!rig.is_alive(&token).await);
        for request in requests {
            request.await.unwrap();
        }
        assert_eq!(rig.digests(), Vec::<String>::new(), "a removed key is not written again");
    }
    // A key that expired in Redis does not come back either.
    let token = rig.issue(ARTHUR).await;
    rig.advance(61);
    rig.redis.ask(&["DEL", &rig.session_key(&rig.digests()[0])]);
    assert!(!rig.is_alive(&token).await);
    assert_eq!(rig.digests(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn cap_ends_oldest() {
    let rig = rig!(DatabaseSessions::new().at_most(3));
    let mut tokens = Vec::new();
    for _ in 0..5 {
        tokens.push(rig.issue(ARTHUR).await);
        rig.advance(1);
    }
    let kay = rig.issue(KAY).await;
    let mut alive = Vec::new();
    for token in &tokens {
        alive.push(rig.is_alive(token).await);
    }
    assert_eq!(alive, [false, false, true, true, true]);
    assert!(rig.is_alive(&kay).await, "the cap is per user");
    // A logout makes room under the cap.
    rig.tokens.revoke(&tokens[3]).await.unwrap();
    rig.issue(ARTHUR).await;
    assert!(rig.is_alive(&tokens[2]).await);

    // Concurrent logins in one millisecond: the cap holds, and the newest session is never the one that ends.
    let rig = Arc::new(rig!(DatabaseSessions::new()));
    let logins: Vec<_> = (0..60)
        .map(|_| {
            let rig = Arc::clone(&rig);
            tokio::spawn(async move { rig.issue(ARTHUR).await })
        })
        .collect();
    for login in logins {
        login.await.unwrap();
    }
    assert_eq!(rig.digests().len(), 20);
    assert_eq!(rig.redis.ask(&["ZCARD", &rig.index_key(ARTHUR)]).integer(), 20);
    let last = rig.issue(ARTHUR).await;
    assert!(rig.is_alive(&last).await);
    assert_eq!(rig.digests().len(), 20);
}

#[tokio::test]
async fn sessions_are_listed_in_order_and_ended_by_name() {
    let rig = rig!();
    let first = rig.issue(ARTHUR).await;
    rig.advance(10);
    let second = rig.issue(ARTHUR).await;
    rig.issue(KAY).await;
    rig.advance(100);
    rig.find(&first).await;
    let listed = rig.tokens.list(ARTHUR).await.unwrap();
    let now = rig.clock.now();
    assert_eq!(listed.len(), 2);
    assert_eq!(Some(&listed[0].session), rig.find(&first).await.as_ref());
    assert_eq!((listed[0].last_seen_at, listed[1].last_seen_at), (Some(now), None));
    assert_eq!(listed[0].device, Device::new("192.0.2.7".parse().ok(), Some("Round Table/1")));
    assert!(!format!("{listed:?}").contains(first.secret()));

    let name = listed[0].session.token_id.clone().unwrap();
    assert!(!rig.tokens.end(KAY, &name).await.unwrap(), "the session does not belong to Kay");
    assert!(!rig.tokens.end(ARTHUR, &TokenId("A".repeat(22))).await.unwrap());
    assert!(!rig.tokens.end(ARTHUR, &TokenId(String::new())).await.unwrap());
    assert!(rig.tokens.end(ARTHUR, &name).await.unwrap());
    assert!(!rig.tokens.end(ARTHUR, &name).await.unwrap());
    assert!(!rig.is_alive(&first).await && rig.is_alive(&second).await);
    assert_eq!(rig.tokens.list(ARTHUR).await.unwrap().len(), 1);

    // Expired sessions are not listed, and keys removed by Redis are removed from the index.
    rig.advance(3600);
    assert_eq!(rig.tokens.list(ARTHUR).await.unwrap(), []);
    for digest in rig.digests() {
        rig.redis.ask(&["DEL", &rig.session_key(&digest)]);
    }
    assert_eq!(rig.tokens.list(ARTHUR).await.unwrap(), []);
    assert_eq!(rig.redis.ask(&["ZCARD", &rig.index_key(ARTHUR)]).integer(), 0);
}

#[tokio::test]
async fn the_index_is_kept_as_long_as_the_longest_session() {
    let long = rig!(DatabaseSessions::new().lifetime(Duration::from_secs(2 * 86_400)));
    let token = long.issue(ARTHUR).await;
    let short = long.another(DatabaseSessions::new().lifetime(Duration::from_secs(600)));
    short.issue(&long.login(ARTHUR)).await.unwrap();
    ends_in(long.ttl(&long.index_key(ARTHUR)), 2 * DAY);
    let eternal = long.another(DatabaseSessions::new().never_expires());
    eternal.issue(&long.login(ARTHUR)).await.unwrap();
    long.issue(ARTHUR).await;
    assert_eq!(long.ttl(&long.index_key(ARTHUR)), -1);
    assert!(find(&short, &token).await.is_some(), "the lifetime of the reading service applies, as in the database");
    long.advance(600);
    assert!(find(&short, &token).await.is_none());
}

#[tokio::test]
async fn a_session_of_a_later_format_is_rejected() {
    let rig = rig!();
    let token = rig.issue(ARTHUR).await;
    rig.redis.ask(&["HSET", &rig.session_key(&rig.digests()[0]), "v", "2"]);
    assert!(!rig.is_alive(&token).await);
    assert_eq!(rig.tokens.list(ARTHUR).await.unwrap(), []);
}

#[tokio::test]
async fn a_session_works_when_redis_cannot_record_its_use() {
    let Some(server) = crate::redis::server::PrivateRedis::start() else { return };
    let clock = Arc::new(users_runtime::testing::ManualClock::at("2026-11-23T12:00:00Z".parse().unwrap()));
    let random = Arc::new(users_runtime::env::OsRandom);
    let url = server.url();
    let tokens =
        users_runtime::token::RedisTokens::new(RedisSessions::at(&url).unwrap(), clock.clone(), random).unwrap();
    let login = users_runtime::token::Login::new(ARTHUR, Epoch(0), clock.now(), Device::default());
    let token = tokens.issue(&login).await.unwrap();
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    clock.advance(Duration::from_secs(61));
    assert!(find(&tokens, &token).await.is_some());
    assert!(tokens.issue(&login).await.is_err(), "new logins fail");
    tokens.revoke(&token).await.unwrap();
    assert!(find(&tokens, &token).await.is_none());
}
