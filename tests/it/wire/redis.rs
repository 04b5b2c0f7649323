//! The Redis strategy on the wire (contract.md sections 9 and 18).

use std::time::Duration;

use axum_users::{Backend, DatabaseSessions, Jwt, Redis, schema::Status};

use super::{
    app::{Rules, WireApp, WireSetup},
    recorded::{Player, Step, call, expected, get, post},
};
use crate::redis::server::{Reply, TestRedis};

const RECORDED: &[Step] = &[
    call(
        "R16",
        post("/auth/redis/login").form("username=king.arthur%40camelot.bt&password=guinevere"),
        expected(200, r#"{"access_token":"<REDISTOKEN>","token_type":"bearer"}"#).hooks(&["on_after_login"]),
    )
    .step(),
    call(
        "the token after R16",
        get("/users/me").bearer("<REDISTOKEN>"),
        expected(
            200,
            r#"{"id":"<ARTHUR>","email":"King.Arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false}"#,
        ),
    )
    .step(),
    call("R27", post("/auth/redis/logout").bearer("<REDISTOKEN>"), expected(204, "")).step(),
    call(
        "the token after R27",
        get("/users/me").bearer("<REDISTOKEN>"),
        expected(401, r#"{"detail":"Unauthorized"}"#),
    )
    .step(),
    call(
        "R27 again",
        post("/auth/redis/logout").bearer("<REDISTOKEN>"),
        expected(401, r#"{"detail":"Unauthorized"}"#),
    )
    .step(),
];

/// Starts a service with the backends `jwt` and `redis`, with a lifetime of one hour each as in the recording.
async fn start(rules: Rules) -> Option<(WireApp, TestRedis)> {
    let redis = TestRedis::reach()?;
    let at = Redis::new(&redis.url).unwrap().prefix(redis.ours()).upstream_prefix(redis.upstream());
    let sessions = DatabaseSessions::new().lifetime(Duration::from_secs(3600));
    let backends = [Backend::bearer("jwt", Jwt::new()), Backend::bearer("redis", sessions.in_redis(at))];
    Some((WireSetup::of(rules).backends(backends).start().await, redis))
}

impl WireApp {
    async fn redis_login(&self, email: &str) -> String {
        let form = [("username", email), ("password", super::app::GUINEVERE)];
        let response = self.post("/auth/redis/login").form(&form).send().await;
        assert_eq!(response.status, 200, "{response:?}");
        self.journal.take();
        response.json()["access_token"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn the_recorded_redis_examples_get_the_recorded_response_under_both_policies() {
    for rules in Rules::BOTH {
        let Some((app, _redis)) = start(rules).await else { return };
        app.knight("King.Arthur@camelot.bt", Status::NEW).await;
        Player::new(&app).play(RECORDED).await;
    }
}

#[tokio::test]
async fn redis_stores_the_upstream_form_under_the_upstream_policy_and_digests_otherwise() {
    for rules in Rules::BOTH {
        let Some((app, redis)) = start(rules).await else { return };
        let id = app.knight("arthur@camelot.bt", Status::NEW).await.id;
        let token = app.redis_login("arthur@camelot.bt").await;
        assert_eq!(token.len(), 43);
        let key = format!("{}{token}", redis.upstream());
        let ttl = redis.ask(&["TTL", &key]).integer();
        match rules {
            Rules::FastapiUsers => {
                assert_eq!(redis.ask(&["GET", &key]), Reply::Text(id.to_string()));
                assert!((3570..=3600).contains(&ttl), "{ttl}");
            }
            Rules::Recommended => {
                assert_eq!(ttl, -2);
                assert!(redis.keys().iter().all(|key| !key.contains(&token)), "{:?}", redis.keys());
            }
        }
    }
}

/// A key as `SET key id EX lifetime` of fastapi-users writes it, recorded in section 17.
#[tokio::test]
async fn a_fastapi_users_token_authenticates_under_the_upstream_policy() {
    for rules in Rules::BOTH {
        let Some((app, redis)) = start(rules).await else { return };
        let id = app.knight("arthur@camelot.bt", Status::NEW).await.id.to_string();
        let token = "si-VTrj7auoqus3RzXn_sAoqMNmwuQbwrzOsMgODD7w";
        let key = format!("{}{token}", redis.upstream());
        redis.ask(&["SET", &key, &id, "EX", "3600"]);
        let accepted = rules == Rules::FastapiUsers;
        assert_eq!(app.me(token).await.status, if accepted { 200 } else { 401 });
        let logout = app.post("/auth/redis/logout").bearer(token).send().await;
        assert_eq!(logout.status, if accepted { 204 } else { 401 });
        assert_eq!(redis.ask(&["EXISTS", &key]), Reply::Integer(i64::from(!accepted)));
        app.me(token).await.is(401, r#"{"detail":"Unauthorized"}"#);
        // Malformed ids and ids of unknown users do not authenticate.
        for value in ["not an id", "00000000-0000-4000-8000-000000000000", "", "{}"] {
            redis.ask(&["SET", &key, value, "EX", "3600"]);
            app.me(token).await.is(401, r#"{"detail":"Unauthorized"}"#);
        }
    }
}

#[tokio::test]
async fn a_logout_at_upstream_ends_the_session_here() {
    let Some((app, redis)) = start(Rules::FastapiUsers).await else { return };
    app.knight("arthur@camelot.bt", Status::NEW).await;
    let token = app.redis_login("arthur@camelot.bt").await;
    assert_eq!(app.me(&token).await.status, 200);
    redis.ask(&["DEL", &format!("{}{token}", redis.upstream())]);
    app.me(&token).await.is(401, r#"{"detail":"Unauthorized"}"#);
}

/// The fastapi-users form of a key has no epoch, so a login after all sessions were ended must still work.
#[tokio::test]
async fn plaintext_sessions_end_with_all_sessions_and_new_logins_work() {
    let Some((app, _redis)) = start(Rules::FastapiUsers).await else { return };
    let id = app.knight("arthur@camelot.bt", Status::NEW).await.id;
    let token = app.redis_login("arthur@camelot.bt").await;
    app.users.sessions().end_all(id).await.unwrap();
    app.me(&token).await.is(401, r#"{"detail":"Unauthorized"}"#);
    let token = app.redis_login("arthur@camelot.bt").await;
    assert_eq!(app.me(&token).await.status, 200);
}
