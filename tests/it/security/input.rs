//! Input handling behind the HTTP server (OWASP ASVS 1.1, 1.5, 15.3).
//! The parsers have their own tests with random input.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::wire_bytes::{exchange, status};
use crate::support::{PASSWORD, TestApp};

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn double_encoding_stays_encoded() {
    const NAME: &str = "%3Cb%3E &lt;b&gt; %2500 \\u0041 + =?utf-8?q?a?=";
    let app = TestApp::start().await;
    let body = json!({ "email": "a%40b@camelot.bt", "password": "%70ass%2Bword%00", "first_name": NAME });
    let registered = app.post("/auth/register").json(body).send().await;
    assert_eq!((registered.status.as_u16(), &registered.json()["first_name"]), (201, &json!(NAME)));
    assert_eq!(app.stored("a%40b@camelot.bt").await.first_name.as_deref(), Some(NAME));

    app.login("a%40b@camelot.bt", "%70ass%2Bword%00").await;
    assert_eq!(app.try_login("a@b@camelot.bt", "%70ass%2Bword%00").await.status, 400);
    assert_eq!(app.try_login("a%40b@camelot.bt", "pass+word\0").await.status, 400);
    // A path is decoded once, so an id that is encoded twice is invalid.
    let king = app.superuser("uther@camelot.bt").await;
    let id = registered.json()["id"].as_str().unwrap().to_owned();
    let once = format!("%{:02x}{}", id.as_bytes()[0], &id[1..]);
    let twice = once.replace('%', "%25");
    assert_eq!(app.get(&format!("/users/{once}")).bearer(&king).send().await.status, 200);
    assert_eq!(app.get(&format!("/users/{twice}")).bearer(&king).send().await.status, 404);
}

