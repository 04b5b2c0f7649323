//! The controls of docs/contributing/security.md over real HTTP, a module for each of the names that stand there, below what they share.

mod base64url;
pub mod crowd;
mod dice;
mod every_answer;
mod failing_store;
mod logs;
mod wire_bytes;

mod authz;
mod bearer;
mod config;
mod conflict;
mod cookie;
mod crypto;
mod csrf;
mod durability;
mod email;
mod errors;
mod events;
mod flow;
mod fuzz;
mod headers;
mod hooks;
mod input;
mod jwt;
mod limits;
mod load;
mod log;
mod login;
#[cfg(feature = "services")]
mod outage;
#[cfg(all(feature = "smtp", feature = "breached", target_os = "linux"))]
mod outbound;
mod password;
mod policy;
mod race;
mod register;
mod reset;
mod routes;
mod schema;
mod sql;
mod takeover;
mod timing;
mod tx;
mod url;
mod verify;

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

/// Who owns the account in most tests.
const ARTHUR: &str = "arthur@camelot.bt";
/// A second password that every policy takes.
const OTHER: &str = "another long sword";

/// Asks for a reset mail and takes the token out of it.
async fn reset_token(app: &TestApp, email: &str) -> String {
    app.hooks.clear();
    app.post("/auth/forgot-password").json(json!({ "email": email })).send().await.is(202, "null");
    app.hooks.token("on_after_forgot_password").await
}

/// Asks for a verification mail and takes the token out of it.
async fn verify_token(app: &TestApp, email: &str) -> String {
    app.hooks.clear();
    app.post("/auth/request-verify-token").json(json!({ "email": email })).send().await.is(202, "null");
    app.hooks.token("on_after_request_verify").await
}

async fn reset(app: &TestApp, token: &str, password: &str) -> Answer {
    app.post("/auth/reset-password").json(json!({ "token": token, "password": password })).send().await
}

async fn verify(app: &TestApp, token: &str) -> Answer {
    app.post("/auth/verify").json(json!({ "token": token })).send().await
}

async fn patch_me(app: &TestApp, session: &str, change: Value) -> Answer {
    app.patch("/users/me").bearer(session).json(change).send().await
}

/// Asserts a refused password: the code of the route, and a reason that has `reason` in it.
#[track_caller]
fn refused_password(answer: &Answer, code: &str, reason: &str) {
    assert_eq!(answer.status, 400, "{answer:?}");
    let detail = &answer.json()["detail"];
    assert_eq!(detail["code"], code, "{answer:?}");
    assert!(detail["reason"].as_str().is_some_and(|said| said.contains(reason)), "{answer:?}");
}

/// Asserts that a token logs nobody in any more.
#[track_caller]
fn is_dead(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (401, r#"{"detail":"Unauthorized"}"#));
}
