//! Resource limits under load, over HTTP (OWASP ASVS 13.1, 15.1.3, 15.2.2).
#![expect(clippy::disallowed_methods, reason = "measures real time")]

mod sources;

use std::{sync::Arc, time::Duration};

use axum_users::{
    Limits, UsersBuilder,
    limits::{Backoff, Limit},
    password::HashSettings,
    store::SqlStore,
};
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tokio::{task::JoinHandle, time::timeout};

use super::wire_bytes::{exchange, status};
use crate::support::{Http, PASSWORD, Response, Setup, TestApp, User};

const DOWN: &str = r#"{"detail":"SERVICE_UNAVAILABLE"}"#;
/// A stored hash that is slow to verify (128 MiB and 8 passes) and matches no password.
const SLOW_HASH: &str =
    "$argon2id$v=19$m=131072,t=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// A login without a response after this time is queued or being hashed; a shed one gets its response immediately.
const AT_ONCE: Duration = Duration::from_millis(150);

/// Starts a service with one hashing thread and a queue of one, and a user whose login keeps the thread busy.
async fn narrow() -> TestApp {
    narrow_with(1, |builder| builder).await
}

/// The same with further settings. With a longer queue, which takes time to fill, a helper keeps a busy machine from ending it.
async fn narrow_with(queue: usize, builder: fn(UsersBuilder<User>) -> UsersBuilder<User>) -> TestApp {
    let hashing = Setup::default().hashing.workers(1).helpers(usize::from(queue > 1)).queue_per_worker(queue);
    let hashing = hashing.max_wait(Duration::from_secs(10));
    let app = TestApp::with(Setup { hashing, builder: Box::new(builder), ..Setup::default() }).await;
    app.register("slow@camelot.bt").await;
    let sql = "UPDATE user SET hashed_password = $1 WHERE email = 'slow@camelot.bt'";
    sqlx::query(sql).bind(SLOW_HASH).execute(&app.sqlite().await).await.unwrap();
    app
}

/// Starts a login on its own connection, which closes when the task is aborted.
fn slow_login(service: &Http) -> JoinHandle<Response> {
    let client = service.another();
    tokio::spawn(async move {
        let form = [("username", "slow@camelot.bt"), ("password", PASSWORD)];
        client.post("/auth/jwt/login").form(&form).send().await
    })
}

/// Starts logins until one is shed and returns the two others: one is being hashed and one is queued.
async fn saturate(service: &Http) -> Vec<JoinHandle<Response>> {
    let mut held = Vec::new();
    for _ in 0..20 {
        let mut login = slow_login(service);
        match timeout(AT_ONCE, &mut login).await {
            Ok(response) if response.as_ref().unwrap().status == 503 => return held,
            Ok(response) => assert_eq!(response.unwrap().status, 400),
            Err(_) => held.push(login),
        }
    }
    panic!("no login was shed");
}

/// Returns whether the queue is still full, so that the last observation was made under load.
async fn is_saturated(app: &TestApp) -> bool {
    app.try_login("nobody@camelot.bt", PASSWORD).await.status == 503
}

/// Runs `observe` until the load lasted from its start to its end.
async fn under_load(app: &TestApp, mut observe: impl AsyncFnMut()) {
    for _ in 0..10 {
        let held = saturate(app).await;
        observe().await;
        let lasted = is_saturated(app).await;
        for login in held {
            assert!([400, 503].contains(&login.await.unwrap().status.as_u16()));
        }
        if lasted {
            return;
        }
    }
    panic!("the load did not last long enough");
}

#[tokio::test]
async fn overflow_is_503_with_retry_after() {
    let app = narrow().await;
    let session = app.member("arthur@camelot.bt").await;
    let hash = app.stored("arthur@camelot.bt").await.hashed_password.as_stored().to_owned();
    let mut seen = Vec::new();
    under_load(&app, async || {
        let change = json!({ "password": "another long sword", "current_password": PASSWORD });
        seen = vec![
            app.try_login("arthur@camelot.bt", PASSWORD).await,
            app.try_login("arthur@camelot.bt", "a wrong password").await,
            app.try_login("nobody@camelot.bt", PASSWORD).await,
            app.post("/auth/register").json(json!({ "email": "new@camelot.bt", "password": PASSWORD })).send().await,
            app.patch("/users/me").bearer(&session).json(change).send().await,
        ];
    })
    .await;
    for response in &seen {
        response.is(503, DOWN);
        let seconds: u32 = response.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=5).contains(&seconds), "{seconds}");
    }
    // None of the shed requests had an effect.
    assert!(app.users.get_by_email("new@camelot.bt").await.unwrap().is_none());
    assert_eq!(app.stored("arthur@camelot.bt").await.hashed_password.as_stored(), hash);
    assert_eq!(app.me(&session).await.status, 200);
}

