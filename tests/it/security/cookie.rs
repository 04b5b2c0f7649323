//! The session cookie (OWASP ASVS 3.3, 14.3.1).

use std::time::Duration;

use axum_users::{
    Backend, Cookie, Error, Jwt, Policy, SecretKey, Users, UsersBuilder,
    env::Relaxation,
    token::{SameSite, TrustedOrigins},
};
use serde_json::json;

use super::ARTHUR;
use crate::support::{COOKIE, Carrier, PASSWORD, SECRET, Setup, TestApp, User};

const PLAIN: &str = "fastapiusersauth";

fn backend(cookie: Cookie) -> Vec<Backend> {
    vec![Backend::new("jwt", cookie, Jwt::default())]
}

async fn app(cookie: Cookie, policy: Policy) -> TestApp {
    let app = TestApp::with(Setup { policy, backend: backend(cookie), ..Setup::default() }).await;
    app.register(ARTHUR).await;
    app
}

/// Returns the `Set-Cookie` header of a login without the token.
async fn attributes(app: &TestApp) -> String {
    let response = app.try_login(ARTHUR, PASSWORD).await;
    assert_eq!((response.status.as_u16(), response.text().as_str()), (204, ""), "{response:?}");
    let token = response.access_token();
    response.header("set-cookie").unwrap().replacen(&token, "…", 1)
}

/// Builds a service and returns the relaxations of its policy.
async fn build(
    cookie: Cookie,
    policy: Policy,
    builder: impl FnOnce(UsersBuilder<User>) -> UsersBuilder<User>,
) -> Result<Vec<Relaxation>, Error> {
    let secret = SecretKey::new(SECRET).unwrap();
    let users = Users::<User>::builder(secret).database("sqlite::memory:").policy(policy);
    let users = backend(cookie).into_iter().fold(users, UsersBuilder::backend);
    Ok(builder(users).build().await?.policy().relaxations().collect())
}

#[tokio::test]
async fn secure_and_prefixed() {
    let recommended = Policy::recommended;
    for (cookie, policy, expected) in [
        (Cookie::new(), recommended(), "__Host-fastapiusersauth=…; HttpOnly; Path=/; SameSite=lax; Secure"),
        (
            Cookie::new().path("/auth").max_age(Duration::from_secs(60)),
            recommended(),
            "__Secure-fastapiusersauth=…; HttpOnly; Max-Age=60; Path=/auth; SameSite=lax; Secure",
        ),
        (
            Cookie::new().domain("camelot.bt"),
            recommended(),
            "__Secure-fastapiusersauth=…; Domain=camelot.bt; HttpOnly; Path=/; SameSite=lax; Secure",
        ),
        (
            Cookie::new().cookie_name("__Host-sid"),
            recommended(),
            "__Host-sid=…; HttpOnly; Path=/; SameSite=lax; Secure",
        ),
        (
            Cookie::new(),
            recommended().plain_cookie_names(),
            "fastapiusersauth=…; HttpOnly; Path=/; SameSite=lax; Secure",
        ),
        (Cookie::new().cookie_name(PLAIN), recommended(), "fastapiusersauth=…; HttpOnly; Path=/; SameSite=lax; Secure"),
        (Cookie::new(), Policy::fastapi_users(), "fastapiusersauth=…; HttpOnly; Path=/; SameSite=lax; Secure"),
    ] {
        assert_eq!(attributes(&app(cookie, policy).await).await, expected);
    }
    // A name without a prefix is reported as a relaxation; a prefix that the settings violate is an error.
    let plain = build(Cookie::new().cookie_name(PLAIN), recommended(), |builder| builder).await.unwrap();
    assert_eq!(plain, [Relaxation::PlainCookieNames]);
    assert_eq!(build(Cookie::new(), recommended(), |builder| builder).await.unwrap(), []);
    for cookie in [Cookie::new().path("/app"), Cookie::new().domain("camelot.bt")] {
        let error = build(cookie.cookie_name(COOKIE), recommended(), |builder| builder).await.unwrap_err();
        assert!(error.to_string().contains("__Host-"), "{error}");
    }
}

