//! `MAGIC_LINK=on`, `EMAIL_CODE=on` and `INVITATIONS=on`.

use serde_json::{Value, json};

use super::{PASSWORD, Running, free_port, start::this_binary};
use crate::http::Http;

const ARTHUR: &str = "arthur@camelot.bt";

fn with(variables: &[(&str, &str)]) -> Running {
    let port = free_port();
    Running::at(this_binary(), &format!("127.0.0.1:{port}"), port, "sqlite::memory:", variables)
}

/// Waits for the last line of the hook log with this hook.
async fn hooked(http: &Http, log: &std::path::Path, hook: &str) -> Value {
    for _ in 0..10_000 {
        let text = std::fs::read_to_string(log).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        if let Some(line) = lines.rev().find(|line| line["hook"] == hook) {
            return line;
        }
        http.get("/health/live").send().await;
    }
    panic!("{hook} is not in the log")
}

#[tokio::test]
async fn the_switches_turn_logins_by_mail_and_invitations_on() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("hooks");
    let running =
        with(&[("MAGIC_LINK", "on"), ("EMAIL_CODE", "on"), ("INVITATIONS", "on"), ("HOOK_LOG", log.to_str().unwrap())]);
    let http = Http::at(running.address);
    let body = json!({ "email": ARTHUR, "password": PASSWORD });
    assert_eq!(http.post("/auth/register").json(body).send().await.status, 201);
    let email = json!({ "email": ARTHUR });
    for backend in ["jwt", "db", "cookie"] {
        http.post(&format!("/auth/{backend}/magic-link")).json(email.clone()).send().await.is(202, "null");
    }
    let token = hooked(&http, &log, "on_after_request_magic_link").await["token"].clone();
    let login = http.post("/auth/jwt/magic-link/redeem").json(json!({ "token": token })).send().await;
    assert_eq!(login.status, 200, "{login:?}");
    let asked = http.post("/auth/db/email-code").json(email).send().await;
    assert_eq!(asked.status, 202);
    let code = hooked(&http, &log, "on_after_request_email_code").await["code"].clone();
    let body = json!({ "request_id": asked.json()["request_id"], "code": code });
    let login = http.post("/auth/db/email-code/redeem").json(body).send().await;
    assert_eq!(login.status, 200, "{login:?}");
    assert_eq!(http.post("/auth/invitations").json(json!({})).send().await.status, 401);
    let document = http.get("/openapi.json").send().await.json();
    for path in [
        "/auth/jwt/magic-link",
        "/auth/cookie/magic-link/redeem",
        "/auth/db/email-code",
        "/auth/jwt/email-code/redeem",
        "/auth/invitations",
        "/auth/invitations/accept",
        "/auth/invitations/{id}/resend",
    ] {
        assert!(document["paths"][path]["post"].is_object(), "{path}");
    }
    let invited = &document["components"]["schemas"]["Body_invitations_invite_auth_invitations_post"]["properties"];
    assert!(invited["email"].is_object() && invited["password"].is_null(), "{invited}");
}

#[tokio::test]
async fn without_the_switches_and_under_fastapi_users_the_wire_has_none() {
    let on = [("MAGIC_LINK", "on"), ("EMAIL_CODE", "on"), ("INVITATIONS", "on"), ("POLICY", "fastapi_users")];
    for variables in [&[][..], &on] {
        let running = with(variables);
        let http = Http::at(running.address);
        for path in [
            "/auth/jwt/magic-link",
            "/auth/jwt/magic-link/redeem",
            "/auth/cookie/email-code",
            "/auth/cookie/email-code/redeem",
            "/auth/invitations",
            "/auth/invitations/accept",
        ] {
            http.post(path).json(json!({ "email": ARTHUR })).send().await.is(404, r#"{"detail":"Not Found"}"#);
        }
        let document = http.get("/openapi.json").send().await.text();
        for absent in ["magic-link", "email-code", "invitation", "request_id"] {
            assert!(!document.contains(absent), "{absent}");
        }
    }
}
