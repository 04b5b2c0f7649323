//! Limits on the mails sent to one account.

use std::time::Duration;

use axum_users::{
    Backend, Error, Jwt, Limits, Policy, SecretKey, Users,
    limits::{Limit, Quota},
};
use serde_json::json;

use super::{super::ARTHUR, Down, without};
use crate::support::{PASSWORD, SECRET, Setup, TestApp, User};

const KAY: &str = "kay@camelot.bt";

/// The limit of mails to one account, without those per address.
fn only_mails() -> Limits {
    without(&Limit::ALL.map(|limit| (limit != Limit::Mails).then_some(limit)).into_iter().flatten().collect::<Vec<_>>())
}

/// Starts a service whose hooks run before the response, so that a mail not sent by then is never sent.
async fn app(limits: Limits) -> TestApp {
    let builder = Box::new(move |builder: axum_users::UsersBuilder<User>| builder.limits(limits));
    TestApp::with(Setup { builder, policy: Policy::recommended().inline_hooks(), ..Setup::default() }).await
}

/// Requests a mail and returns whether it was sent.
async fn is_mailed(app: &TestApp, path: &str, email: &str) -> bool {
    app.hooks.clear();
    app.post(path).json(json!({ "email": email })).send().await.is(202, "null");
    !app.hooks.names().is_empty()
}

#[tokio::test]
async fn mail_bombing_capped() {
    let app = app(only_mails()).await;
    for email in [ARTHUR, KAY] {
        app.register(email).await;
    }
    for path in ["/auth/forgot-password", "/auth/request-verify-token"] {
        for spelling in [ARTHUR, "Arthur@CAMELOT.bt", ARTHUR] {
            assert!(is_mailed(&app, path, spelling).await, "{path} {spelling}");
        }
        for spelling in [ARTHUR, "ARTHUR@camelot.bt"] {
            assert!(!is_mailed(&app, path, spelling).await, "{path}: the response is the same and no mail is sent");
        }
        assert!(is_mailed(&app, path, KAY).await, "{path}: each account has its own limit");
        assert!(!is_mailed(&app, path, "nobody@camelot.bt").await);
    }
    app.advance(20 * 60);
    assert!(
        is_mailed(&app, "/auth/forgot-password", ARTHUR).await,
        "a third of the quota is restored after a third of the hour"
    );
    assert!(!is_mailed(&app, "/auth/forgot-password", ARTHUR).await);

    // The programmatic API is not limited.
    app.hooks.clear();
    let arthur = app.stored(ARTHUR).await;
    app.users.start_reset(&arthur).await.unwrap();
    app.users.start_verification(&arthur).await.unwrap();
    assert_eq!(app.hooks.names(), ["on_after_forgot_password", "on_after_request_verify"]);
    assert_eq!(app.try_login(ARTHUR, PASSWORD).await.status, 200, "other routes are not limited");
}

#[tokio::test]
async fn the_application_can_configure_the_limits() {
    let strict = app(only_mails().mails(Quota::new(1, Duration::from_secs(60)))).await;
    let none = app(Limits::off()).await;
    for app in [&strict, &none] {
        app.register(ARTHUR).await;
    }
    for number in 0..10 {
        assert_eq!(is_mailed(&strict, "/auth/forgot-password", ARTHUR).await, number == 0);
        assert!(is_mailed(&none, "/auth/forgot-password", ARTHUR).await);
    }
    for quota in [Quota::new(0, Duration::from_secs(60)), Quota::new(1, Duration::ZERO)] {
        let refused = Users::<User>::builder(SecretKey::new(SECRET).unwrap())
            .database("sqlite::memory:")
            .backend(Backend::bearer("jwt", Jwt::new()))
            .limits(Limits::default().mails(quota))
            .build()
            .await;
        assert!(matches!(refused, Err(Error::Config(error)) if error.to_string().contains("Limits::off()")));
    }
}

#[tokio::test]
async fn what_cannot_be_counted_is_not_sent() {
    for inline in [false, true] {
        let policy = if inline { Policy::recommended().inline_hooks() } else { Policy::recommended() };
        let builder = Box::new(|builder: axum_users::UsersBuilder<User>| builder.limits(only_mails()).counters(Down));
        let app = TestApp::with(Setup { builder, policy, ..Setup::default() }).await;
        app.register(ARTHUR).await;
        app.hooks.clear();
        let response = app.post("/auth/forgot-password").json(json!({ "email": ARTHUR })).send().await;
        if inline {
            response.is(503, r#"{"detail":"SERVICE_UNAVAILABLE"}"#);
        } else {
            response.is(202, "null");
        }
        app.users.drain(Duration::from_secs(5)).await;
        assert!(app.hooks.names().is_empty());
        assert_eq!(app.try_login(ARTHUR, PASSWORD).await.status, 200);
    }
}