/// Of two logins at once, of which one is allowed, the other is refused while the first is still being hashed.
#[tokio::test]
async fn a_login_is_counted_before_it_is_hashed() {
    const QUARTER: Duration = Duration::from_secs(900);
    let app =
        narrow_with(8, |builder| builder.limits(Limits::default().set(Limit::LoginClient, Backoff::new(1, QUARTER))))
            .await;
    let (mut one, mut two) = (slow_login(&app), slow_login(&app));
    let (refused, other) = tokio::select! {
        response = &mut one => (response.unwrap(), two),
        response = &mut two => (response.unwrap(), one),
    };
    assert_eq!(refused.status, 429);
    assert!(!other.is_finished());
    assert_eq!(other.await.unwrap().status, 400);
}

/// Malformed requests are rejected while no password can be hashed: validation comes before hashing.
#[tokio::test]
async fn nothing_hashed_before_limiter() {
    let app = narrow().await;
    let session = app.member("arthur@camelot.bt").await;
    let mut statuses = Vec::new();
    under_load(&app, async || {
        let long = "x".repeat(2000);
        let of = |response: Response| response.status.as_u16();
        let register = |body| app.post("/auth/register").json(body);
        statuses = vec![
            (405, of(app.get("/auth/register").send().await)),
            (413, of(app.post("/auth/register").raw("application/json", vec![b' '; 17 * 1024]).send().await)),
            (
                413,
                of(app
                    .post("/auth/jwt/login")
                    .raw("application/x-www-form-urlencoded", vec![b'a'; 17 * 1024])
                    .send()
                    .await),
            ),
            (422, of(app.post("/auth/register").raw("text/plain", "{}").send().await)),
            (422, of(app.post("/auth/register").raw("application/json", "{").send().await)),
            (422, of(register(json!({ "email": "x", "password": PASSWORD })).send().await)),
            (400, of(register(json!({ "email": "x@camelot.bt", "password": "short" })).send().await)),
            (400, of(register(json!({ "email": "x@camelot.bt", "password": long })).send().await)),
            (400, of(register(json!({ "email": "arthur@camelot.bt", "password": PASSWORD })).send().await)),
            (422, of(app.post("/auth/jwt/login").form(&[("username", "arthur@camelot.bt")]).send().await)),
            (
                400,
                of(app
                    .post("/auth/reset-password")
                    .json(json!({ "token": "garbage", "password": PASSWORD }))
                    .send()
                    .await),
            ),
            (401, of(app.patch("/users/me").json(json!({ "password": PASSWORD })).send().await)),
            (400, of(app.patch("/users/me").bearer(&session).json(json!({ "password": "short" })).send().await)),
            (202, of(app.post("/auth/forgot-password").json(json!({ "email": "arthur@camelot.bt" })).send().await)),
        ];
    })
    .await;
    for (number, (expected, status)) in statuses.into_iter().enumerate() {
        assert_eq!(status, expected, "{number}");
    }
}

/// Runs on one asynchronous thread, so that hashing on it would block every request.
#[tokio::test(flavor = "current_thread")]
async fn async_workers_not_blocked() {
    let app = narrow().await;
    let session = app.member("arthur@camelot.bt").await;
    under_load(&app, async || {
        for _ in 0..10 {
            let me = timeout(AT_ONCE * 3, app.me(&session)).await.expect("a response while a password is hashed");
            assert_eq!(me.status, 200);
        }
    })
    .await;
}

#[tokio::test]
async fn disconnect_does_not_free_permit() {
    let app = narrow().await;
    for _ in 0..10 {
        let held = saturate(&app).await;
        for login in &held {
            login.abort(); // the connections close
        }
        // The queued login frees its place once the server notices the disconnect, and the next login takes it.
        let waiting = loop {
            let mut login = slow_login(&app);
            match timeout(AT_ONCE, &mut login).await {
                Ok(response) => assert_eq!(response.unwrap().status, 503),
                Err(_) => break login,
            }
        };
        // If the permit of the running job were released, this login would be admitted.
        let probe = timeout(AT_ONCE, slow_login(&app)).await;
        let refused = matches!(&probe, Ok(Ok(response)) if response.status == 503);
        // If the first login has finished meanwhile, the attempt shows nothing and is repeated.
        drop(waiting.await);
        if refused {
            return;
        }
    }
    panic!("a disconnect released the permit of the running job");
}

