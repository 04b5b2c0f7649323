//! Clients that have logged in before: nobody else can use up their budget, and their cookie opens nothing.

use std::time::Duration;

use axum_users::{Backend, DatabaseSessions, Limits, UsersBuilder};

use super::{
    super::{ARTHUR, OTHER, logs::Recording, reset, reset_token},
    WRONG, app, guess, limited, login, member,
};
use crate::support::{PASSWORD, Response, Setup, TestApp, User};

const MALLORY: &str = "mallory@camelot.bt";
const COOKIE: &str = "__Host-axumusersdevice";

/// The device cookie that a response sets.
#[track_caller]
fn device(response: &Response) -> String {
    let mut set = response.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let cookie = set.find_map(|cookie| cookie.strip_prefix(&format!("{COOKIE}="))).expect("a device cookie");
    let (value, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "HttpOnly; Max-Age=31536000; Path=/; SameSite=strict; Secure");
    value.to_owned()
}

/// Logs in from an address with a device cookie.
async fn login_with(app: &TestApp, cookie: &str, from: &str, email: &str, password: &str) -> Response {
    let form = [("username", email), ("password", password)];
    app.post("/auth/jwt/login").from(from).cookie(COOKIE, cookie).form(&form).send().await
}

/// Uses up the limit of an account for clients that are not known.
async fn attack(app: &TestApp, email: &str) {
    for number in 0..100 {
        assert_eq!(guess(app, &format!("198.51.100.{number}"), email).await, None);
    }
    assert!(guess(app, "198.51.100.200", email).await.is_some());
}

