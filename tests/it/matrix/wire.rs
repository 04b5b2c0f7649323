//! Login, logout and profile responses, byte for byte, under both policies.

use std::collections::BTreeMap;

use axum_users::Policy;

use super::{Combination, DatabaseKind, Plan, app::Service, everywhere, run_matrix};
use crate::support::{Call, Carrier, PASSWORD, Response};

/// Headers that have their own tests or differ between responses.
const OTHERS: [&str; 8] = [
    "date",
    "cache-control",
    "x-content-type-options",
    "referrer-policy",
    "content-security-policy",
    "cross-origin-resource-policy",
    // Set by the hook of these tests.
    "x-hook",
    "vary",
];

/// Asserts the status, the body, and every header except [`OTHERS`].
#[track_caller]
fn is(response: &Response, status: u16, body: &str, headers: &[(&str, &str)]) {
    assert_eq!((response.status.as_u16(), response.text().as_str()), (status, body));
    let length = body.len().to_string();
    let mut wanted: BTreeMap<&str, &str> = headers.iter().copied().collect();
    if status != 204 {
        wanted.extend([("content-type", "application/json"), ("content-length", length.as_str())]);
    }
    let found = response.headers.iter().filter(|(name, _)| !OTHERS.contains(&name.as_str()));
    let found: BTreeMap<&str, &str> = found.map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    assert_eq!((found, response.headers.get_all("set-cookie").iter().count() < 2), (wanted, true));
}

/// Adds the token to a call; the cookie's name depends on the policy.
fn with<'a>(carrier: Carrier, cookie: &str, call: Call<'a>, token: &str) -> Call<'a> {
    match carrier {
        Carrier::Bearer => call.bearer(token),
        Carrier::Cookie => call.cookie(cookie, token),
    }
}

/// Sends the calls. `cookie` is the cookie's name; `ours` are the headers that upstream does not send.
async fn play(app: Service, cookie: &'static str, is_ours: bool) {
    let carrier = app.combination.transport;
    let challenge: &[(&str, &str)] =
        if is_ours && carrier == Carrier::Bearer { &[("www-authenticate", "Bearer")] } else { &[] };
    let id = app.register("arthur").await;

    let response = app.try_login("arthur", PASSWORD).await;
    let token = response.access_token();
    match carrier {
        Carrier::Bearer => {
            is(&response, 200, &format!(r#"{{"access_token":"{token}","token_type":"bearer"}}"#), &[]);
        }
        Carrier::Cookie => {
            let set = format!("{cookie}={token}; HttpOnly; Path=/; SameSite=lax; Secure");
            is(&response, 204, "", &[("set-cookie", &set)]);
        }
    }
    is(&app.try_login("arthur", "wrong").await, 400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#, &[]);

    let me = with(carrier, cookie, app.get("/users/me"), &token).send().await;
    let email = app.mail("arthur");
    let read = format!(
        r#"{{"id":"{id}","email":"{email}","is_active":true,"is_superuser":false,"is_verified":false,"first_name":null,"quota":0}}"#
    );
    is(&me, 200, &read, &[]);
    let unauthorized = r#"{"detail":"Unauthorized"}"#;
    is(&app.get("/users/me").send().await, 401, unauthorized, challenge);
    is(&with(carrier, cookie, app.get("/users/me"), "nonsense").send().await, 401, unauthorized, challenge);
    is(&app.post("/auth/it/logout").send().await, 401, unauthorized, challenge);

    let removed = format!("{cookie}=\"\"; HttpOnly; Max-Age=0; Path=/; SameSite=lax; Secure");
    let mut headers = match carrier {
        Carrier::Bearer => vec![],
        Carrier::Cookie => vec![("set-cookie", removed.as_str())],
    };
    if carrier == Carrier::Cookie && is_ours {
        headers.push(("clear-site-data", "\"cache\""));
    }
    is(&with(carrier, cookie, app.post("/auth/it/logout"), &token).send().await, 204, "", &headers);
    let after = with(carrier, cookie, app.get("/users/me"), &token).send().await;
    // Upstream's JWTs stay valid after a logout (C1).
    if !is_ours && !app.combination.strategy.keeps_sessions() {
        is(&after, 200, &read, &[]);
    } else {
        is(&after, 401, unauthorized, challenge);
    }
}

#[tokio::test]
async fn login_logout_and_profile_under_the_recommended_policy() {
    everywhere(|app| play(app, "__Host-fastapiusersauth", true)).await;
}

/// On one database only: this policy hashes at upstream's cost, a third of a second each, and these responses depend only on
/// the strategy and transport.
#[tokio::test]
async fn login_logout_and_profile_under_the_upstream_policy() {
    let plan = Plan { policy: Policy::fastapi_users(), ..Plan::default() };
    let one = |combination: &Combination| combination.database == DatabaseKind::Sqlite;
    run_matrix(one, plan, |app| play(app, "fastapiusersauth", false)).await;
}
