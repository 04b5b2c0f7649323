//! Notices about logins from new devices.

use std::{sync::Arc, time::Duration};

use axum_users::{
    Limits, Mailer, Policy, UsersBuilder,
    limits::{Limit, MemoryCounters},
    mail::{Letter, MailTemplates, MemoryMails, NewLogin, NoticeKind},
};

use super::{ARTHUR, OTHER, reset_token};
use crate::support::{PASSWORD, Response, Setup, TestApp, User};

const HOOK: &str = "on_after_new_device_login";
const COOKIE: &str = "__Host-axumusersdevice";

async fn with_limits(limits: Limits) -> TestApp {
    let builder = Box::new(|builder: UsersBuilder<User>| builder.limits(limits).counters(MemoryCounters::new()));
    let app = TestApp::with(Setup { builder, ..Setup::default() }).await;
    app.register(ARTHUR).await;
    app
}

async fn login(app: &TestApp, from: &str, cookie: Option<&str>) -> Response {
    let call = app.post("/auth/jwt/login").from(from).form(&[("username", ARTHUR), ("password", PASSWORD)]);
    let call = cookie.into_iter().fold(call, |call, cookie| call.cookie(COOKIE, cookie));
    let response = call.send().await;
    assert_eq!(response.status, 200, "{response:?}");
    response
}

fn device(response: &Response) -> String {
    let set = response.headers.get_all("set-cookie").iter().find_map(|cookie| {
        cookie.to_str().unwrap().strip_prefix(&format!("{COOKIE}="))?.split(';').next().map(str::to_owned)
    });
    set.expect("a device cookie")
}

/// Stops the queue of mails, and returns the addresses in all notices, sorted: several workers take from the queue.
async fn notices(app: &TestApp) -> Vec<String> {
    app.users.drain(Duration::from_secs(10)).await;
    let calls = app.hooks.calls().into_iter().filter(|called| called.hook == HOOK);
    let mut addresses: Vec<String> = calls.map(|called| called.detail.unwrap()).collect();
    addresses.sort();
    addresses
}

#[tokio::test]
async fn only_a_client_that_the_account_does_not_know_is_new() {
    let app = with_limits(Limits::default()).await;
    // The first login of an account.
    let browser = device(&login(&app, "192.0.2.1", None).await);
    // A known address, and a known browser elsewhere.
    login(&app, "192.0.2.1", None).await;
    login(&app, "198.51.100.7", Some(&browser)).await;
    // Another client, which is known afterwards; and so is the other address of the browser.
    login(&app, "203.0.113.9", None).await;
    for address in ["203.0.113.9", "198.51.100.7"] {
        login(&app, address, None).await;
    }
    // Browsers are known for a year, addresses for 30 days.
    app.advance(31 * 24 * 3600);
    login(&app, "203.0.113.77", Some(&browser)).await;
    login(&app, "192.0.2.1", None).await;
    assert_eq!(notices(&app).await, ["192.0.2.1", "203.0.113.9"]);
}

#[tokio::test]
async fn a_browser_that_has_reset_the_password_is_known() {
    let app = with_limits(Limits::default()).await;
    login(&app, "192.0.2.1", None).await;
    let token = reset_token(&app, ARTHUR).await;
    let response = app
        .post("/auth/reset-password")
        .from("203.0.113.9")
        .json(serde_json::json!({ "token": token, "password": OTHER }))
        .send()
        .await;
    assert_eq!(response.status, 200);
    let form = [("username", ARTHUR), ("password", OTHER)];
    assert_eq!(app.post("/auth/jwt/login").from("203.0.113.9").form(&form).send().await.status, 200);
    assert_eq!(notices(&app).await, [""; 0]);
}

#[tokio::test]
async fn notices_are_as_rare_as_other_mails_and_failures_cause_none() {
    let app = with_limits(Limits::default()).await;
    login(&app, "192.0.2.1", None).await;
    let wrong = [("username", ARTHUR), ("password", "a short sword of tin")];
    app.post("/auth/jwt/login").from("198.51.100.1").form(&wrong).send().await;
    for number in 2..9 {
        login(&app, &format!("198.51.100.{number}"), None).await;
    }
    assert_eq!(notices(&app).await.len(), 3);
    let app = with_limits(Limits::default().without(Limit::Mails)).await;
    for number in 1..9 {
        login(&app, &format!("198.51.100.{number}"), None).await;
    }
    assert_eq!(notices(&app).await.len(), 7);
}

#[tokio::test]
async fn without_known_clients_nobody_is_new() {
    for (policy, limits) in [
        (Policy::fastapi_users(), Limits::off()),
        (Policy::recommended(), Limits::off()),
        (Policy::recommended(), Limits::default().without_known_clients()),
    ] {
        let builder = Box::new(|builder: UsersBuilder<User>| builder.counters(MemoryCounters::new()).limits(limits));
        let app = TestApp::with(Setup { builder, policy, ..Setup::default() }).await;
        app.register(ARTHUR).await;
        for number in 1..4 {
            login(&app, &format!("198.51.100.{number}"), None).await;
        }
        assert_eq!(notices(&app).await, [""; 0]);
    }
}

/// Logs in from two addresses, and returns the mails after the one of the registration.
async fn mails(change: impl FnOnce(Mailer) -> Mailer) -> Vec<axum_users::mail::Mail> {
    let mails = MemoryMails::new();
    let mailer = change(Mailer::new(Arc::new(mails.clone()), "https://camelot.bt").unwrap());
    let builder = Box::new(|builder: UsersBuilder<User>| {
        builder.limits(Limits::default()).counters(MemoryCounters::new()).mailer(mailer)
    });
    let app = TestApp::with(Setup { builder, ..Setup::default() }).await;
    app.register(ARTHUR).await;
    // Several workers send mails: without waiting, a later mail may be sent before this one.
    tokio::time::timeout(Duration::from_secs(10), mails.wait_for(1)).await.unwrap();
    login(&app, "192.0.2.1", None).await;
    app.post("/auth/jwt/login")
        .from("203.0.113.9")
        .header("user-agent", "visit https://evil.example")
        .form(&[("username", ARTHUR), ("password", PASSWORD)])
        .send()
        .await;
    app.users.drain(Duration::from_secs(10)).await;
    mails.all().into_iter().skip(1).collect()
}

#[tokio::test]
async fn the_mailer_tells_the_owner_and_can_be_told_not_to() {
    let sent = mails(|mailer| mailer).await;
    assert_eq!(sent.len(), 1);
    let mail = &sent[0];
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), (ARTHUR, "New login at camelot.bt"));
    assert!(mail.text.contains("2026-11-23 12:00 UTC from the address 203.0.113.9."), "{}", mail.text);
    assert!(!format!("{}{}", mail.text, mail.html).contains("evil"), "nothing that the client chose");
    assert!(mails(|mailer| mailer.without_notice(NoticeKind::NewLogin)).await.is_empty());

    struct Custom;
    impl MailTemplates for Custom {
        fn new_login(&self, mail: &NewLogin<'_>) -> Letter {
            Letter::new(format!("{:?}", mail.device.user_agent))
        }
    }
    let sent = mails(|mailer| mailer.templates(Custom)).await;
    assert_eq!(sent[0].subject, "Some(\"visit https://evil.example\")");
}