#[tokio::test]
async fn insecure_only_on_loopback() {
    let insecure = || Cookie::new().insecure_for_localhost();
    for url in ["http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000", "http://app.localhost"] {
        let listed = build(insecure(), Policy::recommended(), |builder| builder.public_url(url)).await.unwrap();
        assert_eq!(listed, [Relaxation::InsecureCookies], "{url}");
    }
    let https = build(insecure(), Policy::recommended(), |builder| builder.public_url("https://camelot.bt"));
    let on_tls = build(insecure(), Policy::recommended(), |builder| builder.public_url("https://localhost:8000"));
    let elsewhere = build(insecure(), Policy::recommended(), |builder| builder.public_url("http://camelot.bt"));
    let unknown = build(insecure(), Policy::fastapi_users(), |builder| builder);
    let trusted = TrustedOrigins::new(["http://localhost:5173"]).unwrap();
    let everywhere = build(insecure().cross_site_cookies(trusted), Policy::recommended(), |builder| {
        builder.public_url("http://localhost:8000")
    });
    for result in [https.await, on_tls.await, elsewhere.await, unknown.await, everywhere.await] {
        assert!(matches!(result, Err(Error::Config(_))), "{result:?}");
    }
    let builder = Box::new(|builder: UsersBuilder<User>| builder.public_url("http://localhost:8000"));
    let app = TestApp::with(Setup { builder, backend: backend(insecure()), ..Setup::default() }).await;
    app.register(ARTHUR).await;
    assert_eq!(attributes(&app).await, "fastapiusersauth=…; HttpOnly; Path=/; SameSite=lax");
}

#[tokio::test]
async fn samesite() {
    let trusted = || TrustedOrigins::new(["https://app.cornwall.bt"]).unwrap();
    for (cookie, expected) in [
        (Cookie::new(), "lax"),
        (Cookie::new().same_site(SameSite::Lax), "lax"),
        (Cookie::new().same_site(SameSite::Strict), "strict"),
        (Cookie::new().cross_site_cookies(trusted()), "none"),
    ] {
        let attributes = attributes(&app(cookie, Policy::recommended()).await).await;
        assert_eq!(attributes, format!("__Host-fastapiusersauth=…; HttpOnly; Path=/; SameSite={expected}; Secure"));
    }
    // The cookie is sent with requests from all sites and accepted from the listed origins.
    let app = app(Cookie::new().cross_site_cookies(trusted()), Policy::recommended()).await;
    let form = [("username", ARTHUR), ("password", PASSWORD)];
    for (origin, status) in [("https://app.cornwall.bt", 204), ("https://evil.example", 403), ("null", 403)] {
        let call = app.post("/auth/jwt/login").header("sec-fetch-site", "cross-site").header("origin", origin);
        assert_eq!(call.form(&form).send().await.status, status, "{origin}");
    }
    for origin in ["*", "https://*.cornwall.bt", "https://app.cornwall.bt/page", "http://app.cornwall.bt", "null", ""] {
        assert!(TrustedOrigins::new(["https://app.cornwall.bt", origin]).is_err(), "{origin}");
    }
    assert!(TrustedOrigins::new([]).is_err());
}

#[tokio::test]
async fn only_configured_name_read() {
    for (policy, name) in [(Policy::recommended(), COOKIE), (Policy::recommended().plain_cookie_names(), PLAIN)] {
        let app = app(Cookie::new(), policy).await;
        let token = app.try_login(ARTHUR, PASSWORD).await.access_token();
        let names = [COOKIE, PLAIN, "__Secure-fastapiusersauth", "__host-fastapiusersauth", "sid", "access_token", ""];
        for other in names {
            let response = app.get("/users/me").cookie(other, &token).send().await;
            assert_eq!(response.status, if other == name { 200 } else { 401 }, "{other}");
        }
        // Other headers are not read, and other cookies do not matter.
        let response = app.get("/users/me").bearer(&token).send().await;
        assert_eq!(response.status, 401);
        let many = format!("a=b; {PLAIN}x=y; x{COOKIE}=z; {name}={token}; theme=\"dark\"");
        assert_eq!(app.get("/users/me").header("cookie", &many).send().await.status, 200);
        let split = app.get("/users/me").header("cookie", "a=b").cookie(name, &token);
        assert_eq!(split.send().await.status, 200, "HTTP/2 allows splitting the header");
    }
}

#[tokio::test]
async fn httponly_and_not_in_body() {
    let app = TestApp::over(Carrier::Cookie).await;
    app.register(ARTHUR).await;
    let login = app.try_login(ARTHUR, PASSWORD).await;
    let token = login.access_token();
    assert!(login.header("set-cookie").unwrap().contains("; HttpOnly"), "{login:?}");
    assert!(login.body.is_empty());
    for (name, value) in &login.headers {
        let is_cookie = name == "set-cookie";
        assert_eq!(value.to_str().is_ok_and(|value| value.contains(&token)), is_cookie, "{name}");
    }
    for call in [
        app.get("/users/me"),
        app.patch("/users/me").json(json!({ "first_name": "Arthur" })),
        app.patch("/users/me").json(json!({ "first_name": 1 })),
        app.get("/users/me/nothing"),
        app.post("/auth/jwt/logout"),
    ] {
        let response = call.cookie(COOKIE, &token).send().await;
        assert!(!format!("{response:?}").contains(&token), "{response:?}");
    }
}

