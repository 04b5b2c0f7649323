//! 422 responses: every problem of a body at once, in the order of its fields (contract.md section 5).

use serde_json::{Value, json};

use super::app::{Rules, WireApp};

fn missing(field: &str) -> Value {
    json!({ "type": "missing", "loc": ["body", field], "msg": "Field required", "input": null })
}

fn no_string(field: &str, input: Value) -> Value {
    json!({ "type": "string_type", "loc": ["body", field], "msg": "Input should be a valid string", "input": input })
}

fn no_object() -> Value {
    json!({ "type": "model_attributes_type", "loc": ["body"],
        "msg": "Input should be a valid dictionary or object to extract fields from", "input": null })
}

#[tokio::test]
async fn malformed_json_is_rejected_with_an_offset() {
    let app = WireApp::start(Rules::Recommended).await;
    for (body, offset) in [
        ("{", 1),
        ("{,}", 1),
        ("{'a':1}", 1),
        (r#"{"a":1,}"#, 7),
        (r#"{"a" 1}"#, 5),
        (r#"{"a":1 "b":2}"#, 7),
        ("[1 2]", 3),
        (r#"{"é":}"#, 5),
        ("[1,]", 3),
        ("[", 1),
        (" ", 1),
        (r#"{"a":1} x"#, 8),
        (r#"{"email": "b"#, 12),
        (r#"{"email":1,"email":2}"#, 17),
    ] {
        for path in ["/auth/register", "/auth/verify"] {
            let response = app.post(path).raw("application/json", body).send().await;
            let error = response.json()["detail"][0]["ctx"]["error"].clone();
            assert!(error.as_str().is_some_and(|error| !error.is_empty()), "{body}: {response:?}");
            let problem = json!({ "type": "json_invalid", "loc": ["body", offset], "msg": "JSON decode error",
                "input": {}, "ctx": { "error": error } });
            assert_eq!((response.status.as_u16(), response.json()), (422, json!({ "detail": [problem] })), "{body}");
        }
    }
}

#[tokio::test]
async fn every_problem_is_reported_at_once_and_no_secret_is_echoed() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let token = app.member("arthur@camelot.bt").await;
        for (path, body, problems) in [
            (
                "/auth/register",
                "",
                json!([{ "type": "missing", "loc": ["body"], "msg": "Field required", "input": null }]),
            ),
            ("/auth/register", "null", json!([no_object()])),
            ("/auth/register", "[]", json!([no_object()])),
            ("/auth/register", "\"hunter2\"", json!([no_object()])),
            (
                "/auth/register",
                r#"{"email":null,"password":null}"#,
                json!([no_string("email", Value::Null), no_string("password", Value::Null)]),
            ),
            (
                "/auth/register",
                r#"{"password":["hunter2"],"email":7}"#,
                json!([no_string("email", json!(7)), no_string("password", Value::Null)]),
            ),
            ("/auth/register", r#"{"email":{"a":"hunter2"},"password":"p"}"#, json!([no_string("email", Value::Null)])),
            ("/auth/forgot-password", "", json!([missing("email")])),
            ("/auth/forgot-password", "[]", json!([missing("email")])),
            ("/auth/forgot-password", r#"{"email":null}"#, json!([no_string("email", Value::Null)])),
            ("/auth/forgot-password", r#"{"email":5}"#, json!([no_string("email", json!(5))])),
            ("/auth/request-verify-token", "null", json!([missing("email")])),
            ("/auth/verify", "{}", json!([missing("token")])),
            ("/auth/verify", r#"{"token":null}"#, json!([no_string("token", Value::Null)])),
            ("/auth/verify", r#"{"token":12345}"#, json!([no_string("token", Value::Null)])),
            ("/auth/reset-password", "", json!([missing("token"), missing("password")])),
            ("/auth/reset-password", r#"{"password":"hunter2"}"#, json!([missing("token")])),
            ("/auth/reset-password", r#"{"password":7,"token":"x"}"#, json!([no_string("password", Value::Null)])),
        ] {
            let response = app.post(path).raw("application/json", body).send().await;
            assert_eq!(
                (response.status.as_u16(), response.json()),
                (422, json!({ "detail": problems })),
                "{path} {body}"
            );
            assert_eq!(response.header("content-type"), Some("application/json"));
        }
        for (body, problems) in [
            ("", json!([{ "type": "missing", "loc": ["body"], "msg": "Field required", "input": null }])),
            ("null", json!([no_object()])),
            (
                r#"{"email":1,"password":["hunter2"]}"#,
                json!([no_string("password", Value::Null), no_string("email", json!(1))]),
            ),
        ] {
            let response = app.patch("/users/me").bearer(&token).raw("application/json", body).send().await;
            assert_eq!((response.status.as_u16(), response.json()), (422, json!({ "detail": problems })), "{body}");
        }
    }
}

#[tokio::test]
async fn ambiguous_bodies_are_rejected() {
    let app = WireApp::start(Rules::Recommended).await;
    for body in [
        r#"{"email":"a@camelot.bt","email":"b@camelot.bt","password":"guinevere"}"#,
        r#"{"email":"a@camelot.bt","password":"guinevere","x":{"y":1,"y":2}}"#,
        r#"{"email":"a@camelot.bt","password":"guinevere","x":NaN}"#,
        r#"{"email":"a@camelot.bt","password":"\ud800"}"#,
    ] {
        assert_eq!(app.post("/auth/register").raw("application/json", body).send().await.status, 422, "{body}");
    }
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(app.post("/auth/register").raw("application/json", deep).send().await.status, 422);
    let bytes = &b"{\"email\":\"\xff\"}"[..];
    let unreadable = app.post("/auth/register").raw("application/json", bytes).send().await;
    unreadable.is(400, r#"{"detail":"There was an error parsing the body"}"#);
}
