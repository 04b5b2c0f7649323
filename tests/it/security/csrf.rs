//! Cross-site request forgery (OWASP ASVS 3.5.1, 3.5.2, 4.4.2).

use axum::{
    Router,
    http::{HeaderValue, Method, header::CONTENT_TYPE},
    routing::{any, get, post},
};
use axum_users::{CurrentUser, Policy, Users, UsersBuilder, extract::CurrentSession, token::TrustedOrigins};
use serde_json::json;
use tower_http::cors::CorsLayer;

use crate::{
    http::Call,
    support::{COOKIE, Carrier, PASSWORD, Response, Setup, TestApp, User},
};

/// JSON is rejected under the three content types that need no preflight and under other types that browsers send.
#[tokio::test]
async fn json_under_simple_content_type_refused() {
    for carrier in Carrier::BOTH {
        let app = TestApp::over(carrier).await;
        let token = app.member("arthur@camelot.bt").await;
        app.post("/auth/forgot-password").json(json!({ "email": "arthur@camelot.bt" })).send().await.is(202, "null");
        app.hooks.token("on_after_forgot_password").await;
        app.hooks.clear();
        for media in
            ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "text/json"]
        {
            let json = |path: &str, body: serde_json::Value| app.post(path).raw(media, body.to_string());
            for call in [
                json("/auth/register", json!({ "email": "new@camelot.bt", "password": PASSWORD })),
                json("/auth/forgot-password", json!({ "email": "arthur@camelot.bt" })),
                json("/auth/request-verify-token", json!({ "email": "arthur@camelot.bt" })),
                json("/auth/verify", json!({ "token": "x" })),
                json("/auth/reset-password", json!({ "token": "x", "password": PASSWORD })),
                app.patch("/users/me").token(carrier, &token).raw(media, json!({ "first_name": "x" }).to_string()),
            ] {
                let response = call.header("sec-fetch-site", "same-origin").send().await;
                assert_eq!(response.status, 422, "{media:?}: {response:?}");
            }
        }
        assert!(app.users.get_by_email("new@camelot.bt").await.unwrap().is_none());
        assert_eq!(app.stored("arthur@camelot.bt").await.first_name, None);
        assert!(app.hooks.names().is_empty(), "{:?}", app.hooks.names());
    }
}

const REFUSED: &str = r#"{"detail":"CSRF_ORIGIN_REFUSED"}"#;
const OWN: &str = "https://camelot.bt";
const FRONT_END: &str = "https://app.camelot.bt";

/// Headers that browsers send for cross-site pages.
const CROSS_SITE: [&[(&str, &str)]; 8] = [
    &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
    &[("sec-fetch-site", "same-site"), ("origin", "https://evil.camelot.bt")],
    &[("sec-fetch-site", "cross-site"), ("origin", "null")],
    &[("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "same-site")],
    &[("origin", "https://evil.example")],
    &[("origin", "null")],
    &[("origin", "http://camelot.bt")],
];

/// Headers that browsers send for pages of the service and of the trusted front end, and the empty set of other clients.
const TRUSTED: [&[(&str, &str)]; 6] = [
    &[("sec-fetch-site", "same-origin"), ("origin", OWN)],
    &[("sec-fetch-site", "none")],
    &[("sec-fetch-site", "same-site"), ("origin", FRONT_END)],
    &[("origin", OWN)],
    &[("origin", FRONT_END)],
    &[],
];

/// Starts a service with application routes, for which the extractor enforces the rule.
async fn app(policy: Policy) -> TestApp {
    let routes = |router: Router<Users<User>>| {
        router
            .route("/page", get(|CurrentUser(user): CurrentUser<User>| async { user.email }).post(own_write))
            .route("/perhaps", post(|user: Option<CurrentUser<User>>| async move { user.is_some().to_string() }))
            .route("/socket", any(|CurrentUser(user): CurrentUser<User>| async { user.email }))
    };
    let builder = Box::new(|builder: UsersBuilder<User>| {
        builder.public_url(OWN).trusted_origins(TrustedOrigins::new([FRONT_END]).unwrap())
    });
    let backend = vec![Carrier::Cookie.backend("cookie"), Carrier::Bearer.backend("jwt")];
    TestApp::with(Setup { policy, routes, builder, backend, ..Setup::default() }).await
}

async fn own_write(session: CurrentSession<User>) -> String {
    session.user.email
}

async fn with(call: Call<'_>, headers: &[(&str, &str)]) -> Response {
    headers.iter().fold(call, |call, (name, value)| call.header(name, value)).send().await
}

/// Every request that changes state on behalf of the cookie's user.
fn writes<'a>(app: &'a TestApp, id: &str) -> Vec<Call<'a>> {
    vec![
        app.patch("/users/me").json(json!({ "first_name": "Kay" })),
        app.patch(&format!("/users/{id}")).json(json!({ "quota": 7 })),
        app.delete(&format!("/users/{id}")),
        app.post("/page"),
        app.request(Method::PUT, "/socket"),
    ]
}