#[tokio::test]
async fn size_checked_at_build() {
    let audience = |bytes: usize| Jwt::new().audience(["a".repeat(bytes)]);
    let build = async |name: &str, config: Jwt| {
        Users::<User>::builder(SecretKey::new(SECRET).unwrap())
            .database("sqlite::memory:")
            .backend(Backend::new("jwt", Cookie::new().cookie_name(name), config))
            .build()
            .await
    };
    // The limit of 4,096 bytes for name and token lies between the two.
    assert!(build(COOKIE, audience(2700)).await.is_ok());
    for (name, config) in
        [(COOKIE, audience(2900)), (COOKIE, audience(4000)), (&*format!("__Host-{}", "n".repeat(4000)), Jwt::new())]
    {
        let error = build(name, config).await.unwrap_err();
        assert!(matches!(error, Error::Config(_)) && error.to_string().contains("4096"), "{error}");
    }
    // The check is exact but for the claims that only a refresh adds: the longest accepted audience makes a cookie within the
    // limit.
    let (mut fits, mut too_long) = (2700, 2900);
    while too_long - fits > 1 {
        let middle = (fits + too_long) / 2;
        *(if build(COOKIE, audience(middle)).await.is_ok() { &mut fits } else { &mut too_long }) = middle;
    }
    let backend = vec![Backend::new("jwt", Cookie::new(), audience(fits))];
    let app = TestApp::with(Setup { backend, carrier: Carrier::Cookie, ..Setup::default() }).await;
    let token = app.member(ARTHUR).await;
    assert!((3900..=4096).contains(&(COOKIE.len() + token.len())), "{}", token.len());
    assert_eq!(app.me(&token).await.status, 200);
}

#[tokio::test]
async fn logout_clears_properly() {
    let age = Duration::from_secs(3600);
    for (cookie, policy, expected, clears) in [
        (
            Cookie::new().max_age(age),
            Policy::recommended(),
            "__Host-fastapiusersauth=\"\"; HttpOnly; Max-Age=0; Path=/; SameSite=lax; Secure",
            Some(r#""cache""#),
        ),
        (
            Cookie::new().domain("camelot.bt").path("/auth").same_site(SameSite::Strict).clear_site_storage(),
            Policy::recommended(),
            "__Secure-fastapiusersauth=\"\"; Domain=camelot.bt; HttpOnly; Max-Age=0; Path=/auth; SameSite=strict; Secure",
            Some(r#""cache", "storage""#),
        ),
        (
            Cookie::new(),
            Policy::recommended().keep_site_data(),
            "__Host-fastapiusersauth=\"\"; HttpOnly; Max-Age=0; Path=/; SameSite=lax; Secure",
            None,
        ),
        (
            Cookie::new(),
            Policy::fastapi_users(),
            "fastapiusersauth=\"\"; HttpOnly; Max-Age=0; Path=/; SameSite=lax; Secure",
            None,
        ),
    ] {
        let app = app(cookie, policy).await;
        let login = app.try_login(ARTHUR, PASSWORD).await;
        let (name, token) = login.set_cookie().unwrap();
        let response = app.post("/auth/jwt/logout").cookie(name, token).send().await;
        response.is(204, "");
        assert_eq!(response.header("set-cookie"), Some(expected));
        assert_eq!(response.header("clear-site-data"), clears);
        // Name, domain and path equal those of the login, so that a browser replaces the same cookie.
        let of_login = login.header("set-cookie").unwrap();
        for attribute in of_login.split("; ").filter(|part| part.starts_with("Domain") || part.starts_with("Path")) {
            assert!(expected.contains(attribute), "{attribute}");
        }
        // The cleared value does not authenticate, and a logout without a session clears nothing.
        assert_eq!(app.get("/users/me").cookie(name, "\"\"").send().await.status, 401);
        let again = app.post("/auth/jwt/logout").send().await;
        assert_eq!((again.status.as_u16(), again.set_cookie(), again.header("clear-site-data")), (401, None, None));
    }
}
