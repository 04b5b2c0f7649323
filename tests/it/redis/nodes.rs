//! Two instances that share one PostgreSQL and one Redis.

use std::time::Duration;

use axum_users::Redis;
use serde_json::json;

use super::{
    node::{Node, Shared},
    server::TestRedis,
};
use crate::support::PASSWORD;

const ARTHUR: &str = "arthur@camelot.bt";
const OTHER: &str = "another long sword";

/// Starts two instances, or returns `None` without Redis.
async fn two() -> Option<(Node, Node, Shared, TestRedis)> {
    let redis = TestRedis::reach()?;
    let shared =
        Shared::new(Redis::new(&redis.url).unwrap().prefix(redis.ours()).upstream_prefix(redis.upstream())).await;
    let (a, b) = (Node::start(&shared).await, Node::start(&shared).await);
    a.register(ARTHUR).await;
    Some((a, b, shared, redis))
}

#[tokio::test]
async fn logins_and_logouts_are_shared_between_instances() {
    let Some((a, b, _shared, _redis)) = two().await else { return };
    for backend in ["redis", "jwt", "listed"] {
        let (token, kept) = (a.login(backend, ARTHUR).await, a.login(backend, ARTHUR).await);
        assert_eq!((a.me(&token).await, b.me(&token).await), (200, 200), "{backend}");
        b.logout(backend, &token).await.is(204, "");
        assert_eq!((a.me(&token).await, b.me(&token).await), (401, 401), "{backend}");
        assert_eq!((a.me(&kept).await, b.me(&kept).await), (200, 200), "{backend}");
    }
}

#[tokio::test]
async fn a_password_change_on_one_instance_ends_the_other_sessions_on_both() {
    let Some((a, b, _shared, _redis)) = two().await else { return };
    for (backend, from, to) in [("redis", PASSWORD, OTHER), ("listed", OTHER, PASSWORD)] {
        let form = [("username", ARTHUR), ("password", from)];
        let mut tokens = Vec::new();
        for node in [&a, &b, &b] {
            let response = node.post(&format!("/auth/{backend}/login")).form(&form).send().await;
            tokens.push(response.json()["access_token"].as_str().unwrap().to_owned());
        }
        let change = json!({ "password": to, "current_password": from });
        assert_eq!(a.patch("/users/me").bearer(&tokens[0]).json(change).send().await.status, 200);
        for node in [&a, &b] {
            assert_eq!(node.me(&tokens[0]).await, 200, "{backend}");
            assert_eq!((node.me(&tokens[1]).await, node.me(&tokens[2]).await), (401, 401), "{backend}");
        }
        b.logout(backend, &tokens[0]).await.is(204, "");
        assert_eq!(a.me(&tokens[0]).await, 401, "{backend}: the spared session can be logged out");
    }
}

#[tokio::test]
async fn revoked_jwts_are_stored_only_in_redis() {
    let Some((a, b, shared, redis)) = two().await else { return };
    let token = a.login("listed", ARTHUR).await;
    a.logout("listed", &token).await.is(204, "");
    assert_eq!(b.me(&token).await, 401);
    assert_eq!(shared.database.count("user_token_state", "TRUE").await, 0);
    let notes: Vec<_> = redis.keys().into_iter().filter(|key| key.contains("revoked:")).collect();
    assert_eq!(notes.len(), 1);
    let ttl = redis.ask(&["TTL", &notes[0]]).integer();
    // Ten seconds more than the token, for instances whose clocks are behind.
    assert!((3580..=3610).contains(&ttl), "the revocation expires with the token: {ttl}");
    // Deleting the key makes the token valid again, so the revocation is stored only there.
    redis.ask(&["DEL", &notes[0]]);
    assert_eq!(b.me(&token).await, 200);
}

#[tokio::test]
async fn a_disabled_or_deleted_user_is_rejected_by_both_instances() {
    let Some((a, b, _shared, _redis)) = two().await else { return };
    let token = a.login("redis", ARTHUR).await;
    let arthur = b.users.get_by_email(ARTHUR).await.unwrap().unwrap();
    b.users.sessions().end_all(arthur.id).await.unwrap();
    assert_eq!((a.me(&token).await, b.me(&token).await), (401, 401));
    let token = a.login("redis", ARTHUR).await;
    b.users.delete(&arthur).await.unwrap();
    assert_eq!((a.me(&token).await, b.me(&token).await), (401, 401));
    a.register(ARTHUR).await;
    assert_eq!(a.me(&token).await, 401);
}

#[tokio::test]
async fn mail_limits_are_shared_between_instances() {
    let Some((a, b, _shared, redis)) = two().await else { return };
    for number in 0..10 {
        let node = if number % 2 == 0 { &a } else { &b };
        node.post("/auth/forgot-password").json(json!({ "email": ARTHUR })).send().await.is(202, "null");
    }
    let mut resets = 0;
    for node in [&a, &b] {
        node.users.drain(Duration::from_secs(30)).await;
        resets += node.mails.all().iter().filter(|mail| mail.subject.contains("password")).count();
    }
    assert_eq!(resets, 3);
    let counters: Vec<_> = redis.keys().into_iter().filter(|key| key.contains("count:")).collect();
    // That of the account, and those of the address: of registrations and of requests.
    assert_eq!(counters.len(), 3);
    let arthur = a.users.get_by_email(ARTHUR).await.unwrap().unwrap();
    assert!(counters.iter().all(|key| !key.contains(&arthur.id.to_string())));
    let ttl = counters.iter().map(|key| redis.ask(&["TTL", key]).integer()).max().unwrap();
    assert!((3590..=3600).contains(&ttl), "the key expires when the quota is restored: {ttl}");
}