#[tokio::test]
async fn html_and_quotes_round_trip() {
    let app = TestApp::start().await;
    let token = app.member("arthur@camelot.bt").await;
    for name in [
        "<script>alert(1)</script>",
        r#"'"`; -- \" \\ {{7*7}} ${7*7} %s"#,
        "</title>&amp;&lt;\u{2028}\u{2029}\u{202e}",
        "line one\nline two\ttab",
        "😀 Ä ä ﷽",
        " spaces around ",
        "null",
        "",
    ] {
        let changed = app.patch("/users/me").bearer(&token).json(json!({ "first_name": name })).send().await;
        assert_eq!(changed.json()["first_name"], name, "{changed:?}");
        assert_eq!(app.me(&token).await.json()["first_name"], name);
        assert_eq!(app.stored("arthur@camelot.bt").await.first_name.as_deref(), Some(name));
        assert_eq!(changed.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn no_control_characters_reach_sinks() {
    let app = TestApp::start().await;
    let token = app.member("arthur@camelot.bt").await;
    let controls = (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32).filter(|c| !matches!(c, '\t' | '\n' | '\r'));
    for c in controls {
        let name = json!({ "first_name": format!("Ar{c}thur") });
        assert_eq!(app.patch("/users/me").bearer(&token).json(name).send().await.status, 422, "{c:?}");
        // Spaces around an address are removed, at registration as at login; some of them are control characters.
        let login = app.try_login(&format!("arthur@camelot.bt{c}"), PASSWORD).await;
        assert_eq!(login.status, if c.is_whitespace() { 200 } else { 400 }, "{c:?}");
        assert_eq!(app.try_login(&format!("art{c}hur@camelot.bt"), PASSWORD).await.status, 400, "{c:?}");
    }
    for c in ['\0', '\r', '\n', '\t', '\u{1b}', '\u{85}', '\u{2028}'] {
        for email in
            [format!("a{c}b@camelot.bt"), format!("ab@camelot.bt{c}Bcc: all@camelot.bt"), format!("ab@came{c}lot.bt")]
        {
            let body = json!({ "email": email, "password": PASSWORD });
            assert_eq!(app.post("/auth/register").json(body).send().await.status, 422, "{email:?}");
            assert_eq!(app.patch("/users/me").bearer(&token).json(json!({ "email": email })).send().await.status, 422);
            assert_eq!(app.post("/auth/forgot-password").json(json!({ "email": email })).send().await.status, 422);
        }
    }
    let hooks: Vec<_> = app.hooks.calls().into_iter().filter_map(|called| called.email).collect();
    assert!(hooks.iter().all(|email| !email.contains(char::is_control)), "{hooks:?}");
}

#[tokio::test]
async fn deep_json_refused() {
    let app = TestApp::start().await;
    let token = app.member("arthur@camelot.bt").await;
    let nested = |depth: usize| format!("{{\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(app.patch("/users/me").bearer(&token).raw("application/json", nested(31)).send().await.status, 200);
    for body in [nested(32), nested(8_000), "[".repeat(16_000), "{\"x\":".repeat(3_000)] {
        for path in ["/auth/register", "/auth/forgot-password", "/auth/reset-password", "/auth/verify"] {
            let response = app.post(path).raw("application/json", body.clone()).send().await;
            assert_eq!(response.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        }
        let response = app.patch("/users/me").bearer(&token).raw("application/json", body).send().await;
        assert_eq!(response.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn ambiguous_requests_refused() {
    let app = TestApp::start().await;
    let token = app.member("arthur@camelot.bt").await;
    let mordred = app.member("mordred@camelot.bt").await;
    // Duplicate keys are rejected, also if their escapes differ.
    for body in [
        r#"{"first_name":"a","first_name":"b"}"#,
        r#"{"first_name":"a","first\u005fname":"b"}"#,
        r#"{"is_superuser":false,"is_superuser":true}"#,
        r#"{"x":{"y":1,"y":2}}"#,
    ] {
        let response = app.patch("/users/me").bearer(&token).raw("application/json", body).send().await;
        assert_eq!(response.status, 422, "{body}");
    }
    // Two token headers are rejected, and a token in a query, cookie or body is ignored.
    let twice = app.get("/users/me").bearer(&token).bearer(&mordred).send().await;
    assert_eq!(twice.status, 401);
    let elsewhere = format!("/users/me?access_token={token}&token={token}");
    let call = app.get(&elsewhere).header("cookie", &format!("fastapiusersauth={token}"));
    assert_eq!(call.header("x-access-token", &token).send().await.status, 401);
    let form = [("access_token", token.as_str())];
    assert_eq!(app.post("/auth/jwt/logout").form(&form).send().await.status, 401);
    // A query does not extend a body, and no header overrides the method.
    let call = app.post("/auth/register?email=query@camelot.bt&password=a+long+sword+of+steel");
    assert_eq!(call.json(json!({})).send().await.status, 422);
    let call =
        app.get("/users/me").bearer(&token).header("x-http-method-override", "DELETE").header("x-method", "PATCH");
    assert_eq!(call.send().await.status, 200);
    // Two values of one form parameter.
    let good = "username=arthur%40camelot.bt&password=a+long+sword+of+steel";
    let login = async |body: String| app.post("/auth/jwt/login").raw(FORM, body).send().await;
    assert_eq!(login(good.to_owned()).await.status, 200);
    for twice in ["username=arthur%40camelot.bt", "password=x", "scope=a&scope=b", "client_id=a&client_id=b"] {
        let response = login(format!("{good}&{twice}")).await;
        assert_eq!(response.status, 422, "{twice}");
        assert_eq!(response.json()["detail"][0]["type"], "value_error", "{response:?}");
        assert!(!response.text().contains("steel"), "{response:?}");
    }
    // Two content types for one body.
    let call = app.patch("/users/me").bearer(&token).header("content-type", "text/plain");
    let call = call.raw("application/json", r#"{"first_name":"x"}"#);
    assert_eq!(call.send().await.status, 422);

    // Request smuggling: two lengths, or an invalid length.
    let request = |headers: &str, body: &str| {
        format!(
            "POST /auth/forgot-password HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}\r\n{body}"
        )
    };
    let body = r#"{"email":"arthur@camelot.bt"}"#;
    let length = body.len();
    assert_eq!(
        status(&exchange(&app, request(&format!("content-length: {length}\r\n"), body).as_bytes()).await),
        Some(202)
    );
    for headers in [
        format!("content-length: {length}\r\ncontent-length: 5\r\n"),
        "content-length: -1\r\n".to_owned(),
        "content-length: +29\r\n".to_owned(),
        "content-length: 0x1d\r\n".to_owned(),
        "transfer-encoding: chunked, identity\r\n".to_owned(),
        "transfer-encoding: xchunked\r\n".to_owned(),
        format!("content-length : {length}\r\n"),
    ] {
        let response = exchange(&app, request(&headers, body).as_bytes()).await;
        let status = status(&response);
        assert!(matches!(status, None | Some(400..500)), "{headers:?}: {response}");
    }
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_refused_wherever_text_is_read() {
    const PARTS: &str = "multipart/form-data; boundary=X";
    const UNREADABLE: &str = r#"{"detail":"There was an error parsing the body"}"#;
    let app = TestApp::start().await;
    // The replacement character, to which lossy decoding would turn the wrong bytes.
    let body = json!({ "email": "arthur@camelot.bt", "password": format!("{PASSWORD}\u{fffd}") });
    assert_eq!(app.post("/auth/register").json(body).send().await.status, 201);
    let login = "/auth/jwt/login";
    let part = |name: &str| format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
    let in_parts = format!("{}arthur@camelot.bt\r\n{}{PASSWORD}", part("username"), part("password"));
    let in_form = "username=arthur@camelot.bt&password=a+long+sword+of+steel";
    let in_json = r#"{"email":"lancelot@camelot.bt","password":"a long sword of steel"#;
    for (path, content_type, before, after) in [
        (login, FORM, in_form, ""),
        (login, PARTS, &*in_parts, "\r\n--X--\r\n"),
        ("/auth/register", "application/json", in_json, "\"}"),
        ("/auth/forgot-password", "application/json", r#"{"email":"arthur@camelot.bt"#, "\"}"),
        ("/auth/reset-password", "application/json", r#"{"password":"a long sword of iron","token":""#, "\"}"),
    ] {
        let body = [before.as_bytes(), b"\xff", after.as_bytes()].concat();
        app.post(path).raw(content_type, body).send().await.is(400, UNREADABLE);
    }
    app.post(login).raw(FORM, format!("{in_form}%ff")).send().await.is(400, UNREADABLE);
    assert_eq!(app.post(login).raw(FORM, format!("{in_form}%EF%BF%BD")).send().await.status, 200);
    // Headers and paths.
    let king = app.superuser("uther@camelot.bt").await;
    assert_eq!(app.get("/users/%ff").bearer(&king).send().await.status, 404);
    let me = |header: &[u8]| {
        [b"GET /users/me HTTP/1.1\r\nhost: a\r\nconnection: close\r\n", header, king.as_bytes(), b"\xff\r\n\r\n"]
            .concat()
    };
    for header in [&b"authorization: Bearer "[..], b"cookie: __Host-fastapiusersauth="] {
        assert_eq!(status(&exchange(&app, &me(header)).await), Some(401));
    }
}

#[tokio::test]
async fn no_type_juggling() {
    let app = TestApp::start().await;
    let king = app.superuser("uther@camelot.bt").await;
    let arthur = app.register("arthur@camelot.bt").await;
    let path = format!("/users/{}", arthur["id"].as_str().unwrap());
    let before = format!("{:?}", app.stored("arthur@camelot.bt").await);
    for body in [
        json!({ "first_name": 1 }),
        json!({ "first_name": true }),
        json!({ "first_name": ["Arthur"] }),
        json!({ "first_name": { "toString": "Arthur" } }),
        json!({ "email": ["new@camelot.bt"] }),
        json!({ "email": { "$ne": "" } }),
        json!({ "password": 12_345_678 }),
        json!({ "password": ["a long sword of iron"] }),
        json!({ "quota": "12" }),
        json!({ "quota": 1.5 }),
        json!({ "quota": true }),
        json!({ "quota": 9_223_372_036_854_775_808_u64 }),
        json!({ "is_superuser": 2 }),
        json!({ "is_superuser": "wahr" }),
        json!({ "is_superuser": [true] }),
        json!({ "is_superuser": {} }),
    ] {
        let response = app.patch(&path).bearer(&king).json(body.clone()).send().await;
        assert_eq!(response.status, 422, "{body}: {response:?}");
    }
    assert_eq!(format!("{:?}", app.stored("arthur@camelot.bt").await), before);
    let tokens: [Value; 5] = [json!(1), json!(null), json!({}), json!([]), json!(true)];
    for token in tokens {
        assert_eq!(app.post("/auth/verify").json(json!({ "token": token })).send().await.status, 422);
        let body = json!({ "token": token, "password": PASSWORD });
        assert_eq!(app.post("/auth/reset-password").json(body).send().await.status, 422);
    }
}

#[tokio::test]
async fn null_never_written() {
    let app = TestApp::start().await;
    let king = app.superuser("uther@camelot.bt").await;
    let path = format!("/users/{}", app.register("arthur@camelot.bt").await["id"].as_str().unwrap());
    let before = format!("{:?}", app.stored("arthur@camelot.bt").await);
    for key in ["email", "is_active", "is_superuser", "is_verified", "quota"] {
        let response = app.patch(&path).bearer(&king).json(json!({ key: null })).send().await;
        assert_eq!(response.status, 422, "{key}: {response:?}");
    }
    // A null password is ignored, as on the wire, and a nullable column is set to NULL.
    let ignored = json!({ "password": null, "first_name": null });
    assert_eq!(app.patch(&path).bearer(&king).json(ignored).send().await.status, 200);
    assert_eq!(format!("{:?}", app.stored("arthur@camelot.bt").await), before);
    app.login("arthur@camelot.bt", PASSWORD).await;
    for body in [json!({ "email": null, "password": PASSWORD }), json!({ "email": "a@camelot.bt", "password": null })] {
        assert_eq!(app.post("/auth/register").json(body).send().await.status, 422);
    }
}
