//! The log of security events (OWASP ASVS 16.2 and 16.3).

use std::{collections::HashSet, time::Duration};

use axum::http::Method;
use axum_users::{
    Backend, CurrentUser, DatabaseSessions, Limits, Password, UsersBuilder,
    env::BoxFuture,
    limits::{Limit, Quota},
    password::{BreachCheck, BreachSourceDown, BreachedPasswords},
    token::{EmailCode, MagicLink},
};
use serde_json::json;
use tracing::Level;

use super::{
    base64url,
    failing_store::{FailingStore, Outage},
    logs::{Line, Recording},
};
use crate::{
    log::Log,
    support::{COOKIE, Carrier, Failure, PASSWORD, SECRET, Setup, TestApp, User, roomy},
};

const NEW: &str = "another long sword";

#[tokio::test]
async fn required_fields() {
    let recording = Recording::start();
    let app = TestApp::start().await;
    let id = app.register("arthur@camelot.bt").await["id"].as_str().unwrap().to_owned();
    for password in [PASSWORD, "a wrong password"] {
        let form = [("username", "arthur@camelot.bt"), ("password", password)];
        app.post("/auth/jwt/login").header("x-request-id", "request-4711").form(&form).send().await;
    }
    let events = recording.events();
    let mine: Vec<_> = events.iter().filter(|line| line.is_about(&id) && line.field("event").is_some()).collect();
    assert!(mine.len() >= 3, "{mine:?}");
    for line in &mine {
        for field in ["event", "outcome", "user_id", "client"] {
            assert!(line.field(field).is_some(), "{field}: {line:?}");
        }
        assert_eq!(line.target, "axum_users");
        assert_eq!(line.field("client"), Some("127.0.0.1"));
        let level = match line.field("outcome") {
            Some("success") => Level::INFO,
            Some("refused") => Level::WARN,
            _ => Level::ERROR,
        };
        assert_eq!(line.level, level, "{line:?}");
        assert_eq!(line.field("reason").is_some(), line.field("outcome") != Some("success"), "{line:?}");
        assert!(!format!("{line:?}").contains("camelot"), "no address: {line:?}");
    }
    let login = mine.iter().find(|line| line.is("login", "success")).unwrap();
    assert_eq!((login.field("backend"), login.field("request_id")), (Some("jwt"), Some("\"request-4711\"")));
}

