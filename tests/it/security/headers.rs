//! Headers of all responses (OWASP ASVS 3.2, 3.4, 4.1, 14.3).

use axum::{Router, routing::get};
use axum_users::Users;

use super::every_response::every_response;
use crate::support::{Carrier, PASSWORD, Response, Setup, TestApp, User};

/// Returns a response of each kind from a service with a bearer backend and from one with a cookie backend.
async fn over_every_transport() -> Vec<(String, Response)> {
    let mut all = Vec::new();
    for carrier in Carrier::BOTH {
        let responses = every_response(&TestApp::over(carrier).await).await;
        all.extend(responses.into_iter().map(|(what, response)| (format!("{carrier:?}: {what}"), response)));
    }
    all
}

#[tokio::test]
async fn on_every_response_including_errors() {
    for (what, response) in over_every_transport().await {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            (
                "content-security-policy",
                "default-src 'none'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'",
            ),
        ] {
            assert_eq!(response.header(name), Some(value), "{what}");
            assert_eq!(response.headers.get_all(name).iter().count(), 1, "{what}");
        }
    }
}

#[tokio::test]
async fn no_store_everywhere() {
    for (what, response) in over_every_transport().await {
        assert_eq!(response.header("cache-control"), Some("no-store"), "{what}");
    }
}

#[tokio::test]
async fn content_type_matches() {
    for (what, response) in over_every_transport().await {
        if response.body.is_empty() {
            // A response to HEAD has the content type of the body that it omits.
            assert!(response.header("content-type").is_none() || what.contains(": HEAD "), "{what}");
        } else {
            assert_eq!(response.header("content-type"), Some("application/json"), "{what}");
            response.json();
        }
        assert_eq!(response.body.is_empty(), response.status == 204 || what.contains(": HEAD "), "{what}");
        // A service with only cookie backends has no challenge.
        let challenge = (response.status == 401 && what.starts_with("Bearer")).then_some("Bearer");
        assert_eq!(response.header("www-authenticate"), challenge, "{what}");
    }
}

#[tokio::test]
async fn no_version_disclosed() {
    for (what, response) in over_every_transport().await {
        for name in ["server", "x-powered-by", "via", "x-runtime", "x-version"] {
            assert!(response.header(name).is_none(), "{what}: {name}");
        }
        let all = format!("{:?} {}", response.headers, response.text()).to_lowercase();
        for word in ["axum", "hyper", "sqlite", "argon2", "rust", env!("CARGO_PKG_VERSION")] {
            assert!(!all.contains(word), "{what}: {word} in {all}");
        }
    }
}

#[tokio::test]
async fn json_never_renders() {
    for carrier in Carrier::BOTH {
        let app = TestApp::over(carrier).await;
        let markup = "<script>alert(1)</script>";
        let token = app.member("arthur@camelot.bt").await;
        let body = serde_json::json!({ "first_name": markup, "email": markup, "password": markup, markup: markup });
        for call in [
            app.patch("/users/me").token(carrier, &token).json(serde_json::json!({ "first_name": markup })),
            app.patch("/users/me").token(carrier, &token).json(body.clone()),
            app.post("/auth/register").json(body.clone()),
            app.post("/auth/forgot-password").json(body.clone()),
            app.post("/auth/verify").json(serde_json::json!({ "token": markup })),
            app.post("/auth/jwt/login").form(&[("username", markup), ("password", markup), ("grant_type", markup)]),
            app.get(&format!("/users/{}", "%3Cscript%3E")).token(carrier, &token),
            app.get("/%3Cscript%3Ealert(1)%3C/script%3E"),
        ] {
            let response = call.header("accept", "text/html").send().await;
            assert_eq!(response.header("content-type"), Some("application/json"), "{response:?}");
            assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
            response.json();
        }
    }
}

#[tokio::test]
async fn no_cors_from_us() {
    for carrier in Carrier::BOTH {
        let app = TestApp::over(carrier).await;
        app.register("arthur@camelot.bt").await;
        let token = app.login("arthur@camelot.bt", PASSWORD).await;
        for call in [
            app.get("/users/me").token(carrier, &token),
            app.request(axum::http::Method::OPTIONS, "/users/me").header("access-control-request-method", "PATCH"),
            app.get("/users/me"),
            app.get("/nothing"),
        ] {
            let response = call.header("origin", "https://evil.example").send().await;
            let names: Vec<_> =
                response.headers.keys().filter(|name| name.as_str().starts_with("access-control-")).collect();
            assert!(names.is_empty(), "{names:?}");
        }
    }
}

/// Client input never becomes a response header.
#[tokio::test]
async fn no_crlf_from_input() {
    for carrier in Carrier::BOTH {
        let app = TestApp::over(carrier).await;
        let token = app.member("arthur@camelot.bt").await;
        let line = "x\r\nx-injected: yes\r\n\r\n";
        let encoded = "x%0d%0ax-injected:%20yes%0d%0a%0d%0a";
        for call in [
            app.patch("/users/me").token(carrier, &token).json(serde_json::json!({ "first_name": line })),
            app.post("/auth/forgot-password").json(serde_json::json!({ "email": format!("{line}@camelot.bt") })),
            app.post("/auth/jwt/login").form(&[("username", line), ("password", line)]),
            app.post("/auth/verify").json(serde_json::json!({ "token": line })),
            app.get(&format!("/users/{encoded}")).token(carrier, &token),
            app.get(&format!("/users/me/?next={encoded}")).token(carrier, &token),
            app.get(&format!("/{encoded}")),
        ] {
            let response = call.send().await;
            assert!(response.header("x-injected").is_none(), "{response:?}");
            assert!(!format!("{:?}", response.headers).contains("injected"), "{response:?}");
        }
    }
}

/// The application adds the HSTS layer, since TLS often terminates in front of the service.
#[tokio::test]
async fn hsts_layer() {
    const HSTS: &str = "max-age=31536000; includeSubDomains";
    let without = TestApp::start().await;
    assert_eq!(without.get("/users/me").send().await.header("strict-transport-security"), None);
    let pages = |router: Router<Users<User>>| {
        let framed = || async { ([("referrer-policy", "origin"), ("x-frame-options", "DENY")], "page") };
        router.route("/page", get(framed)).layer(axum_users::routes::security_headers())
    };
    let app = TestApp::with(Setup { routes: pages, ..Setup::default() }).await;
    let token = app.member("arthur@camelot.bt").await;
    for (response, referrer) in [
        (app.me(&token).await, "no-referrer"),
        (app.get("/users/me").send().await, "no-referrer"),
        (app.request(axum::http::Method::PUT, "/users/me").send().await, "no-referrer"),
        (app.get("/page").send().await, "origin"),
    ] {
        // The layer does not override or duplicate a header that the response already has.
        for (name, value) in
            [("strict-transport-security", HSTS), ("x-content-type-options", "nosniff"), ("referrer-policy", referrer)]
        {
            let all: Vec<_> = response.headers.get_all(name).iter().collect();
            assert_eq!(all, [value], "{response:?}");
        }
    }
}
