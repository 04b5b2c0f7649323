//! Headers of all answers (OWASP ASVS 3.2, 3.4, 4.1, 14.3).

use super::every_answer::every_answer;
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn on_every_response_including_errors() {
    let app = TestApp::start().await;
    for (what, answer) in every_answer(&app).await {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            (
                "content-security-policy",
                "default-src 'none'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'",
            ),
        ] {
            assert_eq!(answer.header(name), Some(value), "{what}");
            assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{what}");
        }
    }
}

#[tokio::test]
async fn no_store_everywhere() {
    let app = TestApp::start().await;
    for (what, answer) in every_answer(&app).await {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
    }
}

#[tokio::test]
async fn content_type_matches() {
    let app = TestApp::start().await;
    for (what, answer) in every_answer(&app).await {
        if answer.body.is_empty() {
            // What answers HEAD tells the type of the body that it leaves out.
            assert!(answer.header("content-type").is_none() || what.starts_with("HEAD "), "{what}");
        } else {
            assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
            answer.json();
        }
        assert_eq!(answer.body.is_empty(), answer.status == 204 || what.starts_with("HEAD "), "{what}");
        if answer.status == 401 {
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{what}");
        }
    }
}

#[tokio::test]
async fn no_version_disclosed() {
    let app = TestApp::start().await;
    for (what, answer) in every_answer(&app).await {
        for name in ["server", "x-powered-by", "via", "x-runtime", "x-version"] {
            assert!(answer.header(name).is_none(), "{what}: {name}");
        }
        let all = format!("{:?} {}", answer.headers, answer.text()).to_lowercase();
        for word in ["axum", "hyper", "sqlite", "argon2", "rust", env!("CARGO_PKG_VERSION")] {
            assert!(!all.contains(word), "{what}: {word} in {all}");
        }
    }
}

#[tokio::test]
async fn json_never_renders() {
    let app = TestApp::start().await;
    let markup = "<script>alert(1)</script>";
    let token = app.member("arthur@camelot.bt").await;
    let body = serde_json::json!({ "first_name": markup, "email": markup, "password": markup, markup: markup });
    for call in [
        app.patch("/users/me").bearer(&token).json(serde_json::json!({ "first_name": markup })),
        app.patch("/users/me").bearer(&token).json(body.clone()),
        app.post("/auth/register").json(body.clone()),
        app.post("/auth/forgot-password").json(body.clone()),
        app.post("/auth/verify").json(serde_json::json!({ "token": markup })),
        app.post("/auth/jwt/login").form(&[("username", markup), ("password", markup), ("grant_type", markup)]),
        app.get(&format!("/users/{}", "%3Cscript%3E")).bearer(&token),
        app.get("/%3Cscript%3Ealert(1)%3C/script%3E"),
    ] {
        let answer = call.header("accept", "text/html").send().await;
        assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        answer.json();
    }
}

#[tokio::test]
async fn no_cors_from_us() {
    let app = TestApp::start().await;
    app.register("arthur@camelot.bt").await;
    let token = app.login("arthur@camelot.bt", PASSWORD).await;
    for call in [
        app.get("/users/me").bearer(&token),
        app.request(axum::http::Method::OPTIONS, "/users/me").header("access-control-request-method", "PATCH"),
        app.get("/users/me"),
        app.get("/nothing"),
    ] {
        let answer = call.header("origin", "https://evil.example").send().await;
        let names: Vec<_> = answer.headers.keys().filter(|name| name.as_str().starts_with("access-control-")).collect();
        assert!(names.is_empty(), "{names:?}");
    }
}

/// Nothing that a client sends becomes a header, whatever it holds.
#[tokio::test]
async fn no_crlf_from_input() {
    let app = TestApp::start().await;
    let token = app.member("arthur@camelot.bt").await;
    let line = "x\r\nx-injected: yes\r\n\r\n";
    let encoded = "x%0d%0ax-injected:%20yes%0d%0a%0d%0a";
    for call in [
        app.patch("/users/me").bearer(&token).json(serde_json::json!({ "first_name": line })),
        app.post("/auth/forgot-password").json(serde_json::json!({ "email": format!("{line}@camelot.bt") })),
        app.post("/auth/jwt/login").form(&[("username", line), ("password", line)]),
        app.post("/auth/verify").json(serde_json::json!({ "token": line })),
        app.get(&format!("/users/{encoded}")).bearer(&token),
        app.get(&format!("/users/me/?next={encoded}")).bearer(&token),
        app.get(&format!("/{encoded}")),
    ] {
        let answer = call.send().await;
        assert!(answer.header("x-injected").is_none(), "{answer:?}");
        assert!(!format!("{:?}", answer.headers).contains("injected"), "{answer:?}");
    }
}