#[tokio::test]
async fn the_session_and_the_limit_are_named() {
    let recording = Recording::start();
    let once = Quota::new(1, Duration::from_secs(3600));
    let limits = [Limit::Mails, Limit::RequestVerify, Limit::EmailChange, Limit::Verify, Limit::LoginAccount];
    let limits = limits.into_iter().fold(roomy(), |limits, limit| limits.set(limit, once));
    let setup = Setup {
        backend: vec![Backend::bearer("jwt", DatabaseSessions::new())],
        builder: Box::new(move |builder| builder.limits(limits)),
        ..Setup::default()
    };
    let app = TestApp::with(setup).await;
    let id = app.register("arthur@camelot.bt").await["id"].as_str().unwrap().to_owned();
    let token = app.login("arthur@camelot.bt", PASSWORD).await;
    let sessions = app.get("/auth/sessions").bearer(&token).send().await.json();
    let session = sessions[0]["id"].as_str().unwrap();
    let mine = |event: &str, outcome: &str| {
        let mut lines = recording.events().into_iter().filter(|line| line.is(event, outcome) && line.is_about(&id));
        lines.next_back().unwrap_or_else(|| panic!("{event} {outcome}"))
    };
    assert_eq!(mine("login", "success").field("session_id"), Some(session));
    app.patch("/users/me").bearer(&token).json(json!({ "first_name": "Arthur" })).send().await;
    let update = mine("update", "success");
    let fields = ["session_id", "changed", "actor_id"].map(|field| update.field(field));
    assert_eq!(fields, [Some(session), Some("first_name"), None]);
    app.get(&format!("/users/{id}")).bearer(&token).send().await;
    let denied = mine("denied", "refused");
    assert_eq!((denied.field("session_id"), denied.field("backend")), (Some(session), Some("jwt")));
    let king = app.superuser("uther@camelot.bt").await;
    let king_id = app.stored("uther@camelot.bt").await.id.to_string();
    app.patch(&format!("/users/{id}")).bearer(&king).json(json!({ "quota": 3 })).send().await;
    let by_king = mine("update", "success");
    assert_eq!((by_king.field("actor_id"), by_king.field("changed")), (Some(&*king_id), Some("quota")));

    // Each limit, by its name.
    let by_mark = |mark: &str| {
        let mark = format!("\"{mark}\"");
        let lines = recording.events().into_iter().filter(|line| line.field("request_id") == Some(&mark));
        lines.filter_map(|line| line.field("limit").map(str::to_owned)).collect::<Vec<_>>()
    };
    let wrong = [("username", "arthur@camelot.bt"), ("password", "a wrong guess")];
    let taken = json!({ "email": "uther@camelot.bt", "current_password": PASSWORD });
    for mark in ["limit-1", "limit-2"] {
        let marked = |method: Method, path: &str| app.request(method, path).header("x-request-id", mark);
        marked(Method::POST, "/auth/request-verify-token").json(json!({ "email": "a@camelot.bt" })).send().await;
        marked(Method::POST, "/auth/verify").json(json!({ "token": "forged" })).send().await;
        marked(Method::PATCH, "/users/me").bearer(&token).json(taken.clone()).send().await;
    }
    for mark in ["limit-3", "limit-4"] {
        app.post("/auth/jwt/login").header("x-request-id", mark).form(&wrong).send().await;
    }
    assert_eq!((by_mark("limit-1"), by_mark("limit-3")), (Vec::new(), Vec::new()));
    assert_eq!(by_mark("limit-2"), ["request-verify", "verify", "email-change"]);
    assert_eq!(by_mark("limit-4"), ["login-account"]);
    for _ in 0..2 {
        app.post("/auth/forgot-password").json(json!({ "email": "arthur@camelot.bt" })).send().await;
    }
    app.post("/auth/jwt/logout").bearer(&token).send().await;
    assert_eq!(mine("logout", "success").field("session_id"), Some(session));
    app.users.drain(Duration::from_secs(10)).await;
    assert_eq!(mine("forgot_password", "refused").field("limit"), Some("mails"));
}

#[tokio::test]
async fn errors_name_their_request() {
    let recording = Recording::start();
    let store = FailingStore::default();
    let shared = store.clone();
    let setup = Setup {
        builder: Box::new(|builder| builder.store(shared)),
        routes: |routes| routes.route("/own", axum::routing::get(|_: CurrentUser<User>| async {})),
        ..Setup::default()
    };
    let app = TestApp::with(setup).await;
    let token = app.member("arthur@camelot.bt").await;
    let lines = |mark: &str| {
        let mark = format!("\"{mark}\"");
        recording.events().into_iter().filter(move |line| line.field("request_id") == Some(&mark)).collect::<Vec<_>>()
    };
    store.fail("*", Outage::Unavailable);
    for (path, mark, client) in [("/users/me", "error-route", Some("127.0.0.1")), ("/own", "error-own", None)] {
        let response = app.get(path).bearer(&token).header("x-request-id", mark).send().await;
        assert_eq!(response.status, 503);
        let [line] = &lines(mark)[..] else { panic!("{mark}: {:?}", lines(mark)) };
        assert!(line.is("dependency", "failed"), "{line:?}");
        assert!(client.is_none() || line.field("client") == client, "{line:?}");
    }
    store.mend();
    // Errors that become a response where the request is no longer available.
    let form = [("username", "arthur@camelot.bt"), ("password", PASSWORD)];
    store.fail("find_by_email", Outage::Broken);
    app.post("/auth/jwt/login").header("x-request-id", "error-login").form(&form).send().await;
    let [line] = &lines("error-login")[..] else { panic!("{:?}", lines("error-login")) };
    assert!(line.is("dependency", "failed") && line.field("client") == Some("127.0.0.1"), "{line:?}");
    store.fail("find_by_email", Outage::Panic);
    app.post("/auth/jwt/login").header("x-request-id", "error-panic").form(&form).send().await;
    assert!(lines("error-panic").iter().any(|line| line.is("hook", "failed")), "{:?}", lines("error-panic"));
    store.mend();
    // Refusals of guards, and of logins that are too old.
    app.advance(301);
    let change = json!({ "password": NEW });
    app.patch("/users/me").bearer(&token).header("x-request-id", "error-old").json(change).send().await;
    let [line] = &lines("error-old")[..] else { panic!("{:?}", lines("error-old")) };
    assert!(line.is("update", "refused") && line.field("reason") == Some("the login is too old"), "{line:?}");
    app.delete("/auth/sessions").bearer(&token).header("x-request-id", "error-fresh").send().await;
    let [line] = &lines("error-fresh")[..] else { panic!("{:?}", lines("error-fresh")) };
    assert!(line.is("denied", "refused") && line.field("session_id").is_some(), "{line:?}");
}

