//! Sessions in Redis through the HTTP and programmatic APIs.

use std::{sync::Arc, time::Duration};

use axum_users::{Backend, Jwt, Redis, RedisSessions, SecretKey, mail::MemoryMails};

use super::{
    node::{Node, Shared},
    server::{PrivateRedis, TestRedis},
};
use crate::hashing::weak_hashing;
use crate::{
    log::Log,
    support::{Http, PASSWORD, SECRET, Setup, TestApp},
};

const ARTHUR: &str = "arthur@camelot.bt";

#[tokio::test]
async fn sessions_can_be_listed_and_ended_programmatically() {
    let Some(redis) = TestRedis::reach() else { return };
    let shared = Shared::new(Redis::new(&redis.url).unwrap().prefix(redis.ours())).await;
    let node = Node::start(&shared).await;
    node.register(ARTHUR).await;
    node.register("kay@camelot.bt").await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(node.login("redis", ARTHUR).await);
        shared.clock.advance(Duration::from_secs(1));
    }
    node.login("jwt", ARTHUR).await;
    let arthur = node.users.get_by_email(ARTHUR).await.unwrap().unwrap();
    let kay = node.users.get_by_email("kay@camelot.bt").await.unwrap().unwrap();
    let sessions = node.users.sessions();
    let listed = sessions.list(arthur.id).await.unwrap();
    assert_eq!(listed.len(), 3, "JWTs are not listed");
    assert!(listed.iter().all(|listed| listed.device.client == Some("127.0.0.1".parse().unwrap())));
    assert_eq!(sessions.list(kay.id).await.unwrap(), []);

    let name = |at: usize| listed[at].session.token_id.clone().unwrap();
    assert!(!sessions.end(kay.id, &name(0)).await.unwrap(), "the session belongs to Arthur");
    assert!(sessions.end(arthur.id, &name(0)).await.unwrap());
    assert_eq!((node.me(&tokens[0]).await, node.me(&tokens[1]).await), (401, 200));
    sessions.end_others(&arthur, &listed[1].session).await.unwrap();
    assert_eq!((node.me(&tokens[1]).await, node.me(&tokens[2]).await), (200, 401));
    let left = sessions.list(arthur.id).await.unwrap();
    assert_eq!(left.len(), 1, "sessions of an earlier epoch are not listed");
    assert_eq!(left[0].session.token_id, listed[1].session.token_id);
    assert_eq!(node.users.purge_expired().await.unwrap(), 0, "Redis expires its own keys");
}

/// A service with integer ids that is configured like others: only the secret differs.
mod integers {
    use axum_users::{AuthUser, PasswordHash};

    #[derive(AuthUser, Debug, Clone)]
    pub struct User {
        pub id: i64,
        pub email: String,
        pub hashed_password: PasswordHash,
        pub is_active: bool,
        pub is_superuser: bool,
        pub is_verified: bool,
    }

    /// A second user type of the same service.
    #[derive(AuthUser, Debug, Clone)]
    #[auth(table = "admin", session_table = "admintoken")]
    pub struct Admin {
        pub id: i64,
        pub email: String,
        pub hashed_password: PasswordHash,
        pub is_active: bool,
        pub is_superuser: bool,
        pub is_verified: bool,
    }
}

/// Starts a service of this user type with all its data in the Redis database at `url`, and registers a user.
macro_rules! service {
    ($user:ty, $routes:path, $secret:expr, $url:expr) => {{
        let redis = Redis::new($url).unwrap();
        let users = axum_users::Users::<$user>::builder(axum_users::SecretKey::new($secret).unwrap())
            .database("sqlite::memory:")
            .hashing(weak_hashing())
            .mailer(axum_users::Mailer::new(Arc::new(MemoryMails::new()), "https://camelot.bt").unwrap())
            .verification_on_register(false)
            .counters_in_redis(redis.clone())
            .backend(Backend::bearer("redis", RedisSessions::new(redis.clone())))
            .backend(Backend::bearer("jwt", Jwt::new().revoked_in_redis(redis)))
            .build()
            .await
            .unwrap();
        users.migrate().await.unwrap();
        let app = axum::Router::new().merge($routes(&users)).fallback(axum_users::not_found).with_state(users.clone());
        let http = Http::serve(app).await;
        let body = serde_json::json!({ "email": ARTHUR, "password": PASSWORD });
        assert_eq!(http.post("/auth/register").json(body).send().await.json()["id"], 1);
        let form = [("username", ARTHUR), ("password", PASSWORD)];
        let token = http.post("/auth/redis/login").form(&form).send().await.access_token();
        assert_eq!(http.get("/users/me").bearer(&token).send().await.status, 200);
        (users, http, token)
    }};
}

