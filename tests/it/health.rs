//! Health checks: what they check, and what they reveal.

use std::time::Duration;

use axum::Router;
use axum_users::{
    Limits, Users,
    limits::{Limit, Quota},
    routes::health_routes,
};
use serde_json::json;

use crate::{
    http::Http,
    support::{Setup, TestApp, User},
};

async fn execute(app: &TestApp, sql: &'static str) {
    let pool = app.sqlite().await;
    sqlx::query(sql).execute(&pool).await.unwrap();
}

fn with_health(users: &Users<User>) -> Router {
    Router::new().nest("/health", health_routes(users)).with_state(users.clone())
}

#[tokio::test]
async fn a_service_with_its_tables_is_live_and_ready() {
    let app = TestApp::start().await;
    let http = Http::serve(with_health(&app.users)).await;
    for path in ["/health/live", "/health/ready"] {
        let response = http.get(path).send().await;
        assert_eq!((response.status.as_u16(), response.json()), (200, json!({"status": "ok"})), "{path}");
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert_eq!(http.post(path).send().await.status, 405, "{path}");
    }
}

#[tokio::test]
async fn a_service_whose_table_is_gone_is_live_but_not_ready_and_says_no_more() {
    let app = TestApp::start().await;
    let http = Http::serve(with_health(&app.users)).await;
    assert_eq!(http.get("/health/ready").send().await.status, 200);
    execute(&app, "ALTER TABLE \"user\" RENAME TO elsewhere").await;
    // All requests of a second share one check.
    assert_eq!(http.get("/health/ready").send().await.status, 200);
    app.clock.advance(Duration::from_secs(1));
    let response = http.get("/health/ready").send().await;
    assert_eq!(response.status, 503);
    assert_eq!(response.header("retry-after"), Some("1"));
    let text = response.text();
    assert!(!["user", "table", "sql"].iter().any(|word| text.to_lowercase().contains(word)), "{text}");
    assert_eq!(http.get("/health/live").send().await.status, 200);
    execute(&app, "ALTER TABLE elsewhere RENAME TO \"user\"").await;
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(http.get("/health/ready").send().await.status, 200);
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn a_service_whose_redis_does_not_respond_is_not_ready() {
    // Nothing listens at the port `discard`.
    let redis = axum_users::Redis::new("redis://127.0.0.1:9").unwrap();
    let app =
        TestApp::with(Setup { builder: Box::new(|builder| builder.counters_in_redis(redis)), ..Setup::default() })
            .await;
    let http = Http::serve(with_health(&app.users)).await;
    assert_eq!(http.get("/health/ready").send().await.status, 503);
    assert_eq!(http.get("/health/live").send().await.status, 200);
}

#[tokio::test]
async fn checks_count_against_no_limit() {
    let none = Quota::new(1, Duration::from_secs(3600));
    let limits = Limit::ALL.into_iter().filter(|limit| *limit != Limit::LoginClient);
    let limits = limits.fold(Limits::default(), |limits, limit| limits.set(limit, none));
    let app = TestApp::with(Setup { builder: Box::new(|builder| builder.limits(limits)), ..Setup::default() }).await;
    let http = Http::serve(with_health(&app.users)).await;
    for _ in 0..20 {
        assert_eq!(http.get("/health/ready").send().await.status, 200);
    }
}
