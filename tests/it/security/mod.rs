//! Tests of the controls in docs/contributing/security.md over real HTTP: shared helpers first, then one module per name there.

mod base64url;
pub mod crowd;
mod every_response;
mod failing_store;
pub mod logs;
mod wire_bytes;

mod addresses;
mod authz;
mod backends;
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
mod login;
#[cfg(feature = "services")]
mod new_device;
#[cfg(feature = "services")]
mod other_programs;
#[cfg(feature = "services")]
mod outage;
#[cfg(all(feature = "smtp", feature = "breached", target_os = "linux"))]
mod outbound;
mod password;
mod policy;
mod private_network;
#[cfg(feature = "services")]
mod private_registration;
mod race;
#[cfg(feature = "services")]
mod refused_values;
mod register;
mod reset;
mod routes;
mod schema;
mod spans;
mod sql;
mod takeover;
mod timing;
#[cfg(feature = "services")]
mod triggers;
mod tx;
mod url;
mod verify;

use serde_json::{Value, json};

use crate::support::{Response, TestApp};

/// The address of the account in most tests.
const ARTHUR: &str = "arthur@camelot.bt";
/// A second password that every policy accepts.
const OTHER: &str = "another long sword";

/// Requests a reset mail and returns its token.
async fn reset_token(app: &TestApp, email: &str) -> String {
    app.hooks.clear();
    app.post("/auth/forgot-password").json(json!({ "email": email })).send().await.is(202, "null");
    app.hooks.token("on_after_forgot_password").await
}

/// Requests a verification mail and returns its token.
async fn verify_token(app: &TestApp, email: &str) -> String {
    app.hooks.clear();
    app.post("/auth/request-verify-token").json(json!({ "email": email })).send().await.is(202, "null");
    app.hooks.token("on_after_request_verify").await
}

async fn reset(app: &TestApp, token: &str, password: &str) -> Response {
    app.post("/auth/reset-password").json(json!({ "token": token, "password": password })).send().await
}

async fn verify(app: &TestApp, token: &str) -> Response {
    app.post("/auth/verify").json(json!({ "token": token })).send().await
}

async fn patch_me(app: &TestApp, session: &str, change: Value) -> Response {
    app.patch("/users/me").bearer(session).json(change).send().await
}

/// Asserts that a password was rejected with the code of the route and a reason that contains `reason`.
#[track_caller]
fn refused_password(response: &Response, code: &str, reason: &str) {
    assert_eq!(response.status, 400, "{response:?}");
    let detail = &response.json()["detail"];
    assert_eq!(detail["code"], code, "{response:?}");
    assert!(detail["reason"].as_str().is_some_and(|text| text.contains(reason)), "{response:?}");
}

/// Asserts that a token no longer authenticates.
#[track_caller]
fn assert_invalid(response: &Response) {
    assert_eq!((response.status.as_u16(), response.text().as_str()), (401, r#"{"detail":"Unauthorized"}"#));
}