#[tokio::test]
async fn cross_site_write_refused() {
    let app = app(Policy::recommended()).await;
    let king = app.superuser("uther@camelot.bt").await;
    let id = app.register("arthur@camelot.bt").await["id"].as_str().unwrap().to_owned();
    let cookie = app.login_with_cookie("uther@camelot.bt").await;
    for headers in CROSS_SITE {
        for call in writes(&app, &id) {
            with(call.cookie(COOKIE, &cookie), headers).await.is(403, REFUSED);
        }
        // Reads are allowed: without CORS headers no other page can see the response.
        assert_eq!(with(app.get("/page").cookie(COOKIE, &cookie), headers).await.status, 200);
        with(app.post("/perhaps").cookie(COOKIE, &cookie), headers).await.is(200, "false");
        // The cookie is not evaluated, so valid and invalid ones get the same response.
        with(app.post("/page").cookie(COOKIE, "garbage"), headers).await.is(403, REFUSED);
        // Without a cookie there is nothing to forge.
        with(app.post("/page"), headers).await.is(401, r#"{"detail":"Unauthorized"}"#);
        // Browsers never attach bearer tokens automatically.
        with(app.post("/page").bearer(&king), headers).await.is(200, "uther@camelot.bt");
        with(app.post("/page").bearer(&king).cookie(COOKIE, &cookie), headers).await.is(200, "uther@camelot.bt");
        with(app.post("/page").bearer("garbage").cookie(COOKIE, &cookie), headers).await.is(403, REFUSED);
    }
    let arthur = app.stored("arthur@camelot.bt").await;
    assert_eq!((arthur.quota, app.stored("uther@camelot.bt").await.first_name), (0, None));
    for headers in TRUSTED {
        with(app.post("/page").cookie(COOKIE, &cookie), headers).await.is(200, "uther@camelot.bt");
        with(app.post("/perhaps").cookie(COOKIE, &cookie), headers).await.is(200, "true");
        let call = app.patch("/users/me").json(json!({ "first_name": "Kay" })).cookie(COOKIE, &cookie);
        assert_eq!(with(call, headers).await.status, 200, "{headers:?}");
    }
}

#[tokio::test]
async fn login_csrf_refused() {
    let app = app(Policy::recommended()).await;
    app.register("arthur@camelot.bt").await;
    let login = |backend: &str| app.post(&format!("/auth/{backend}/login"));
    let form = [("username", "arthur@camelot.bt"), ("password", PASSWORD)];
    for headers in CROSS_SITE {
        let response = with(login("cookie").form(&form), headers).await;
        response.is(403, REFUSED);
        assert_eq!(response.set_cookie(), None);
        // The rule is checked before the body is read or a password hashed.
        with(login("cookie").raw("text/plain", "x"), headers).await.is(403, REFUSED);
        // A cross-site page cannot read the token in a JSON response.
        assert_eq!(with(login("jwt").form(&form), headers).await.status, 200);
    }
    for headers in TRUSTED {
        assert_eq!(with(login("cookie").form(&form), headers).await.status, 204, "{headers:?}");
    }
}

#[tokio::test]
async fn logout_csrf_refused() {
    let app = app(Policy::recommended()).await;
    app.register("arthur@camelot.bt").await;
    let (cookie, bearer) =
        (app.login_with_cookie("arthur@camelot.bt").await, app.login("arthur@camelot.bt", PASSWORD).await);
    let alive = async || app.get("/users/me").cookie(COOKIE, &cookie).send().await.status;
    for headers in CROSS_SITE {
        for backend in ["cookie", "jwt"] {
            let call = app.post(&format!("/auth/{backend}/logout")).cookie(COOKIE, &cookie);
            let response = with(call, headers).await;
            response.is(403, REFUSED);
            assert_eq!((response.set_cookie(), response.header("clear-site-data")), (None, None));
        }
        // The logout route of a cookie backend clears the cookie, so it is protected for every caller.
        with(app.post("/auth/cookie/logout").bearer(&bearer), headers).await.is(403, REFUSED);
        with(app.post("/auth/cookie/logout"), headers).await.is(403, REFUSED);
        assert_eq!(alive().await, 200);
    }
    with(app.post("/auth/cookie/logout").cookie(COOKIE, &cookie), TRUSTED[0]).await.is(204, "");
    assert_eq!(alive().await, 401);
}

/// Scripts, command lines and mobile applications send no origin headers. `require_origin()` is for services without such clients.
#[tokio::test]
async fn non_browser_client_works() {
    for (policy, silent) in [(Policy::recommended(), true), (Policy::recommended().require_origin(), false)] {
        let app = app(policy).await;
        app.register("arthur@camelot.bt").await;
        let form = [("username", "arthur@camelot.bt"), ("password", PASSWORD)];
        let login = app.post("/auth/cookie/login").form(&form).send().await;
        assert_eq!(login.status.as_u16(), if silent { 204 } else { 403 });
        let cookie = with(app.post("/auth/cookie/login").form(&form), &[("origin", OWN)]).await.access_token();
        let expected = if silent { 200 } else { 403 };
        let call = app.patch("/users/me").cookie(COOKIE, &cookie).json(json!({ "first_name": "Kay" }));
        assert_eq!(call.send().await.status, expected);
        assert_eq!(app.post("/page").cookie(COOKIE, &cookie).send().await.status, expected);
        assert_eq!(app.get("/page").cookie(COOKIE, &cookie).send().await.status, 200, "reads need no origin");
        // Requests with bearer tokens are exempt.
        let token = app.login("arthur@camelot.bt", PASSWORD).await;
        assert_eq!(app.post("/page").bearer(&token).send().await.status, 200);
    }
}

/// Browsers open cross-site WebSockets with cookies and without a preflight, by a GET request.
#[tokio::test]
async fn websocket_hijack_refused() {
    let app = app(Policy::recommended()).await;
    let bearer = app.member("arthur@camelot.bt").await;
    let cookie = app.login_with_cookie("arthur@camelot.bt").await;
    let upgrade = || {
        let call = app.get("/socket").header("connection", "Upgrade").header("upgrade", "websocket");
        call.header("sec-websocket-version", "13").header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    for headers in CROSS_SITE {
        with(upgrade().cookie(COOKIE, &cookie), headers).await.is(403, REFUSED);
        with(upgrade().bearer(&bearer), headers).await.is(200, "arthur@camelot.bt");
        assert_eq!(with(app.get("/socket").cookie(COOKIE, &cookie), headers).await.status, 200, "a plain GET");
    }
    for headers in TRUSTED {
        with(upgrade().cookie(COOKIE, &cookie), headers).await.is(200, "arthur@camelot.bt");
    }
}

/// The service's own origin comes from its configuration, never from the `Host` header.
#[tokio::test]
async fn the_host_header_does_not_make_an_origin_trusted() {
    let app = app(Policy::recommended()).await;
    app.register("arthur@camelot.bt").await;
    let cookie = app.login_with_cookie("arthur@camelot.bt").await;
    for host in ["evil.example", "127.0.0.1:1"] {
        let call = app.post("/page").cookie(COOKIE, &cookie).header("host", host).header("x-forwarded-host", host);
        with(call, &[("origin", &format!("https://{host}"))]).await.is(403, REFUSED);
        let call = app.post("/page").cookie(COOKIE, &cookie).header("host", host);
        with(call, &[("origin", OWN)]).await.is(200, "arthur@camelot.bt");
    }
}

#[tokio::test]
async fn without_the_csrf_rule_cookies_are_accepted_from_every_origin() {
    let app = app(Policy::recommended().without_origin_check()).await;
    app.register("arthur@camelot.bt").await;
    let cookie = app.login_with_cookie("arthur@camelot.bt").await;
    for headers in CROSS_SITE.into_iter().chain(TRUSTED) {
        with(app.post("/page").cookie(COOKIE, &cookie), headers).await.is(200, "arthur@camelot.bt");
    }
}

/// The CORS layer of docs/guide/cookies.md around a service that trusts the same origin: the layer permits reads and
/// the CSRF rule permits writes.
#[tokio::test]
async fn a_trusted_front_end_on_another_origin_works_and_other_pages_do_not() {
    let routes = |router: Router<Users<User>>| {
        let front_end = CorsLayer::new()
            .allow_origin([HeaderValue::from_static(FRONT_END)])
            .allow_credentials(true)
            .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
            .allow_headers([CONTENT_TYPE]);
        router.layer(front_end)
    };
    let trusted = TrustedOrigins::new([FRONT_END]).unwrap();
    let builder = Box::new(|builder: UsersBuilder<User>| builder.public_url(OWN).trusted_origins(trusted));
    let app = TestApp::with(Setup { routes, builder, ..Setup::over(Carrier::Cookie) }).await;
    let cookie = app.member("arthur@camelot.bt").await;
    for (origin, site, is_welcome) in [(FRONT_END, "same-site", true), ("https://evil.camelot.bt", "same-site", false)]
    {
        let preflight = app.request(Method::OPTIONS, "/users/me").header("access-control-request-method", "PATCH");
        let preflight = preflight.header("access-control-request-headers", "content-type");
        let preflight = sent_from(preflight, origin, site).await;
        let change = app.patch("/users/me").cookie(COOKIE, &cookie).json(json!({ "first_name": origin }));
        let change = sent_from(change, origin, site).await;
        let read = sent_from(app.get("/users/me").cookie(COOKIE, &cookie), origin, site).await;
        for response in [&preflight, &change, &read] {
            let allowed = response.header("access-control-allow-origin");
            assert_eq!(allowed, is_welcome.then_some(FRONT_END), "{response:?}");
        }
        assert_eq!(change.status, if is_welcome { 200 } else { 403 });
        assert_eq!(read.json()["first_name"], FRONT_END);
    }
}

async fn sent_from(call: Call<'_>, origin: &str, site: &str) -> Response {
    with(call, &[("origin", origin), ("sec-fetch-site", site)]).await
}

impl TestApp {
    async fn login_with_cookie(&self, email: &str) -> String {
        let form = [("username", email), ("password", PASSWORD)];
        self.post("/auth/cookie/login").form(&form).send().await.access_token()
    }
}