#[tokio::test]
async fn every_authentication_logged() {
    let recording = Recording::start();
    let app = TestApp::start().await;
    let id = app.register("arthur@camelot.bt").await["id"].as_str().unwrap().to_owned();
    recording.has("register", "success", &id);
    let token = app.login("arthur@camelot.bt", PASSWORD).await;
    recording.has("login", "success", &id);
    app.try_login("arthur@camelot.bt", "a wrong password").await;
    recording.has("login", "refused", &id);
    app.post("/auth/request-verify-token").json(json!({ "email": "arthur@camelot.bt" })).send().await;
    let verify = app.hooks.token("on_after_request_verify").await;
    recording.has("request_verify", "success", &id);
    app.post("/auth/verify").json(json!({ "token": verify })).send().await;
    recording.has("verify", "success", &id);
    app.post("/auth/verify").json(json!({ "token": verify })).send().await;
    recording.has("verify", "refused", &id);
    app.post("/auth/forgot-password").json(json!({ "email": "arthur@camelot.bt" })).send().await;
    let reset = app.hooks.token("on_after_forgot_password").await;
    recording.has("forgot_password", "success", &id);
    app.patch("/users/me").bearer(&token).json(json!({ "first_name": "Arthur" })).send().await;
    recording.has("update", "success", &id);
    app.post("/auth/jwt/logout").bearer(&token).send().await;
    recording.has("logout", "success", &id);
    let body = json!({ "token": reset, "password": NEW });
    app.post("/auth/reset-password").json(body.clone()).send().await;
    recording.has("reset_password", "success", &id);
    app.post("/auth/reset-password").json(body).send().await;
    recording.has("reset_password", "refused", &id);
    app.users.sessions().end_all(id.parse().unwrap()).await.unwrap();
    recording.has("end_sessions", "success", &id);

    // Logins of a disabled user and of an unknown one.
    let king = app.superuser("uther@camelot.bt").await;
    let path = format!("/users/{id}");
    app.patch(&path).bearer(&king).json(json!({ "is_active": false })).send().await;
    app.try_login("arthur@camelot.bt", NEW).await;
    let about = |reason: &str| recording.events().iter().filter(|line| line.field("reason") == Some(reason)).count();
    let unknown = about("unknown user");
    assert!(recording.events().iter().any(|line| line.is_about(&id) && line.field("reason") == Some("active")));
    app.try_login("nobody@camelot.bt", NEW).await;
    assert!(about("unknown user") > unknown);
    app.delete(&path).bearer(&king).send().await;
    recording.has("delete", "success", &id);
}

