//! `MFA=optional` and `MFA=required`.

use axum_users::{
    env::{Clock as _, SystemClock},
    testing::AuthenticatorApp,
};
use serde_json::{Value, json};

use super::{PASSWORD, Running, free_port, start::this_binary};
use crate::http::{Http, Response};

const ARTHUR: &str = "arthur@camelot.bt";

fn with(variables: &[(&str, &str)]) -> Running {
    let port = free_port();
    Running::at(this_binary(), &format!("127.0.0.1:{port}"), port, "sqlite::memory:", variables)
}

async fn login(http: &Http, more: &[(&str, &str)]) -> Response {
    let form = [&[("username", ARTHUR), ("password", PASSWORD)], more].concat();
    http.post("/auth/jwt/login").form(&form).send().await
}

async fn member(http: &Http) -> String {
    let body = json!({ "email": ARTHUR, "password": PASSWORD });
    assert_eq!(http.post("/auth/register").json(body).send().await.status, 201);
    login(http, &[]).await.access_token()
}

/// Waits for the token of a mail in the hook log.
async fn token_in(log: &std::path::Path, hook: &str) -> String {
    for _ in 0..1000 {
        let text = std::fs::read_to_string(log).unwrap_or_default();
        let mut calls = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        if let Some(call) = calls.rfind(|call| call["hook"] == hook) {
            return call["token"].as_str().unwrap_or_default().to_owned();
        }
        // slow on purpose: mails are sent after the response
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("{hook} was not called")
}

#[tokio::test]
async fn the_switch_turns_second_factors_on() {
    for level in ["optional", "required"] {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("hooks.jsonl");
        let running = with(&[("MFA", level), ("HOOK_LOG", log.to_str().unwrap())]);
        let http = Http::at(running.address);
        let session = member(&http).await;
        let blocked = http.get("/auth/sessions").bearer(&session).send().await;
        assert_eq!(blocked.status == 403, level == "required", "{blocked:?}");
        let unverified = http.post("/auth/totp/enroll").bearer(&session).send().await;
        unverified.is(400, r#"{"detail":"TOTP_USER_NOT_VERIFIED"}"#);
        http.post("/auth/request-verify-token").json(json!({ "email": ARTHUR })).send().await.is(202, "null");
        let token = token_in(&log, "on_after_request_verify").await;
        assert_eq!(http.post("/auth/verify").json(json!({ "token": token })).send().await.status, 200);

        let begun = http.post("/auth/totp/enroll").bearer(&session).send().await.json();
        let keys: Vec<_> = begun.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["qr_svg", "secret", "url"]);
        let authenticator = AuthenticatorApp::new(begun["secret"].as_str().unwrap()).unwrap();
        let code = json!({ "code": authenticator.code(SystemClock.now()) });
        let confirmed = http.post("/auth/totp/confirm").bearer(&session).json(code).send().await;
        let codes = confirmed.json()["recovery_codes"].as_array().unwrap().clone();
        assert_eq!(codes.len(), 10);
        assert_eq!(http.get("/auth/sessions").bearer(&session).send().await.status, 200);
        login(&http, &[]).await.is(400, r#"{"detail":"LOGIN_MFA_REQUIRED"}"#);
        let otp = codes[0].as_str().unwrap();
        login(&http, &[("otp", otp)]).await.access_token();
        login(&http, &[("otp", otp)]).await.is(400, r#"{"detail":"LOGIN_MFA_BAD_CODE"}"#);
        for hook in ["on_after_second_factor_enrolled", "on_after_recovery_code_use"] {
            token_in(&log, hook).await;
        }
        let document = http.get("/openapi.json").send().await.json();
        for path in ["/auth/totp/enroll", "/auth/totp/confirm", "/auth/totp/disable", "/auth/recovery-codes"] {
            assert!(document["paths"][path]["post"].is_object(), "{path}");
        }
        assert!(document["paths"]["/auth/jwt/second-factor"]["post"].is_object());
        let form = &document["components"]["schemas"]["Body_auth_jwt_login_auth_jwt_login_post"]["properties"];
        assert!(form["otp"].is_object(), "{form}");
    }
}

#[tokio::test]
async fn without_the_switch_and_under_fastapi_users_the_wire_has_none() {
    for variables in [&[][..], &[("MFA", "off")], &[("MFA", "required"), ("POLICY", "fastapi_users")]] {
        let running = with(variables);
        let http = Http::at(running.address);
        let session = member(&http).await;
        let not_found = r#"{"detail":"Not Found"}"#;
        http.post("/auth/totp/enroll").bearer(&session).send().await.is(404, not_found);
        http.post("/auth/jwt/second-factor").json(json!({})).send().await.is(404, not_found);
        login(&http, &[("otp", "123456")]).await.access_token();
        let document = http.get("/openapi.json").send().await.text();
        for word in ["totp", "\"otp\"", "LOGIN_MFA", "second-factor", "recovery"] {
            assert!(!document.contains(word), "{word}");
        }
    }
}

#[test]
fn a_level_that_does_not_exist_is_refused_at_the_start() {
    let variables = [("BIND", "127.0.0.1:0"), ("DATABASE_URL", "sqlite::memory:"), ("MFA", "sometimes")];
    let (code, complaint) = super::start::run(&variables);
    let said = "MFA is `sometimes`; it takes `off`, `optional` or `required`";
    assert!(code == 1 && complaint.contains(said), "{complaint}");
}