#[tokio::test]
async fn pool_exhaustion_is_503() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("pool.db"))
        .create_if_missing(true)
        .busy_timeout(Duration::from_millis(100));
    let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(Duration::from_millis(100));
    let pool = pool.connect_with(options.clone()).await.unwrap();
    let store = SqlStore::from_sqlite_pool(pool.clone()).unwrap();
    let app = TestApp::with(Setup { builder: Box::new(|builder| builder.store(store)), ..Setup::default() }).await;
    let session = app.member("arthur@camelot.bt").await;
    let register = json!({ "email": "new@camelot.bt", "password": PASSWORD });

    let taken = pool.acquire().await.unwrap();
    for response in [
        app.me(&session).await,
        app.try_login("arthur@camelot.bt", PASSWORD).await,
        app.post("/auth/register").json(register.clone()).send().await,
        app.post("/auth/jwt/logout").bearer(&session).send().await,
    ] {
        response.is(503, DOWN);
        assert!(response.header("retry-after").is_some());
    }
    drop(taken);
    assert_eq!(app.me(&session).await.status, 200);

    // Another process holds the write lock.
    let other = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let mut locked = other.acquire().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *locked).await.unwrap();
    app.post("/auth/register").json(register.clone()).send().await.is(503, DOWN);
    assert_eq!(app.me(&session).await.status, 200, "reads still work");
    sqlx::query("ROLLBACK").execute(&mut *locked).await.unwrap();
    assert_eq!(app.post("/auth/register").json(register).send().await.status, 201);

    #[cfg(feature = "services")]
    for server in crate::servers::Server::ALL {
        super::outage::pool_is_exhausted(server).await;
    }
}

#[tokio::test]
async fn a_large_body_is_413_with_and_without_a_length() {
    let app = TestApp::start().await;
    let session = app.member("arthur@camelot.bt").await;
    let king = app.superuser("uther@camelot.bt").await;
    let by_id = format!("/users/{}", app.stored("arthur@camelot.bt").await.id);
    let json = "application/json";
    for (method, path, media, token) in [
        ("POST", "/auth/register", json, ""),
        ("POST", "/auth/forgot-password", json, ""),
        ("POST", "/auth/reset-password", json, ""),
        ("POST", "/auth/request-verify-token", json, ""),
        ("POST", "/auth/verify", json, ""),
        ("POST", "/auth/jwt/login", "application/x-www-form-urlencoded", ""),
        ("POST", "/auth/jwt/login", "multipart/form-data; boundary=x", ""),
        ("PATCH", "/users/me", json, session.as_str()),
        ("PATCH", by_id.as_str(), json, king.as_str()),
    ] {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: {media}\r\nauthorization: Bearer {token}\r\n"
        );
        for length in ["16385", "99999999999", "18446744073709551615"] {
            // Rejected by its length, before any of the body is sent.
            let response = exchange(&app, format!("{head}content-length: {length}\r\n\r\n").as_bytes()).await;
            let refused = status(&response);
            // The HTTP server rejects the greatest lengths.
            assert!(
                refused == Some(413) || (length.len() > 5 && matches!(refused, Some(400 | 431))),
                "{method} {path} {length}: {response}"
            );
        }
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000)).repeat(5);
        let response = exchange(&app, format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}").as_bytes()).await;
        assert_eq!(status(&response), Some(413), "{method} {path}: {response}");
        assert!(response.ends_with(r#"{"detail":"Content Too Large"}"#), "{response}");
        assert!(response.contains("cache-control: no-store"), "{response}");
        // Compressed bodies are not decompressed.
        let packed = exchange(
            &app,
            format!("{head}content-encoding: gzip\r\ncontent-length: 4\r\n\r\n\u{1f}\u{8}\0\0").as_bytes(),
        )
        .await;
        assert!(matches!(status(&packed), Some(400..=422)), "{packed}");
    }
}