#[tokio::test]
async fn services_and_user_types_that_share_a_redis_do_not_meet() {
    let Some(server) = PrivateRedis::start() else { return };
    let (url, other_secret) = (server.url(), "u1mJb6hGt4dNw8rLs2XpPf9qy3Vc7kZ0");
    let (one, http_one, token_one) = service!(integers::User, integers::user_routes, SECRET, &url);
    let (other, http_other, token_other) = service!(integers::User, integers::user_routes, other_secret, &url);
    let (_, http_admin, token_admin) = service!(integers::Admin, integers::admin_routes, SECRET, &url);
    let services = [(&http_one, &token_one), (&http_other, &token_other), (&http_admin, &token_admin)];
    for (at, (http, _)) in services.iter().enumerate() {
        for (from, (_, token)) in services.iter().enumerate() {
            let status = http.get("/users/me").bearer(token).send().await.status;
            assert_eq!(status.as_u16(), if at == from { 200 } else { 401 }, "service {at}, token of {from}");
        }
    }
    assert_eq!(one.sessions().list(1).await.unwrap().len(), 1, "each user number 1 has its own sessions");
    // Each user number 1 has its own limit.
    for http in [&http_one, &http_other] {
        for _ in 0..3 {
            let body = serde_json::json!({ "email": ARTHUR });
            assert_eq!(http.post("/auth/forgot-password").json(body).send().await.status, 202);
        }
    }
    one.drain(Duration::from_secs(10)).await;
    other.drain(Duration::from_secs(10)).await;
    let keys = server.ask(&["KEYS", "*"]).texts();
    for kind in ["session:", "user:"] {
        assert_eq!(keys.iter().filter(|key| key.contains(kind)).count(), 3, "{keys:?}");
    }
    // Those of registrations and of requests at each service, and those of mails to the accounts.
    assert_eq!(keys.iter().filter(|key| key.contains(":count:")).count(), 3 + 2 + 2, "{keys:?}");
    // The address of a login, and that the account has a known client.
    assert_eq!(keys.iter().filter(|key| key.contains(":known:")).count(), 3 * 2, "{keys:?}");
    assert!(keys.iter().all(|key| key.starts_with(Redis::PREFIX)), "{keys:?}");
}

#[tokio::test]
async fn settings_that_can_lose_revocations_are_warned_of_at_the_start() {
    let all = "--appendonly yes --maxmemory-policy noeviction";
    for (options, warns) in [
        (all, false),
        ("--appendonly no --maxmemory-policy noeviction", true),
        ("--appendonly yes --maxmemory-policy allkeys-lru", true),
    ] {
        let Some(server) = PrivateRedis::start_with(|port, _| format!("--port {port} {options}")) else { return };
        let (log, _guard) = Log::filtered("axum_users=info");
        let redis = Redis::new(&server.url()).unwrap();
        let in_redis = Jwt::new().revoked_in_redis(redis.clone());
        for (backend, warns) in [
            (Backend::bearer("jwt", in_redis), warns),
            // Nothing is revoked in Redis: an evicted session is only logged out.
            (Backend::bearer("redis", RedisSessions::new(redis)), false),
            (Backend::bearer("jwt", Jwt::new()), false),
        ] {
            build(backend).await.unwrap();
            let lines = log.lines("event=\"redis_may_forget\"");
            assert_eq!(lines.len(), usize::from(warns), "{options}: {lines:?}");
            log.take();
        }
    }
    let (log, _guard) = Log::filtered("axum_users=info");
    let down = Redis::new("redis://127.0.0.1:1").unwrap();
    build(Backend::bearer("jwt", Jwt::new().revoked_in_redis(down))).await.unwrap();
    assert_eq!(log.lines("event=\"redis_unchecked\"").len(), 1, "the service starts without Redis");
}

/// A snapshot from before a logout is restored.
#[tokio::test]
async fn a_session_that_was_ended_stays_ended_when_redis_restores_an_older_snapshot() {
    let Some(server) = PrivateRedis::start() else { return };
    let redis = Redis::new(&server.url()).unwrap();
    let sessions = RedisSessions::new(redis).revoked_in_database();
    let app = TestApp::with(Setup { backend: vec![Backend::bearer("jwt", sessions)], ..Setup::default() }).await;
    let (gone, ended, kept) =
        (app.member(ARTHUR).await, app.login(ARTHUR, PASSWORD).await, app.login(ARTHUR, PASSWORD).await);
    let snapshot: Vec<_> = server
        .ask(&["KEYS", "*:session:*"])
        .texts()
        .into_iter()
        .map(|key| {
            let fields = server.ask(&["HGETALL", &key]).texts();
            (key, fields)
        })
        .collect();
    assert_eq!(app.post("/auth/jwt/logout").bearer(&gone).send().await.status, 204);
    let listed = app.get("/auth/sessions").bearer(&ended).send().await.json();
    let own = listed.as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
    let path = format!("/auth/sessions/{}", own["id"].as_str().unwrap());
    assert_eq!(app.delete(&path).bearer(&kept).send().await.status, 204);
    for (key, fields) in &snapshot {
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        server.ask(&[&["HSET", key][..], &fields].concat());
    }
    for (token, status) in [(&gone, 401), (&ended, 401), (&kept, 200)] {
        assert_eq!(app.me(token).await.status.as_u16(), status);
    }
}

async fn build(backend: Backend) -> axum_users::Result<axum_users::Users<crate::support::User>> {
    axum_users::Users::builder(SecretKey::new(SECRET).unwrap())
        .database("sqlite::memory:")
        .backend(backend)
        .build()
        .await
}

#[tokio::test]
async fn invalid_settings_are_rejected() {
    for url in ["http://127.0.0.1", "127.0.0.1", ""] {
        let error = Redis::new(url).unwrap_err().to_string();
        assert!(error.contains("cannot be read"), "{error}");
        assert!(RedisSessions::at(url).is_err() && url.parse::<Redis>().is_err(), "{url}");
    }
    let redis = || Redis::new("redis://127.0.0.1").unwrap();
    let bad = [
        ("lifetime is zero", Backend::bearer("redis", RedisSessions::new(redis()).lifetime(Duration::ZERO))),
        ("prefix", Backend::bearer("redis", RedisSessions::new(redis().prefix("")))),
        ("prefix", Backend::bearer("jwt", Jwt::new().revoked_in_redis(redis().prefix("")))),
        // With the default prefix, what was revoked under the old secret would be forgotten.
        (
            "previous_secrets",
            Backend::bearer(
                "jwt",
                Jwt::new().previous_secrets([SecretKey::generate().unwrap()]).revoked_in_redis(redis()),
            ),
        ),
    ];
    for (reason, backend) in bad {
        let error = build(backend).await.unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
