//! 422 answers: every problem of a body at once, in the order of its fields (contract.md section 5).

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
async fn malformed_json_is_told_with_the_words_and_the_offset_of_python() {
    let app = WireApp::start(Rules::Recommended).await;
    for (body, offset, error) in [
        ("{", 1, "Expecting property name enclosed in double quotes"),
        ("{,}", 1, "Expecting property name enclosed in double quotes"),
        ("{'a':1}", 1, "Expecting property name enclosed in double quotes"),
        (r#"{"a":1,}"#, 7, "Expecting property name enclosed in double quotes"),
        (r#"{"a" 1}"#, 5, "Expecting ':' delimiter"),
        (r#"{"a"}"#, 4, "Expecting ':' delimiter"),
        (r#"{"a":1 "b":2}"#, 7, "Expecting ',' delimiter"),
        (r#"{"a":01}"#, 6, "Expecting ',' delimiter"),
        ("[1 2]", 3, "Expecting ',' delimiter"),
        (r#"{"é":}"#, 5, "Expecting value"),
        (r#"{"a":tru}"#, 5, "Expecting value"),
        ("[1,]", 3, "Expecting value"),
        ("[", 1, "Expecting value"),
        ("nul", 0, "Expecting value"),
        (" ", 1, "Expecting value"),
        (r#"{"a":1} x"#, 8, "Extra data"),
        ("{\"a\":\"\u{1}\"}", 6, "Invalid control character at"),
        (r#"{"a":"\x"}"#, 6, r"Invalid \escape"),
        (r#"{"a":"\u12"}"#, 7, r"Invalid \uXXXX escape"),
        (r#"{"email": "b"#, 10, "Unterminated string starting at"),
    ] {
        let problem = json!({ "type": "json_invalid", "loc": ["body", offset], "msg": "JSON decode error", "input": {},
            "ctx": { "error": error } });
        for path in ["/auth/register", "/auth/verify"] {
            let answer = app.post(path).raw("application/json", body).send().await;
            assert_eq!((answer.status.as_u16(), answer.json()), (422, json!({ "detail": [problem] })), "{body}");
        }
    }
}

#[tokio::test]
async fn every_problem_is_told_at_once_and_no_secret_is_echoed() {
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
            let answer = app.post(path).raw("application/json", body).send().await;
            assert_eq!((answer.status.as_u16(), answer.json()), (422, json!({ "detail": problems })), "{path} {body}");
            assert_eq!(answer.header("content-type"), Some("application/json"));
        }
        for (body, problems) in [
            ("", json!([{ "type": "missing", "loc": ["body"], "msg": "Field required", "input": null }])),
            ("null", json!([no_object()])),
            (
                r#"{"email":1,"password":["hunter2"]}"#,
                json!([no_string("password", Value::Null), no_string("email", json!(1))]),
            ),
        ] {
            let answer = app.patch("/users/me").bearer(&token).raw("application/json", body).send().await;
            assert_eq!((answer.status.as_u16(), answer.json()), (422, json!({ "detail": problems })), "{body}");
        }
    }
}

#[tokio::test]
async fn what_has_two_readings_is_refused() {
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