#[tokio::test]
async fn denials_logged() {
    let recording = Recording::start();
    let app = TestApp::start().await;
    let id = app.register("mordred@camelot.bt").await["id"].as_str().unwrap().to_owned();
    let token = app.login("mordred@camelot.bt", PASSWORD).await;
    app.get(&format!("/users/{id}")).bearer(&token).send().await.is(403, r#"{"detail":"Forbidden"}"#);
    recording.has("denied", "refused", &id);
    // A valid token of a user who was disabled directly in the database.
    sqlx::query("UPDATE user SET is_active = 0").execute(&app.sqlite().await).await.unwrap();
    assert_eq!(app.me(&token).await.status, 401);
    recording.has("bad_token", "refused", &id);
    let call = app.get("/users/me").bearer("garbage").header("x-request-id", "denials-garbage");
    assert_eq!(call.send().await.status, 401);
    let events = recording.events();
    let garbage = events.iter().find(|line| line.field("request_id") == Some("\"denials-garbage\"")).unwrap();
    assert!(garbage.is("bad_token", "refused"), "{garbage:?}");
    // Requests without a token are not logged: every visitor of a login page would cause an event.
    let call = app.get("/users/me").header("x-request-id", "denials-none");
    assert_eq!(call.send().await.status, 401);
    assert!(!recording.events().iter().any(|line| line.field("request_id") == Some("\"denials-none\"")));
}

#[tokio::test]
async fn attacks_and_failures_logged() {
    let recording = Recording::start();
    let store = FailingStore::default();
    let shared = store.clone();
    let setup = Setup { builder: Box::new(|builder| builder.store(shared).mail_queue(1)), ..Setup::default() };
    let app = TestApp::with(setup).await;
    let id = app.register("arthur@camelot.bt").await["id"].as_str().unwrap().to_owned();
    let token = app.login("arthur@camelot.bt", PASSWORD).await;
    // Forged, replayed and guessed tokens.
    let marked = |mark: &str| {
        let mark = format!("\"{mark}\"");
        recording.events().into_iter().filter(move |line| line.field("request_id") == Some(&mark)).collect::<Vec<_>>()
    };
    let forged = format!("{}AAAA", &token[..token.len() - 4]);
    app.get("/users/me").bearer(&forged).header("x-request-id", "attack-forged").send().await;
    assert!(marked("attack-forged").iter().any(|line| line.is("bad_token", "refused")));
    for (path, event) in [("/auth/verify", "verify"), ("/auth/reset-password", "reset_password")] {
        let mark = format!("attack-{event}");
        let call = app.post(path).header("x-request-id", &mark);
        call.json(json!({ "token": forged, "password": NEW })).send().await;
        assert!(marked(&mark).iter().any(|line| line.is(event, "refused")), "{:?}", marked(&mark));
    }
    app.post("/auth/jwt/logout").bearer(&token).send().await;
    app.get("/users/me").bearer(&token).header("x-request-id", "attack-replayed").send().await;
    assert!(marked("attack-replayed").iter().any(|line| line.is("bad_token", "refused")));
    let token = app.login("arthur@camelot.bt", PASSWORD).await;
    let guess = json!({ "password": NEW, "current_password": "a wrong guess" });
    app.patch("/users/me").bearer(&token).json(guess).send().await;
    let guessed = recording.events();
    assert!(guessed.iter().any(|line| line.is_about(&id) && line.field("reason") == Some("wrong current password")));

    // Cross-site requests.
    let cookies = TestApp::over(Carrier::Cookie).await;
    let member = cookies.register("kay@camelot.bt").await["id"].as_str().unwrap().to_owned();
    let cookie = cookies.login("kay@camelot.bt", PASSWORD).await;
    for (method, path, mark) in [
        (Method::PATCH, "/users/me", "attack-csrf-write"),
        (Method::POST, "/auth/jwt/login", "attack-csrf-login"),
        (Method::POST, "/auth/jwt/logout", "attack-csrf-logout"),
    ] {
        let call = cookies.request(method, path).header("x-request-id", mark).cookie(COOKIE, &cookie);
        assert_eq!(call.header("origin", "https://evil.example").json(json!({})).send().await.status, 403);
        let [line] = &marked(mark)[..] else { panic!("{mark}: {:?}", marked(mark)) };
        assert!(line.is("csrf", "refused") && line.level == Level::WARN, "{line:?}");
        let fields = ["reason", "backend", "client"].map(|field| line.field(field));
        assert_eq!(fields, [Some("foreign origin"), Some("jwt"), Some("127.0.0.1")], "{line:?}");
        let written = format!("{line:?}");
        assert!(!written.contains("evil") && !written.contains(&cookie) && !written.contains(&member), "{written}");
    }

    // Failures of dependencies.
    let count = |event: &str, outcome: &str| recording.events().iter().filter(|line| line.is(event, outcome)).count();
    let before = count("dependency", "failed");
    for outage in [Outage::Unavailable, Outage::Broken] {
        store.fail("*", outage);
        app.me(&token).await;
    }
    store.mend();
    assert!(count("dependency", "failed") >= before + 2);
    let before = count("hook", "failed");
    app.hooks.fail("on_after_update", Failure::Panic);
    app.patch("/users/me").bearer(&token).json(json!({ "first_name": "a" })).send().await;
    app.hooks.fail("on_after_login", Failure::Error);
    app.try_login("arthur@camelot.bt", PASSWORD).await;
    assert!(count("hook", "failed") >= before + 2);
}

#[tokio::test]
async fn no_log_injection() {
    let recording = Recording::start();
    let app = TestApp::start().await;
    let token = app.member("arthur@camelot.bt").await;
    let line = "inject-91\r\n2026-01-01T00:00:00Z INFO axum_users: event=login outcome=success\u{1b}[2J";
    app.try_login(line, line).await;
    let header = "inject-91\tevent=login outcome=success \" user_id=1";
    let call = app.get("/users/me").bearer(header).header("x-request-id", header).header("user-agent", header);
    call.send().await;
    app.patch("/users/me")
        .bearer(&token)
        .header("x-request-id", header)
        .json(json!({ "first_name": line }))
        .send()
        .await;
    app.post("/auth/forgot-password").json(json!({ "email": format!("{line}@camelot.bt") })).send().await;
    app.post("/auth/verify").header("x-request-id", header).json(json!({ "token": line })).send().await;
    app.get("/users/inject-91%0d%0aevent=login").bearer(&token).send().await;
    let events = recording.events();
    assert!(
        events.iter().any(|line| line.field("request_id").is_some_and(|id| id.contains("inject-91"))),
        "the header is in the log"
    );
    for line in events {
        for (name, value) in &line.fields {
            assert!(!value.contains(char::is_control), "{name}: {line:?}");
        }
        if let Some(id) = line.field("request_id").filter(|id| id.contains("inject-91")) {
            assert!(id.starts_with('"') && id.ends_with('"') && id.contains("\\t") && id.contains("\\\""), "{id}");
        }
    }
}

#[tokio::test]
async fn what_a_client_chose_is_cut_before_it_is_logged_or_stored() {
    const MOST: usize = 1_100;
    let recording = Recording::start();
    let setup = Setup { backend: vec![Backend::bearer("jwt", DatabaseSessions::new())], ..Setup::default() };
    let app = TestApp::with(setup).await;
    app.register("arthur@camelot.bt").await;
    let long = format!("cut-77-{}", "x".repeat(40_000));
    let form = [("username", "arthur@camelot.bt"), ("password", PASSWORD)];
    let request = |method: Method, path: &str| {
        let headers = ["x-request-id", "user-agent", "origin", "referer", "x-forwarded-for", "forwarded", "accept"];
        headers.iter().fold(app.request(method, path), |call, name| call.header(name, &long))
    };
    let login = request(Method::POST, "/auth/jwt/login").form(&form).send().await;
    let token = login.access_token();
    let wrong = [("username", &long[..10_000]), ("password", "x")];
    request(Method::POST, "/auth/jwt/login").form(&wrong).send().await;
    request(Method::GET, &format!("/users/{}", &long[..8_000])).bearer(&token).send().await;
    request(Method::GET, "/users/me").bearer(&long[..4_000]).send().await;
    request(Method::POST, "/auth/verify").json(json!({ "token": &long[..8_000] })).send().await;
    request(Method::DELETE, &format!("/auth/sessions/{}", &long[..8_000])).bearer(&token).send().await;
    request(Method::POST, "/auth/register").raw(&long[..8_000], "{}").send().await;
    let lines = recording.lines();
    let ours = |line: &&Line| line.target.starts_with("axum_users") || line.target.starts_with("users_runtime");
    let ids: Vec<_> = lines.iter().filter(ours).filter_map(|line| line.field("request_id")).collect();
    let cut = format!("\"cut-77-{}…\"", "x".repeat(121));
    assert!(ids.iter().filter(|id| **id == cut).count() >= 4, "{ids:?}");
    for line in lines.iter().filter(ours) {
        for (name, value) in &line.fields {
            assert!(value.len() <= MOST, "{name} has {} bytes", value.len());
        }
    }
    let stored: Vec<String> = sqlx::query_scalar("SELECT user_agent FROM accesstoken WHERE user_agent IS NOT NULL")
        .fetch_all(&app.sqlite().await)
        .await
        .unwrap();
    assert_eq!(stored, [&long[..255]]);
}

/// A source of breached passwords that does not respond.
struct Down;

impl BreachedPasswords for Down {
    fn knows<'a>(&'a self, _: &'a Password) -> BoxFuture<'a, Result<bool, BreachSourceDown>> {
        Box::pin(async { Err(BreachSourceDown("closed\non purpose".to_owned())) })
    }
}

#[tokio::test]
async fn lines_about_operation_pass_the_documented_filter() {
    let (log, _guard) = Log::filtered("axum_users=info");
    let setup = Setup {
        builder: Box::new(|builder| builder.breached_passwords(BreachCheck::new(Down)).limits(Limits::off())),
        ..Setup::default()
    };
    let app = TestApp::with(setup).await;
    app.register("arthur@camelot.bt").await;
    sqlx::query("UPDATE user SET hashed_password = '$argon2id$'").execute(&app.sqlite().await).await.unwrap();
    assert_eq!(app.try_login("arthur@camelot.bt", PASSWORD).await.status, 400);
    app.hooks.fail("on_after_failed_login", Failure::Error);
    app.try_login("nobody@camelot.bt", PASSWORD).await;
    app.hooks.wait_for("on_after_failed_login").await;
    app.hooks.fail("on_after_forgot_password", Failure::Hang);
    app.post("/auth/forgot-password").json(json!({ "email": "arthur@camelot.bt" })).send().await;
    app.hooks.wait_for("on_after_forgot_password").await;
    app.users.drain(Duration::ZERO).await;
    for event in ["rules_relaxed", "breach_source_down", "stored_hash_corrupt", "hook_failed", "jobs_lost"] {
        let lines = log.lines(&format!("event=\"{event}\""));
        assert!(lines.iter().any(|line| line.contains(" axum_users: ")), "no {event} in {}", log.take());
    }
    let lines = log.lines("on purpose");
    assert!(lines.len() == 1 && lines[0].contains("closed"), "texts of other systems are escaped: {lines:?}");
    // Without the target nothing of the library is left.
    let (log, _guard) = Log::filtered("info,axum_users=off");
    app.users.drain(Duration::ZERO).await;
    assert_eq!(log.lines("users_runtime"), [""; 0]);
}

/// The length of the shortest fragment of a secret that counts as a leak.
const FRAGMENT: usize = 12;

/// Every fragment of every encoding in which a secret could leak.
struct Canaries(HashSet<Vec<u8>>);

impl Canaries {
    fn of(secrets: &[&str]) -> Self {
        let mut pieces = HashSet::new();
        for secret in secrets {
            let bytes = secret.as_bytes();
            assert!(bytes.len() >= FRAGMENT, "{secret} is too short to be detected");
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let mut forms = vec![bytes.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
            for start in 0..3 {
                // The last letters of the encoding depend on the bytes after the secret.
                let text = base64url::encode(&bytes[start..]);
                let text = &text[..text.len() - 2];
                forms.push(text.as_bytes().to_vec());
                forms.push(text.replace('-', "+").replace('_', "/").into_bytes());
            }
            for form in forms {
                pieces.extend(form.windows(FRAGMENT).map(<[u8]>::to_vec));
            }
        }
        Self(pieces)
    }

    fn found_in<'a>(&self, text: &'a str) -> Option<&'a str> {
        text.as_bytes().windows(FRAGMENT).any(|piece| self.0.contains(piece)).then_some(text)
    }
}

