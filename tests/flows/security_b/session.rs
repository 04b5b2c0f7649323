//! What a login does with the session before it, and what is forgotten about sessions (OWASP ASVS 7.2.4, 14.2.7).

use std::time::Duration;

use axum_users::{Backend, Bearer, JwtConfig};
use serde_json::json;

use crate::support::{Answer, COOKIE, Carrier, PASSWORD, Setup, TestApp};

/// Two backends, so that a short and a long token of one user are in the table together.
#[tokio::test]
async fn purge_removes_only_expired() {
    let short = Backend::jwt("short", Bearer, JwtConfig::default().lifetime(Duration::from_secs(60)));
    let app = TestApp::with(Setup { backend: vec![Backend::bearer_jwt("jwt"), short], ..Setup::default() }).await;
    app.register("arthur@camelot.bt").await;
    let form = [("username", "arthur@camelot.bt"), ("password", PASSWORD)];
    let short =
        app.post("/auth/short/login").form(&form).send().await.json()["access_token"].as_str().unwrap().to_owned();
    let long = app.login("arthur@camelot.bt", PASSWORD).await;
    for token in [&short, &long] {
        app.post("/auth/jwt/logout").bearer(token).send().await.is(204, "");
    }
    let kept = app.login("arthur@camelot.bt", PASSWORD).await;
    let change = json!({ "password": "another long sword", "current_password": PASSWORD });
    assert_eq!(app.patch("/users/me").bearer(&kept).json(change).send().await.status, 200);

    assert_eq!(app.users.purge_expired().await.unwrap(), 0, "nothing has ended by itself");
    app.advance(61);
    assert_eq!(app.users.purge_expired().await.unwrap(), 1, "the short one");
    // A token that was logged out stays dead, and one that was spared stays alive.
    assert_eq!(app.me(&long).await.status, 401);
    assert_eq!(app.me(&kept).await.status, 200);
    app.advance(3600);
    assert_eq!(app.users.purge_expired().await.unwrap(), 2);
    for token in [&short, &long, &kept] {
        assert_eq!(app.me(token).await.status, 401);
    }
    assert!(app.users.get_by_email("arthur@camelot.bt").await.unwrap().is_some());
}

/// Logs in from a page of the service with this cookie in the browser.
async fn login_over(app: &TestApp, cookie: &str, email: &str, password: &str) -> Answer {
    let call = app.post("/auth/jwt/login").header("sec-fetch-site", "same-origin").cookie(COOKIE, cookie);
    call.form(&[("username", email), ("password", password)]).send().await
}

/// A cookie over each kind of token.
async fn cookies_over_every_strategy() -> [TestApp; 2] {
    let over = |backend| TestApp::with(Setup { backend: vec![backend], ..Setup::over(Carrier::Cookie) });
    [over(Backend::cookie_jwt("jwt")).await, over(Backend::cookie_database("jwt")).await]
}

#[tokio::test]
async fn presented_value_not_adopted() {
    for app in cookies_over_every_strategy().await {
        let token = app.member("arthur@camelot.bt").await;
        let forged = format!("{}AAAA", &token[..token.len() - 4]);
        let mut seen = vec![token.clone()];
        for presented in ["chosen-by-the-client", &forged, "\"\"", "", &token] {
            let minted = login_over(&app, presented, "arthur@camelot.bt", PASSWORD).await.access_token();
            assert!(!seen.contains(&minted) && minted != presented, "{presented}");
            assert_eq!(app.me(&minted).await.status, 200);
            assert_eq!(app.get("/users/me").cookie(COOKIE, presented).send().await.status, 401, "{presented}");
            seen.push(minted);
        }
    }
}

#[tokio::test]
async fn relogin_ends_old_cookie_session() {
    for app in cookies_over_every_strategy().await {
        let elsewhere = app.member("arthur@camelot.bt").await;
        let first = app.login("arthur@camelot.bt", PASSWORD).await;
        // A failed login and one of a foreign page end nothing.
        assert_eq!(login_over(&app, &first, "arthur@camelot.bt", "wrong").await.status, 400);
        let call = app.post("/auth/jwt/login").header("sec-fetch-site", "cross-site").cookie(COOKIE, &first);
        assert_eq!(call.form(&[("username", "arthur@camelot.bt"), ("password", PASSWORD)]).send().await.status, 403);
        assert_eq!(app.me(&first).await.status, 200);

        let second = login_over(&app, &first, "arthur@camelot.bt", PASSWORD).await.access_token();
        assert_eq!(app.me(&first).await.status, 401, "nobody holds it any more, so nobody could log it out");
        assert_eq!(app.me(&second).await.status, 200);
        assert_eq!(app.me(&elsewhere).await.status, 200, "another browser's session stays");
        // Another person at the same browser.
        app.register("kay@camelot.bt").await;
        let kays = login_over(&app, &second, "kay@camelot.bt", PASSWORD).await.access_token();
        assert_eq!(app.me(&second).await.status, 401);
        assert_eq!(app.me(&kays).await.json()["email"], "kay@camelot.bt");
    }

    // A bearer token is no cookie: whoever sends one with a login keeps it.
    let app = TestApp::start().await;
    let bearer = app.member("arthur@camelot.bt").await;
    let call = app.post("/auth/jwt/login").bearer(&bearer);
    assert_eq!(call.form(&[("username", "arthur@camelot.bt"), ("password", PASSWORD)]).send().await.status, 200);
    assert_eq!(app.me(&bearer).await.status, 200);
}
