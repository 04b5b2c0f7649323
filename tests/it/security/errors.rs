//! Failing safely (OWASP ASVS 16.5).

use serde_json::json;

use super::{
    failing_store::{FailingStore, Outage},
    logs::Recording,
};
use crate::support::{Failure, PASSWORD, Response, Setup, TestApp};

/// Starts a service whose store can be made to fail.
async fn with_store() -> (TestApp, FailingStore) {
    let store = FailingStore::default();
    let shared = store.clone();
    let setup = Setup { builder: Box::new(|builder| builder.store(shared)), ..Setup::default() };
    (TestApp::with(setup).await, store)
}

/// Calls every route that uses the store before it responds, with sufficient rights.
async fn every_call(app: &TestApp, king: &str, id: &str, reset: &str, verify: &str) -> Vec<(&'static str, Response)> {
    let path = format!("/users/{id}");
    let register = json!({ "email": "new@camelot.bt", "password": PASSWORD });
    let reset = json!({ "token": reset, "password": "another long sword" });
    vec![
        ("login", app.try_login("uther@camelot.bt", PASSWORD).await),
        ("login of an unknown user", app.try_login("unknown@camelot.bt", PASSWORD).await),
        ("register", app.post("/auth/register").json(register).send().await),
        ("me", app.me(king).await),
        ("update me", app.patch("/users/me").bearer(king).json(json!({ "first_name": "Uther" })).send().await),
        ("by id", app.get(&path).bearer(king).send().await),
        ("update by id", app.patch(&path).bearer(king).json(json!({ "quota": 5 })).send().await),
        ("delete", app.delete(&path).bearer(king).send().await),
        ("verify", app.post("/auth/verify").json(json!({ "token": verify })).send().await),
        ("reset", app.post("/auth/reset-password").json(reset).send().await),
        ("logout", app.post("/auth/jwt/logout").bearer(king).send().await),
    ]
}

struct Prepared {
    app: TestApp,
    store: FailingStore,
    king: String,
    id: String,
    reset: String,
    verify: String,
}

async fn prepared() -> Prepared {
    let (app, store) = with_store().await;
    let king = app.superuser("uther@camelot.bt").await;
    let id = app.register("arthur@camelot.bt").await["id"].as_str().unwrap().to_owned();
    app.post("/auth/forgot-password").json(json!({ "email": "arthur@camelot.bt" })).send().await.is(202, "null");
    let reset = app.hooks.token("on_after_forgot_password").await;
    app.post("/auth/request-verify-token").json(json!({ "email": "arthur@camelot.bt" })).send().await.is(202, "null");
    let verify = app.hooks.token("on_after_request_verify").await;
    Prepared { app, store, king, id, reset, verify }
}

