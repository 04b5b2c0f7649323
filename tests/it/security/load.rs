//! Bounds under load, over HTTP (OWASP ASVS 13.1, 15.1.3, 15.2.2).
#![expect(clippy::disallowed_methods, reason = "measures real time")]

use std::{sync::Arc, time::Duration};

use axum_users::{password::HashSettings, store::SqlStore};
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tokio::{task::JoinHandle, time::timeout};

use super::wire_bytes::{exchange, status};
use crate::support::{Answer, Http, PASSWORD, Setup, TestApp};

const DOWN: &str = r#"{"detail":"SERVICE_UNAVAILABLE"}"#;
/// A stored hash whose verification takes long: 128 MiB and 8 passes. No password fits it.
const SLOW_HASH: &str =
    "$argon2id$v=19$m=131072,t=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// A login that has no answer by then waits or is hashed; a refused one is answered at once.
const AT_ONCE: Duration = Duration::from_millis(150);

/// One hashing thread with one place to wait, and a user whose login keeps it busy.
async fn narrow() -> TestApp {
    let hashing = Setup::default().hashing.workers(1).queue_per_worker(1).max_wait(Duration::from_secs(10));
    let app = TestApp::with(Setup { hashing, ..Setup::default() }).await;
    app.register("slow@camelot.bt").await;
    let sql = "UPDATE user SET hashed_password = $1 WHERE email = 'slow@camelot.bt'";
    sqlx::query(sql).bind(SLOW_HASH).execute(&app.sqlite().await).await.unwrap();
    app
}

/// A login on a connection of its own, which closes when the task is aborted.
fn slow_login(service: &Http) -> JoinHandle<Answer> {
    let client = service.another();
    tokio::spawn(async move {
        let form = [("username", "slow@camelot.bt"), ("password", PASSWORD)];
        client.post("/auth/jwt/login").form(&form).send().await
    })
}

/// Starts logins until one is refused at once: then one is hashed and one waits, which are answered.
async fn saturate(service: &Http) -> Vec<JoinHandle<Answer>> {
    let mut held = Vec::new();
    for _ in 0..20 {
        let mut login = slow_login(service);
        match timeout(AT_ONCE, &mut login).await {
            Ok(answer) if answer.as_ref().unwrap().status == 503 => return held,
            Ok(answer) => assert_eq!(answer.unwrap().status, 400),
            Err(_) => held.push(login),
        }
    }
    panic!("no login is ever refused");
}

/// Whether the place to wait is taken still, so that what was just observed was observed under load.
async fn is_saturated(app: &TestApp) -> bool {
    app.try_login("nobody@camelot.bt", PASSWORD).await.status == 503
}

/// Runs `observe` under load that lasted from its start to its end.
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
    panic!("the load never lasted long enough");
}

#[tokio::test]
async fn overflow_is_503_with_retry_after() {
    let app = narrow().await;
    let session = app.member("arthur@camelot.bt").await;
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
    for answer in &seen {
        answer.is(503, DOWN);
        let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=5).contains(&seconds), "{seconds}");
    }
    // Nothing of it was done.
    assert!(app.users.get_by_email("new@camelot.bt").await.unwrap().is_none());
    app.login("arthur@camelot.bt", PASSWORD).await;
}