/// The client sends the head and never the body: the route times out, and other requests are served meanwhile.
#[tokio::test]
async fn a_body_that_never_arrives_times_out() {
    let app = TestApp::start().await;
    let session = app.member("arthur@camelot.bt").await;
    let slow = b"POST /auth/register HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let slow: Vec<_> = (0..50)
        .map(|_| {
            let client = app.another();
            tokio::spawn(async move { exchange(&client, slow).await })
        })
        .collect();
    assert_eq!(app.me(&session).await.status, 200);
    for response in slow {
        let response = response.await.unwrap();
        assert!(status(&response) == Some(503) && response.contains("retry-after: "), "{response}");
    }
    assert_eq!(app.me(&session).await.status, 200);
}

/// How long a flood lasts here. `scripts/nightly flood` measures an optimized build alone on the machine.
const FLOOD_SECONDS: u64 = 1;
/// A loose bound on the 95th percentile of `GET /users/me`, since other tests run in parallel.
const P95: Duration = Duration::from_secs(5);

/// Returns the resident memory of this process in MiB, if the system reports it.
fn resident_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
}

/// Sends logins at production cost by 200 clients, half of them for unknown users. Returns the responses and the times of
/// `GET /users/me`.
async fn flood(app: &Arc<TestApp>, seconds: u64, session: &str) -> (Vec<Response>, Vec<Duration>) {
    let until = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let goes_on = |until: &Arc<std::sync::atomic::AtomicBool>| until.load(std::sync::atomic::Ordering::Relaxed);
    let clients: Vec<_> = (0..200)
        .map(|number| {
            let (client, until) = (app.another(), Arc::clone(&until));
            tokio::spawn(async move {
                let mut responses = Vec::new();
                let email = if number % 2 == 0 { "arthur@camelot.bt" } else { "nobody@camelot.bt" };
                let form = [("username", email), ("password", PASSWORD)];
                while goes_on(&until) {
                    responses.push(client.post("/auth/jwt/login").form(&form).send().await);
                }
                responses
            })
        })
        .collect();
    let (client, until_too, session) = (app.another(), Arc::clone(&until), session.to_owned());
    let reader = tokio::spawn(async move {
        let mut times = Vec::new();
        while goes_on(&until_too) {
            let start = std::time::Instant::now();
            assert_eq!(client.get("/users/me").bearer(&session).send().await.status, 200);
            times.push(start.elapsed());
        }
        times
    });
    // slow on purpose: the flood has a fixed duration
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    until.store(false, std::sync::atomic::Ordering::Relaxed);
    let mut responses = Vec::new();
    for client in clients {
        responses.extend(client.await.unwrap());
    }
    (responses, reader.await.unwrap())
}

async fn floodable() -> (Arc<TestApp>, String) {
    let builder = Box::new(|builder: UsersBuilder<User>| builder.refusal_delay(Duration::from_millis(100)));
    let app = TestApp::with(Setup { hashing: HashSettings::default(), builder, ..Setup::default() }).await;
    let session = app.member("arthur@camelot.bt").await;
    (Arc::new(app), session)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hash_flood_bounded() {
    let (app, session) = floodable().await;
    let before = resident_mib();
    let peak = {
        let (responses, _) = flood(&app, FLOOD_SECONDS, &session).await;
        let count = |status: u16| responses.iter().filter(|response| response.status == status).count();
        assert_eq!(count(200) + count(400) + count(503), responses.len(), "no other status");
        assert!(count(200) > 0, "some logins succeed");
        for response in responses.iter().filter(|response| response.status == 503) {
            response.is(503, DOWN);
            assert!(response.header("retry-after").is_some());
        }
        println!("{} logged in, {} rejected, {} shed", count(200), count(400), count(503));
        resident_mib()
    };
    if let (Some(before), Some(peak)) = (before, peak) {
        let budget = u64::from(HashSettings::default().memory_budget_mib);
        println!("resident: {before} MiB before, {peak} MiB at the end");
        assert!(peak.saturating_sub(before) <= budget + 64, "{before} MiB before, {peak} MiB at the end");
    }
    app.login("arthur@camelot.bt", PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_routes_stay_fast() {
    let (app, session) = floodable().await;
    let (_, mut times) = flood(&app, FLOOD_SECONDS, &session).await;
    times.sort_unstable();
    let measured = times[times.len() * 95 / 100];
    println!(
        "GET /users/me under a flood: {} requests, p50 {:?}, p95 {measured:?}",
        times.len(),
        times[times.len() / 2]
    );
    assert!(measured < P95, "{measured:?}");
}