#[tokio::test]
async fn each_dependency_down_fails_closed() {
    #[cfg(feature = "services")]
    crate::redis::outage::fails_closed().await;
    let Prepared { app, store, king, id, reset, verify } = prepared().await;
    store.fail("*", Outage::Unavailable);
    for (what, response) in every_call(&app, &king, &id, &reset, &verify).await {
        assert_eq!(
            (response.status.as_u16(), response.text().as_str()),
            (503, r#"{"detail":"SERVICE_UNAVAILABLE"}"#),
            "{what}"
        );
        assert!(response.header("retry-after").is_some(), "{what}");
    }
    for (outage, status) in [(Outage::Broken, 500), (Outage::Panic, 500)] {
        store.fail("*", outage);
        for (what, response) in every_call(&app, &king, &id, &reset, &verify).await {
            assert_eq!(response.status, status, "{what}");
        }
    }
    // Routes that use the store after the response do not reveal the outage.
    for path in ["/auth/forgot-password", "/auth/request-verify-token"] {
        app.post(path).json(json!({ "email": "arthur@camelot.bt" })).send().await.is(202, "null");
    }
    // Only one call of the store fails.
    store.fail("revoke", Outage::Unavailable);
    let logout = app.post("/auth/jwt/logout").bearer(&king).send().await;
    assert_eq!(logout.status, 503, "a logout that could not be stored is an error");
    assert_eq!(app.me(&king).await.status, 200);
    for (call, what) in [("insert", "register"), ("update", "update by id"), ("delete", "delete")] {
        store.fail(call, Outage::Unavailable);
        let responses = match what {
            "register" => {
                app.post("/auth/register").json(json!({ "email": "new@camelot.bt", "password": PASSWORD })).send().await
            }
            "delete" => app.delete(&format!("/users/{id}")).bearer(&king).send().await,
            _ => app.patch(&format!("/users/{id}")).bearer(&king).json(json!({ "is_active": false })).send().await,
        };
        assert_eq!(responses.status, 503, "{what}");
    }
    store.mend();
    let arthur = app.stored("arthur@camelot.bt").await;
    assert!(arthur.is_active && !arthur.is_verified && arthur.quota == 0, "{arthur:?}");
    assert!(app.users.get_by_email("new@camelot.bt").await.unwrap().is_none());
    app.login("arthur@camelot.bt", PASSWORD).await;

    // A hook can refuse a login with a response, and a failing hook before a deletion deletes no user.
    app.hooks.fail("on_after_login", Failure::Response(403));
    let login = app.try_login("arthur@camelot.bt", PASSWORD).await;
    login.is(403, r#"{"detail":"set by the hook"}"#);
    assert!(login.header("set-cookie").is_none());
    app.hooks.fail("on_before_delete", Failure::Error);
    assert_eq!(app.delete(&format!("/users/{id}")).bearer(&king).send().await.status, 500);
    assert!(app.users.get_by_email("arthur@camelot.bt").await.unwrap().is_some());
}

#[tokio::test]
async fn nothing_internal_leaks() {
    let recording = Recording::start();
    let Prepared { app, store, king, id, reset, verify } = prepared().await;
    for outage in [Outage::Unavailable, Outage::Broken, Outage::Panic] {
        store.fail("*", outage);
        for (what, response) in every_call(&app, &king, &id, &reset, &verify).await {
            let all = format!("{:?} {}", response.headers, response.text());
            assert!(!all.contains("internal-cause") && !all.contains("/var/lib"), "{what}: {all}");
            let known = ["SERVICE_UNAVAILABLE", "Internal Server Error"];
            assert!(known.contains(&response.json()["detail"].as_str().unwrap()), "{what}: {all}");
            assert_eq!(response.json().as_object().unwrap().len(), 1, "{what}: {all}");
        }
    }
    store.mend();
    for failure in [Failure::Error, Failure::Panic] {
        let app = TestApp::start().await;
        let king = app.superuser("uther@camelot.bt").await;
        let path = format!("/users/{}", app.stored("uther@camelot.bt").await.id);
        app.hooks.fail("on_before_delete", failure);
        app.delete(&path).bearer(&king).send().await.is(500, r#"{"detail":"Internal Server Error"}"#);
    }
    // The log contains the cause, for operators.
    let is_logged = recording
        .events()
        .iter()
        .any(|line| line.is("dependency", "failed") && format!("{line:?}").contains("internal-cause"));
    assert!(is_logged);
}

#[tokio::test]
async fn validation_never_echoes_password() {
    const CANARY: &str = "canary-sword-77aa";
    let app = TestApp::start().await;
    let token = app.member("arthur@camelot.bt").await;
    let king = app.superuser("uther@camelot.bt").await;
    let path = format!("/users/{}", app.stored("arthur@camelot.bt").await.id);
    let bodies = [
        json!({ "password": CANARY }),
        json!({ "password": [CANARY], "current_password": [CANARY] }),
        json!({ "password": { "x": CANARY }, "email": "not an address" }),
        json!({ "email": { "password": CANARY }, "password": CANARY, "token": [CANARY] }),
        json!({ "first_name": { "password": CANARY }, "is_active": { "password": CANARY } }),
        json!([{ "password": CANARY }]),
        json!(CANARY),
        json!({ "email": "arthur@camelot.bt", "password": CANARY, "current_password": CANARY, "first_name": 7 }),
        json!({ "token": CANARY, "password": [CANARY] }),
        json!({ "password": format!("{CANARY}{}", "x".repeat(2000)), "email": "long@camelot.bt" }),
    ];
    let mut texts: Vec<String> = bodies.iter().map(ToString::to_string).collect();
    texts.push(format!(r#"{{"password":"{CANARY}",}}"#));
    texts.push(format!(r#"{{"password":"{CANARY}","password":"{CANARY}"}}"#));
    texts.push(format!(r#"{{"password":"{CANARY}"#));
    texts.push(format!("password={CANARY}"));
    for text in texts {
        for call in [
            app.post("/auth/register"),
            app.post("/auth/reset-password"),
            app.post("/auth/verify"),
            app.post("/auth/forgot-password"),
            app.patch("/users/me").bearer(&token),
            app.patch(&path).bearer(&king),
            app.post("/auth/jwt/login"),
        ] {
            let response = call.raw("application/json", text.clone()).send().await;
            assert!(!response.text().contains("canary-sword"), "{text}: {response:?}");
        }
        let form = app
            .post("/auth/jwt/login")
            .raw("application/x-www-form-urlencoded", format!("password={text}&grant_type=x"));
        assert!(!form.send().await.text().contains("canary-sword"), "{text}");
    }
}

#[tokio::test]
async fn panicking_hook_contained() {
    let recording = Recording::start();
    let app = TestApp::start().await;
    let king = app.superuser("uther@camelot.bt").await;
    let token = app.member("arthur@camelot.bt").await;
    let path = format!("/users/{}", app.stored("arthur@camelot.bt").await.id);
    for hook in ["on_after_register", "on_after_login", "on_after_update", "on_before_delete", "on_after_logout"] {
        app.hooks.fail(hook, Failure::Panic);
    }
    for _ in 0..20 {
        // What was done is reported as done.
        assert_eq!(app.try_login("arthur@camelot.bt", PASSWORD).await.status, 200);
        let name = json!({ "first_name": "Arthur" });
        assert_eq!(app.patch("/users/me").bearer(&token).json(name).send().await.status, 200);
        app.delete(&path).bearer(&king).send().await.is(500, r#"{"detail":"Internal Server Error"}"#);
    }
    // Hooks after the response affect neither the response nor later hooks.
    for hook in ["on_after_forgot_password", "on_after_failed_login"] {
        app.hooks.fail(hook, Failure::Panic);
    }
    for _ in 0..20 {
        app.post("/auth/forgot-password").json(json!({ "email": "arthur@camelot.bt" })).send().await.is(202, "null");
        assert_eq!(app.try_login("arthur@camelot.bt", "a wrong password").await.status, 400);
    }
    app.post("/auth/request-verify-token").json(json!({ "email": "arthur@camelot.bt" })).send().await.is(202, "null");
    app.hooks.wait_for("on_after_request_verify").await;
    assert_eq!(app.me(&token).await.status, 200, "the process keeps running");
    assert_eq!(app.me(&king).await.status, 200);
    assert!(recording.events().iter().any(|line| line.is("hook", "failed")));
}