/// What is refused for its form is refused while no password can be hashed: the cheap checks come first.
#[tokio::test]
async fn nothing_hashed_before_limiter() {
    let app = narrow().await;
    let session = app.member("arthur@camelot.bt").await;
    let mut statuses = Vec::new();
    under_load(&app, async || {
        let long = "x".repeat(2000);
        let of = |answer: Answer| answer.status.as_u16();
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

/// On one asynchronous thread, so that a hash on it would stop everything.
#[tokio::test(flavor = "current_thread")]
async fn async_workers_not_blocked() {
    let app = narrow().await;
    let session = app.member("arthur@camelot.bt").await;
    under_load(&app, async || {
        for _ in 0..10 {
            let me = timeout(AT_ONCE * 3, app.me(&session)).await.expect("an answer while a password is hashed");
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
        // The one that waited frees its place, as soon as the server notices; the next takes it.
        let waiting = loop {
            let mut login = slow_login(&app);
            match timeout(AT_ONCE, &mut login).await {
                Ok(answer) => assert_eq!(answer.unwrap().status, 503),
                Err(_) => break login,
            }
        };
        // Were the running one's permit free, this login would find a place.
        let probe = timeout(AT_ONCE, slow_login(&app)).await;
        let refused = matches!(&probe, Ok(Ok(answer)) if answer.status == 503);
        // The first may have ended by itself meanwhile; then nothing was seen, and it is tried again.
        drop(waiting.await);
        if refused {
            return;
        }
    }
    panic!("a client that hangs up frees the permit of its running job");
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
    for answer in [
        app.me(&session).await,
        app.try_login("arthur@camelot.bt", PASSWORD).await,
        app.post("/auth/register").json(register.clone()).send().await,
        app.post("/auth/jwt/logout").bearer(&session).send().await,
    ] {
        answer.is(503, DOWN);
        assert!(answer.header("retry-after").is_some());
    }
    drop(taken);
    assert_eq!(app.me(&session).await.status, 200);

    // Another process that keeps the write lock.
    let other = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let mut locked = other.acquire().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *locked).await.unwrap();
    app.post("/auth/register").json(register.clone()).send().await.is(503, DOWN);
    assert_eq!(app.me(&session).await.status, 200, "reading goes on");
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
            // Not a byte of the body is sent: the length alone is enough.
            let answer = exchange(&app, format!("{head}content-length: {length}\r\n\r\n").as_bytes()).await;
            let refused = status(&answer);
            // The greatest lengths are refused by the HTTP server itself.
            assert!(
                refused == Some(413) || (length.len() > 5 && matches!(refused, Some(400 | 431))),
                "{method} {path} {length}: {answer}"
            );
        }
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000)).repeat(5);
        let answer = exchange(&app, format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}").as_bytes()).await;
        assert_eq!(status(&answer), Some(413), "{method} {path}: {answer}");
        assert!(answer.ends_with(r#"{"detail":"Content Too Large"}"#), "{answer}");
        assert!(answer.contains("cache-control: no-store"), "{answer}");
        // A bomb stays a few bytes: nobody unpacks it.
        let packed = exchange(
            &app,
            format!("{head}content-encoding: gzip\r\ncontent-length: 4\r\n\r\n\u{1f}\u{8}\0\0").as_bytes(),
        )
        .await;
        assert!(matches!(status(&packed), Some(400..=422)), "{packed}");
    }
}

/// The head is there, the body never comes: the route gives up by itself, and meanwhile others are served.
#[tokio::test]
async fn a_body_that_never_comes_is_given_up() {
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
    for answer in slow {
        let answer = answer.await.unwrap();
        assert!(status(&answer) == Some(503) && answer.contains("retry-after: "), "{answer}");
    }
    assert_eq!(app.me(&session).await.status, 200);
}

/// What a flood may cost. The test run has a short one with loose bounds, since other tests run beside it; `scripts/nightly flood`
/// has the real one: an optimised build, alone, ten seconds, the bounds of the security contract.
struct Flood {
    seconds: u64,
    /// 95 of 100 requests for one's own account are answered in this time.
    p95: Duration,
}

impl Flood {
    fn of_environment() -> Self {
        match std::env::var("FLOOD_SECONDS").ok().and_then(|seconds| seconds.parse().ok()) {
            Some(seconds) => Self { seconds, p95: Duration::from_millis(50) },
            None => Self { seconds: 1, p95: Duration::from_secs(5) },
        }
    }
}

/// Resident memory of this process in MiB, if the system tells.
fn resident_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
}

/// Logins with the real cost by 200 clients, half of them for nobody. Answers all statuses and the times of `GET /me`.
async fn flood(app: &Arc<TestApp>, seconds: u64, session: &str) -> (Vec<Answer>, Vec<Duration>) {
    let until = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let goes_on = |until: &Arc<std::sync::atomic::AtomicBool>| until.load(std::sync::atomic::Ordering::Relaxed);
    let clients: Vec<_> = (0..200)
        .map(|number| {
            let (client, until) = (app.another(), Arc::clone(&until));
            tokio::spawn(async move {
                let mut answers = Vec::new();
                let email = if number % 2 == 0 { "arthur@camelot.bt" } else { "nobody@camelot.bt" };
                let form = [("username", email), ("password", PASSWORD)];
                while goes_on(&until) {
                    answers.push(client.post("/auth/jwt/login").form(&form).send().await);
                }
                answers
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
    // slow on purpose: the flood lasts this long
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    until.store(false, std::sync::atomic::Ordering::Relaxed);
    let mut answers = Vec::new();
    for client in clients {
        answers.extend(client.await.unwrap());
    }
    (answers, reader.await.unwrap())
}

async fn floodable() -> (Arc<TestApp>, String) {
    let app = TestApp::with(Setup { hashing: HashSettings::default(), ..Setup::default() }).await;
    let session = app.member("arthur@camelot.bt").await;
    (Arc::new(app), session)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hash_flood_bounded() {
    let (app, session) = floodable().await;
    let before = resident_mib();
    let peak = {
        let (answers, _) = flood(&app, Flood::of_environment().seconds, &session).await;
        let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
        assert_eq!(count(200) + count(400) + count(503), answers.len(), "only these three");
        assert!(count(200) > 0, "some get in");
        for answer in answers.iter().filter(|answer| answer.status == 503) {
            answer.is(503, DOWN);
            assert!(answer.header("retry-after").is_some());
        }
        println!("{} logged in, {} refused, {} sent away", count(200), count(400), count(503));
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
    let Flood { seconds, p95 } = Flood::of_environment();
    let (_, mut times) = flood(&app, seconds, &session).await;
    times.sort_unstable();
    let measured = times[times.len() * 95 / 100];
    println!(
        "GET /users/me under a flood: {} requests, p50 {:?}, p95 {measured:?}",
        times.len(),
        times[times.len() / 2]
    );
    assert!(measured < p95, "{measured:?}");
}