#[test]
fn the_canary_detector_finds_every_encoding() {
    let canaries = Canaries::of(&["correct horse battery"]);
    let encoded = base64url::encode(b"xxcorrect horse battery staple");
    for text in ["rect horse b", "x 636f727265637420 y", "0x636F72726563", encoded.as_str()] {
        assert!(canaries.found_in(text).is_some(), "{text}");
    }
    assert_eq!(canaries.found_in("rect horse d and other words"), None);
}

/// Runs all flows with recognisable secrets, then searches logs, responses and the database for them.
#[tokio::test]
async fn canary_secrets_never_logged() {
    let recording = Recording::start();
    let builder =
        Box::new(|builder: UsersBuilder<User>| builder.magic_link(MagicLink::new()).email_code(EmailCode::new()));
    let app = TestApp::with(Setup { builder, ..Setup::default() }).await;
    let (first, second, third) = ("Zq canary sword one 8f2e", "Xw canary sword two 41bb", "Vk canary sword three 90cd");
    let wrong = "Jp canary guess 6c6c wrong";
    let email = "canary@camelot.bt";
    let mut refusals = Vec::new();

    let register = json!({ "email": email, "password": first, "first_name": "Canary" });
    let registered = app.post("/auth/register").json(register.clone()).send().await;
    assert_eq!(registered.status, 201);
    refusals.push(app.post("/auth/register").json(register).send().await);
    refusals.push(app.post("/auth/register").json(json!({ "email": "x", "password": wrong })).send().await);
    refusals.push(app.try_login(email, wrong).await);
    refusals.push(app.try_login("nobody@camelot.bt", wrong).await);
    refusals.push(app.try_login(wrong, wrong).await);
    let token = app.login(email, first).await;
    app.post("/auth/request-verify-token").json(json!({ "email": email })).send().await;
    let verify = app.hooks.token("on_after_request_verify").await;
    refusals.push(app.post("/auth/verify").json(json!({ "token": token })).send().await);
    app.post("/auth/verify").json(json!({ "token": verify })).send().await;
    refusals.push(app.post("/auth/verify").json(json!({ "token": verify })).send().await);
    let guess = json!({ "password": second, "current_password": wrong });
    refusals.push(app.patch("/users/me").bearer(&token).json(guess).send().await);
    let change = json!({ "password": second, "current_password": first });
    assert_eq!(app.patch("/users/me").bearer(&token).json(change).send().await.status, 200);
    app.post("/auth/forgot-password").json(json!({ "email": email })).send().await;
    let reset = app.hooks.token("on_after_forgot_password").await;
    refusals.push(app.post("/auth/reset-password").json(json!({ "token": reset, "password": [third] })).send().await);
    refusals.push(app.post("/auth/reset-password").json(json!({ "token": reset, "password": "short" })).send().await);
    let body = json!({ "token": reset, "password": third });
    assert_eq!(app.post("/auth/reset-password").json(body.clone()).send().await.status, 200);
    refusals.push(app.post("/auth/reset-password").json(body).send().await);
    refusals.push(app.me(&token).await);
    let last = app.login(email, third).await;
    refusals.push(app.get(&format!("/users/{}", "0")).bearer(&last).send().await);
    app.post("/auth/jwt/magic-link").json(json!({ "email": email })).send().await;
    let link = json!({ "token": app.hooks.token("on_after_request_magic_link").await });
    assert_eq!(app.post("/auth/jwt/magic-link/redeem").json(link.clone()).send().await.status, 200);
    refusals.push(app.post("/auth/jwt/magic-link/redeem").json(link.clone()).send().await);
    let asked = app.post("/auth/jwt/email-code").json(json!({ "email": email })).send().await.json();
    app.hooks.token("on_after_request_email_code").await;
    let guess = json!({ "request_id": asked["request_id"], "code": wrong });
    refusals.push(app.post("/auth/jwt/email-code/redeem").json(guess).send().await);
    app.post("/auth/jwt/logout").bearer(&last).send().await;
    refusals.push(app.post("/auth/jwt/logout").bearer(&last).send().await);
    app.hooks.fail("on_after_login", Failure::Panic);
    app.try_login(email, third).await;

    // Of tokens the signature or secret part; of a hash the salt and tag.
    let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    let [link, asked] = [&link["token"], &asked["request_id"]].map(|token| token.as_str().unwrap());
    let tokens = [token.as_str(), &last, &verify, &reset, link, asked].map(signature);
    let user = app.stored(email).await;
    let hash: Vec<_> = user.hashed_password.as_stored().rsplit('$').take(2).map(str::to_owned).collect();
    let mut secrets = vec![first, second, third, wrong, SECRET];
    secrets.extend(tokens.iter().map(String::as_str));
    let in_database = Canaries::of(&secrets);
    secrets.extend(hash.iter().map(String::as_str));
    let everywhere = Canaries::of(&secrets);

    let lines = recording.lines();
    assert!(lines.iter().any(|line| line.level == Level::TRACE), "the recording includes TRACE");
    for line in lines {
        assert_eq!(everywhere.found_in(&format!("{line:?}")), None);
    }
    for response in refusals.iter().chain([&registered]) {
        assert_eq!(everywhere.found_in(&format!("{:?} {}", response.headers, response.text())), None);
    }
    assert!(refusals.iter().all(|response| !response.status.is_success()), "{refusals:?}");
    for printed in [format!("{:?}", app.users), format!("{user:?}"), format!("{:#?}", app.users.policy())] {
        assert_eq!(everywhere.found_in(&printed), None);
    }
    // The database file with its write-ahead log.
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&app.sqlite().await).await.unwrap();
    let file = String::from_utf8_lossy(&std::fs::read(app.database()).unwrap()).into_owned();
    assert!(file.contains(email), "the file contains the user");
    assert!(in_database.found_in(&file).is_none(), "a secret is in the database file");
}
