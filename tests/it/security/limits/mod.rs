//! Limits against guessing, spraying and flooding.

#[cfg(feature = "services")]
mod attacks;
mod by_mail;
mod challenges;
mod client_address;
mod flood;
mod known;
mod logins;
mod mails;
#[cfg(feature = "services")]
mod race;
mod routes;

use std::sync::Arc;

use axum_users::{
    Backend, Jwt, Limits, Policy, UsersBuilder,
    env::{BoxFuture, Timestamp},
    limits::{CounterKey, Counters, CountersUnavailable, Decision, Draw, Limit, MemoryCounters, Settlement},
};
use serde_json::json;

use crate::support::{PASSWORD, Response, Setup, TestApp, User};

const WRONG: &str = "a short sword of tin";

/// The default limits without some of them.
fn without(limits: &[Limit]) -> Limits {
    limits.iter().fold(Limits::default(), |all, limit| all.without(*limit))
}

/// Starts a service with this policy and these limits.
async fn app_with(policy: Policy, limits: Limits) -> TestApp {
    let builder = Box::new(move |builder: UsersBuilder<User>| builder.limits(limits));
    TestApp::with(Setup { policy, builder, ..Setup::default() }).await
}

/// Starts a service with these limits and two bearer backends, `jwt` and `other`.
async fn app(limits: Limits) -> TestApp {
    app_counting(limits, MemoryCounters::new()).await
}

async fn app_counting(limits: Limits, counters: impl Counters) -> TestApp {
    let builder = Box::new(move |builder: UsersBuilder<User>| builder.limits(limits).counters(counters));
    let backend = vec![Backend::bearer("jwt", Jwt::new()), Backend::bearer("other", Jwt::new())];
    TestApp::with(Setup { builder, backend, ..Setup::default() }).await
}

/// Logs in from an address.
async fn login(app: &TestApp, from: &str, email: &str, password: &str) -> Response {
    app.post("/auth/jwt/login").from(from).form(&[("username", email), ("password", password)]).send().await
}

/// Fails to log in from an address, and returns the limit and the seconds to wait if it is refused with 429.
async fn guess(app: &TestApp, from: &str, email: &str) -> Option<(String, u64)> {
    limited(&login(app, from, email, WRONG).await)
}

/// Returns the limit and the seconds to wait of a response with 429; other refusals must be those of wrong credentials.
#[track_caller]
fn limited(response: &Response) -> Option<(String, u64)> {
    if response.status == 400 {
        response.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
        return None;
    }
    Some(reached(response))
}

/// Returns the limit and the seconds to wait of a response with 429, after checking its form.
#[track_caller]
fn reached(response: &Response) -> (String, u64) {
    response.is(429, r#"{"detail":"TOO_MANY_REQUESTS"}"#);
    let header = |name: &str| response.headers[name].to_str().unwrap();
    let wait: u64 = header("retry-after").parse().unwrap();
    let (name, state) = header("ratelimit").split_once(';').unwrap();
    assert_eq!(state, format!("r=0;t={wait}"), "{response:?}");
    let (policy, numbers) = header("ratelimit-policy").split_once(';').unwrap();
    assert_eq!(policy, name);
    let numbers: Vec<_> = numbers.split(';').map(|number| number.split_once('=').unwrap()).collect();
    assert!(matches!(numbers[..], [("q", _), ("w", _)]), "{response:?}");
    assert!(numbers.iter().all(|(_, number)| number.parse::<u64>().is_ok_and(|number| number > 0)), "{response:?}");
    (name.trim_matches('"').to_owned(), wait)
}

/// A response that two services must have in common: status, body, and all headers but the date.
fn visible(response: &Response) -> (u16, String, Vec<(String, String)>) {
    let mut headers: Vec<_> = response
        .headers
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (response.status.as_u16(), response.text(), headers)
}

/// Registers from a separate client address.
async fn member(app: &TestApp, email: &str) {
    let body = json!({ "email": email, "password": PASSWORD });
    let response = app.post("/auth/register").from("203.0.113.250").json(body).send().await;
    assert_eq!(response.status, 201, "{response:?}");
}

/// Counters that are shared with the test.
struct Shared(Arc<MemoryCounters>);

impl Counters for Shared {
    fn take<'a>(&'a self, draws: &'a [Draw], now: Timestamp) -> BoxFuture<'a, Result<Decision, CountersUnavailable>> {
        self.0.take(draws, now)
    }

    fn settle<'a>(
        &'a self,
        settlement: &'a Settlement,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), CountersUnavailable>> {
        self.0.settle(settlement, now)
    }

    fn remember<'a>(
        &'a self,
        key: &'a CounterKey,
        until: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), CountersUnavailable>> {
        self.0.remember(key, until, now)
    }

    fn remembered_until<'a>(
        &'a self,
        key: &'a CounterKey,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Timestamp>, CountersUnavailable>> {
        self.0.remembered_until(key, now)
    }
}

/// Counters that are unavailable.
struct Down;

fn down<'a, T: Send + 'a>() -> BoxFuture<'a, Result<T, CountersUnavailable>> {
    Box::pin(std::future::ready(Err(CountersUnavailable::because("no server at this address"))))
}

impl Counters for Down {
    fn take<'a>(&'a self, _: &'a [Draw], _: Timestamp) -> BoxFuture<'a, Result<Decision, CountersUnavailable>> {
        down()
    }

    fn settle<'a>(&'a self, _: &'a Settlement, _: Timestamp) -> BoxFuture<'a, Result<(), CountersUnavailable>> {
        down()
    }

    fn remember<'a>(
        &'a self,
        _: &'a CounterKey,
        _: Timestamp,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<(), CountersUnavailable>> {
        down()
    }

    fn remembered_until<'a>(
        &'a self,
        _: &'a CounterKey,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Timestamp>, CountersUnavailable>> {
        down()
    }
}
