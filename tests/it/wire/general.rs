//! Rules that apply to every route (contract.md section 3).

use axum::http::Method;
use serde_json::json;

use super::{
    app::{Rules, WireApp},
    recorded::{Step, call, expected, get, recommended},
};
use crate::support::Response;

pub const RECORDED: &[Step] = &[
    call("R80", get("/nope"), expected(404, r#"{"detail":"Not Found"}"#)).step(),
    call(
        "R81",
        get("/users/me/").bearer("<SUPERJWT>"),
        // Recorded as an absolute URL made from `Host`. A relative one means the same to every client (C25).
        expected(307, "").headers(&[("location", "/users/me")]),
    )
    .differs(&[recommended("C25", expected(404, r#"{"detail":"Not Found"}"#))]),
];

/// Each path with its methods.
const ROUTES: [(&str, &[&str]); 9] = [
    ("/auth/jwt/login", &["POST"]),
    ("/auth/jwt/logout", &["POST"]),
    ("/auth/register", &["POST"]),
    ("/auth/forgot-password", &["POST"]),
    ("/auth/reset-password", &["POST"]),
    ("/auth/request-verify-token", &["POST"]),
    ("/auth/verify", &["POST"]),
    ("/users/me", &["GET", "PATCH"]),
    ("/users/d777d2a5-f4a7-4a1a-9d27-a6b68d7fb3ea", &["GET", "PATCH", "DELETE"]),
];

fn method(name: &str) -> Method {
    Method::from_bytes(name.as_bytes()).unwrap()
}

#[tokio::test]
async fn every_other_method_is_405_with_the_allowed_methods() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        for (path, methods) in ROUTES {
            for other in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"] {
                // `DELETE /users/me` matches `DELETE /users/{id}`.
                if methods.contains(&other) || (path, other) == ("/users/me", "DELETE") {
                    continue;
                }
                let response = app.request(method(other), path).send().await;
                let body = if other == "HEAD" { "" } else { r#"{"detail":"Method Not Allowed"}"# };
                response.is(405, body);
                let allow = match rules {
                    Rules::FastapiUsers => methods[0].to_owned(),
                    Rules::Recommended => methods.join(", "),
                };
                assert_eq!(response.header("allow"), Some(&*allow), "{other} {path}");
                assert_eq!(response.header("content-type"), Some("application/json"));
            }
        }
    }
}

#[tokio::test]
async fn only_405_responses_have_an_allow_header() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        for (path, methods) in ROUTES {
            for right in methods {
                assert_eq!(app.request(method(right), path).send().await.header("allow"), None, "{right} {path}");
            }
        }
        assert_eq!(app.delete("/users/me").send().await.header("allow"), None);
    }
}

#[tokio::test]
async fn unknown_paths_and_the_list_of_users_are_404() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let superuser = app.superuser("mordred@camelot.bt").await;
        for path in ["/", "/nope", "/auth", "/auth/jwt", "/auth/login", "/auth/cookie/login", "/users", "/users/me/x"] {
            for name in ["GET", "POST", "DELETE"] {
                let response = app.request(method(name), path).bearer(&superuser).send().await;
                response.is(404, r#"{"detail":"Not Found"}"#);
                assert_eq!(response.header("content-type"), Some("application/json"), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_trailing_slash_is_redirected_or_404_by_policy() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        for (path, methods) in ROUTES {
            for name in methods.iter().chain(&["PUT"]) {
                let response = app.request(method(name), &format!("{path}/?a=b&c=%20")).send().await;
                match rules {
                    Rules::FastapiUsers => {
                        response.is(307, "");
                        assert_eq!(response.header("location"), Some(&*format!("{path}?a=b&c=%20")));
                        assert_eq!(
                            (response.header("content-type"), response.header("content-length")),
                            (None, Some("0"))
                        );
                    }
                    Rules::Recommended => {
                        response.is(404, r#"{"detail":"Not Found"}"#);
                        assert_eq!(response.header("location"), None);
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn json_responses_are_compact_utf_8_and_unknown_request_keys_are_ignored() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let body = json!({ "email": "arthur@bücher.example", "password": "guinevere", "id": 7, "nope": { "a": [] } });
        let response = app.post("/auth/register").json(body).send().await;
        let id = app.stored("arthur@bücher.example").await.id.to_string();
        let rest = r#""email":"arthur@bücher.example","is_active":true,"is_superuser":false,"is_verified":false}"#;
        response.is(201, &format!(r#"{{"id":"{id}",{rest}"#));
        let token = app.login("arthur@bücher.example").await;
        app.patch("/users/me").bearer(&token).json(json!({ "nope": 1 })).send().await.is(200, &response.text());
        for path in ["forgot-password", "request-verify-token"] {
            let body = json!({ "email": "x@camelot.bt", "nope": null });
            app.post(&format!("/auth/{path}")).json(body).send().await.is(202, "null");
        }
    }
}

#[tokio::test]
async fn a_body_is_json_only_with_a_json_content_type() {
    const BODY: &str = r#"{"email":"bad"}"#;
    let kind = |response: &Response| response.json()["detail"][0]["type"].as_str().unwrap().to_owned();
    let app = WireApp::start(Rules::FastapiUsers).await;
    for (content_type, is_json) in [
        ("application/json", true),
        ("application/json; charset=utf-8", true),
        ("APPLICATION/JSON", true),
        ("application/vnd.api+json", true),
        ("", false),
        ("text/plain", false),
        ("text/json", false),
        ("application/jsonx", false),
        ("application/x-www-form-urlencoded", false),
        ("multipart/form-data; boundary=x", false),
    ] {
        let whole = app.post("/auth/register").raw(content_type, BODY).send().await;
        let loose = app.post("/auth/forgot-password").raw(content_type, BODY).send().await;
        let wanted = if is_json { ["value_error", "value_error"] } else { ["model_attributes_type", "missing"] };
        assert_eq!([kind(&whole), kind(&loose)], wanted, "{content_type}");
    }
}
