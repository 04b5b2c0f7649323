//! What holds for every route (contract.md section 3).

use axum::http::Method;
use serde_json::json;

use super::{
    app::{Rules, WireApp},
    recorded::{Step, answered, call, get, recommended},
};
use crate::support::Answer;

pub const RECORDED: &[Step] = &[
    call("R80", get("/nope"), answered(404, r#"{"detail":"Not Found"}"#)).step(),
    call(
        "R81",
        get("/users/me/").bearer("<SUPERJWT>"),
        // Recorded absolute, made from `Host`; relative means the same to every client (C25).
        answered(307, "").headers(&[("location", "/users/me")]),
    )
    .differs(&[recommended("C25", answered(404, r#"{"detail":"Not Found"}"#))]),
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
async fn every_other_method_is_405_and_allow_tells_the_right_ones() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        for (path, methods) in ROUTES {
            for other in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"] {
                // DELETE /users/me is DELETE /users/{id}.
                if methods.contains(&other) || (path, other) == ("/users/me", "DELETE") {
                    continue;
                }
                let answer = app.request(method(other), path).send().await;
                let body = if other == "HEAD" { "" } else { r#"{"detail":"Method Not Allowed"}"# };
                answer.is(405, body);
                let allow = match rules {
                    Rules::FastapiUsers => methods[0].to_owned(),
                    Rules::Recommended => methods.join(", "),
                };
                assert_eq!(answer.header("allow"), Some(&*allow), "{other} {path}");
                assert_eq!(answer.header("content-type"), Some("application/json"));
            }
        }
    }
}

#[tokio::test]
async fn allow_is_in_405_answers_only() {
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
async fn unknown_paths_are_404_and_there_is_no_list_of_users() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let superuser = app.superuser("mordred@camelot.bt").await;
        for path in ["/", "/nope", "/auth", "/auth/jwt", "/auth/login", "/auth/cookie/login", "/users", "/users/me/x"] {
            for name in ["GET", "POST", "DELETE"] {
                let answer = app.request(method(name), path).bearer(&superuser).send().await;
                answer.is(404, r#"{"detail":"Not Found"}"#);
                assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_superfluous_slash_is_redirected_for_every_route_and_method_or_404() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        for (path, methods) in ROUTES {
            for name in methods.iter().chain(&["PUT"]) {
                let answer = app.request(method(name), &format!("{path}/?a=b&c=%20")).send().await;
                match rules {
                    Rules::FastapiUsers => {
                        answer.is(307, "");
                        assert_eq!(answer.header("location"), Some(&*format!("{path}?a=b&c=%20")));
                        assert_eq!((answer.header("content-type"), answer.header("content-length")), (None, Some("0")));
                    }
                    Rules::Recommended => {
                        answer.is(404, r#"{"detail":"Not Found"}"#);
                        assert_eq!(answer.header("location"), None);
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn json_is_compact_utf_8_and_unknown_keys_are_ignored() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let body = json!({ "email": "arthur@bücher.example", "password": "guinevere", "id": 7, "nope": { "a": [] } });
        let answer = app.post("/auth/register").json(body).send().await;
        let id = app.stored("arthur@bücher.example").await.id.to_string();
        let rest = r#""email":"arthur@bücher.example","is_active":true,"is_superuser":false,"is_verified":false}"#;
        answer.is(201, &format!(r#"{{"id":"{id}",{rest}"#));
        let token = app.login("arthur@bücher.example").await;
        app.patch("/users/me").bearer(&token).json(json!({ "nope": 1 })).send().await.is(200, &answer.text());
        for path in ["forgot-password", "request-verify-token"] {
            let body = json!({ "email": "x@camelot.bt", "nope": null });
            app.post(&format!("/auth/{path}")).json(body).send().await.is(202, "null");
        }
    }
}

#[tokio::test]
async fn only_a_json_type_makes_a_body_json() {
    const ASKED: &str = r#"{"email":"bad"}"#;
    let kind = |answer: &Answer| answer.json()["detail"][0]["type"].as_str().unwrap().to_owned();
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
        let whole = app.post("/auth/register").raw(content_type, ASKED).send().await;
        let loose = app.post("/auth/forgot-password").raw(content_type, ASKED).send().await;
        let wanted = if is_json { ["value_error", "value_error"] } else { ["model_attributes_type", "missing"] };
        assert_eq!([kind(&whole), kind(&loose)], wanted, "{content_type}");
    }
}