#[tokio::test]
async fn a_known_browser_logs_in_from_anywhere_while_the_account_is_attacked() {
    let app = app(Limits::default()).await;
    member(&app, ARTHUR).await;
    let cookie = device(&login(&app, "192.0.2.1", ARTHUR, PASSWORD).await);
    attack(&app, ARTHUR).await;
    for hour in 0..24 {
        // Another client, which would be known after a success.
        assert!(hour > 0 || limited(&login(&app, "192.0.2.7", ARTHUR, PASSWORD).await).is_some());
        let there = login_with(&app, &cookie, &format!("192.0.2.{}", 100 + hour), ARTHUR, PASSWORD).await;
        assert_eq!(there.status, 200, "{there:?}");
        for number in 0..8 {
            let _ = guess(&app, &format!("198.51.101.{number}"), ARTHUR).await;
        }
        app.advance(3600);
    }
    // Also behind an address from which others attack.
    for number in 0..60 {
        let _ = guess(&app, "192.0.2.9", &format!("knight{number}@camelot.bt")).await;
    }
    assert!(limited(&login(&app, "192.0.2.9", MALLORY, WRONG).await).is_some());
    assert_eq!(login_with(&app, &cookie, "192.0.2.9", ARTHUR, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_known_address_logs_in_while_the_account_is_attacked() {
    let app = app(Limits::default()).await;
    member(&app, ARTHUR).await;
    assert_eq!(login(&app, "192.0.2.1", ARTHUR, PASSWORD).await.status, 200);
    attack(&app, ARTHUR).await;
    assert_eq!(login(&app, "192.0.2.1", ARTHUR, PASSWORD).await.status, 200);
    assert!(limited(&login(&app, "192.0.2.2", ARTHUR, PASSWORD).await).is_some());
    for days in [29, 29] {
        app.advance(days * 24 * 3600);
        attack(&app, ARTHUR).await;
        assert_eq!(login(&app, "192.0.2.1", ARTHUR, PASSWORD).await.status, 200, "each login extends the time");
    }
    app.advance(30 * 24 * 3600);
    attack(&app, ARTHUR).await;
    assert!(limited(&login(&app, "192.0.2.1", ARTHUR, PASSWORD).await).is_some(), "forgotten after 30 days");
}

#[tokio::test]
async fn known_clients_have_a_limit_of_their_own() {
    let app = app(Limits::default()).await;
    member(&app, ARTHUR).await;
    let cookie = device(&login(&app, "192.0.2.1", ARTHUR, PASSWORD).await);
    for _ in 0..5 {
        assert_eq!(limited(&login_with(&app, &cookie, "192.0.2.1", ARTHUR, WRONG).await), None);
    }
    let delayed = Some(("login-client".to_owned(), 1));
    assert_eq!(limited(&login_with(&app, &cookie, "192.0.2.1", ARTHUR, WRONG).await), delayed);
    assert_eq!(limited(&login_with(&app, &cookie, "192.0.2.2", ARTHUR, WRONG).await), delayed, "wherever it is");
    app.advance(1);
    // A login keeps the budget of the browser: it cannot collect several.
    let again = login_with(&app, &cookie, "192.0.2.1", ARTHUR, PASSWORD).await;
    let renewed = device(&again);
    for _ in 0..5 {
        assert_eq!(limited(&login_with(&app, &renewed, "192.0.2.1", ARTHUR, WRONG).await), None);
    }
    assert_eq!(limited(&login_with(&app, &cookie, "192.0.2.1", ARTHUR, WRONG).await), delayed, "both are one browser");
}

/// An attacker who knew the password once, and collected cookies, guesses the new one no faster than 100 times and then four times
/// an hour, with all cookies together.
#[tokio::test]
async fn many_cookies_of_one_account_are_no_more_guesses() {
    let app = app(Limits::default()).await;
    member(&app, ARTHUR).await;
    let mut cookies = Vec::new();
    for _ in 0..40 {
        cookies.push(device(&login(&app, "198.51.100.1", ARTHUR, PASSWORD).await));
    }
    let recording = Recording::start();
    let mut passed = 0;
    for cookie in &cookies {
        for _ in 0..5 {
            passed += u32::from(limited(&login_with(&app, cookie, "192.0.2.1", ARTHUR, WRONG).await).is_none());
        }
    }
    // 100 as known clients, then as any other: five from this address, and its delay.
    assert_eq!(passed, 105);
    // Counting them like unknown clients is not a refusal.
    let lines = recording.lines();
    let of = |field: &str, value: &str| lines.iter().filter(|line| line.field(field) == Some(value)).count();
    assert!(of("event", "known_clients_limited") >= 100);
    assert_eq!(
        (of("limit", "login-known"), of("reason", "too many failures at this account from known clients")),
        (0, 0)
    );
    assert_eq!(login(&app, "192.0.2.2", ARTHUR, PASSWORD).await.status, 200, "the owner is not locked out");
}

/// The cookie of an attacker's own account has no effect at another account.
#[tokio::test]
async fn a_cookie_of_ones_own_account_gives_nothing_at_another() {
    let app = app(Limits::default()).await;
    for email in [ARTHUR, MALLORY] {
        member(&app, email).await;
    }
    let own = device(&login(&app, "198.51.100.1", MALLORY, PASSWORD).await);
    let victims = device(&login(&app, "192.0.2.1", ARTHUR, PASSWORD).await);
    assert!(!own.contains(MALLORY) && !victims.contains(ARTHUR));
    // It lifts neither the delay at another account, nor that account's limit, nor that of the address.
    for _ in 0..5 {
        assert_eq!(limited(&login_with(&app, &own, "198.51.100.1", ARTHUR, WRONG).await), None);
    }
    let delayed = limited(&login_with(&app, &own, "198.51.100.1", ARTHUR, WRONG).await);
    assert_eq!(delayed, Some(("login-client".to_owned(), 1)));
    for number in 0..95 {
        let _ = guess(&app, &format!("198.51.101.{number}"), ARTHUR).await;
    }
    let refused = limited(&login_with(&app, &own, "198.51.102.1", ARTHUR, WRONG).await);
    assert_eq!(refused, Some(("login-account".to_owned(), 900)));
    for number in 0..50 {
        let _ = login_with(&app, &own, "198.51.103.1", &format!("knight{number}@camelot.bt"), WRONG).await;
    }
    let refused = limited(&login_with(&app, &own, "198.51.103.1", "knight50@camelot.bt", WRONG).await);
    assert_eq!(refused.unwrap().0, "login-address");
    // Logins to the attacker's own account reset nothing of others.
    assert_eq!(login_with(&app, &own, "198.51.103.1", MALLORY, PASSWORD).await.status, 200);
    assert!(limited(&login_with(&app, &own, "198.51.103.1", "knight50@camelot.bt", WRONG).await).is_some());
    // It is no credential, at no account, and neither are both in one request or a mixture of both.
    let mixture = format!("{}{}", &own[..own.len() / 2], &victims[victims.len() / 2..]);
    for cookie in [&own, &victims, &mixture, &format!("{own}.{victims}.{own}.{victims}.{own}")] {
        assert_eq!(app.get("/users/me").cookie(COOKIE, cookie).send().await.status, 401);
        assert_eq!(app.get("/users/me").bearer(cookie).send().await.status, 401);
        assert_ne!(login_with(&app, cookie, "198.51.104.1", ARTHUR, WRONG).await.status, 200);
    }
    assert!(limited(&login_with(&app, &mixture, "198.51.105.1", ARTHUR, WRONG).await).is_some());
    // The victim's browser is served at every moment.
    assert_eq!(login_with(&app, &victims, "192.0.2.50", ARTHUR, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn whoever_resets_the_password_is_known_afterwards() {
    let app = app(Limits::default()).await;
    member(&app, ARTHUR).await;
    attack(&app, ARTHUR).await;
    let token = reset_token(&app, ARTHUR).await;
    let cookie = device(&reset(&app, &token, OTHER).await);
    attack(&app, ARTHUR).await;
    assert_eq!(login_with(&app, &cookie, "192.0.2.1", ARTHUR, OTHER).await.status, 200);
    assert_eq!(login(&app, "127.0.0.1", ARTHUR, OTHER).await.status, 200, "the address of the reset");
}

/// A form on another site sends no cookie of ours. Its response must not replace the cookie by one with fewer accounts.
#[tokio::test]
async fn a_login_by_a_page_of_another_site_leaves_the_cookie_alone() {
    let app = app(Limits::default()).await;
    member(&app, ARTHUR).await;
    for (site, is_set) in [("cross-site", false), ("same-site", true), ("same-origin", true), ("none", true)] {
        let form = [("username", ARTHUR), ("password", PASSWORD)];
        let response = app.post("/auth/jwt/login").header("sec-fetch-site", site).form(&form).send().await;
        assert_eq!((response.status.as_u16(), response.headers.contains_key("set-cookie")), (200, is_set), "{site}");
    }
}

#[tokio::test]
async fn logins_with_cookies_set_it_as_well_and_settings_turn_it_off() {
    for (known, limits) in [(true, Limits::default()), (false, Limits::default().without_known_clients())] {
        let builder = Box::new(move |builder: UsersBuilder<User>| builder.limits(limits));
        let backend = vec![Backend::cookie("jwt", DatabaseSessions::new())];
        let app = TestApp::with(Setup { builder, backend, ..Setup::default() }).await;
        member(&app, ARTHUR).await;
        let response = login(&app, "192.0.2.1", ARTHUR, PASSWORD).await;
        assert_eq!(response.headers.get_all("set-cookie").iter().count(), 1 + usize::from(known));
        if known {
            device(&response);
        }
    }
}

#[tokio::test]
async fn an_old_cookie_means_nothing() {
    let app = app(Limits::default().known_browsers_for(Duration::from_secs(3600))).await;
    member(&app, ARTHUR).await;
    let response = login(&app, "192.0.2.1", ARTHUR, PASSWORD).await;
    let set = response.headers["set-cookie"].to_str().unwrap();
    let cookie = set.split_once('=').unwrap().1.split(';').next().unwrap();
    assert!(set.contains("Max-Age=3600"));
    attack(&app, ARTHUR).await;
    app.advance(1800);
    assert_eq!(login_with(&app, cookie, "192.0.2.2", ARTHUR, PASSWORD).await.status, 200);
    app.advance(1800);
    for number in 0..5 {
        let _ = guess(&app, &format!("198.51.101.{number}"), ARTHUR).await;
    }
    assert!(limited(&login_with(&app, cookie, "192.0.2.3", ARTHUR, PASSWORD).await).is_some());
}
