//! `POST /auth/jwt/login` (contract.md 6.1).

use axum_users::schema::Status;
use serde_json::json;

use super::{
    app::{GUINEVERE, Rules, WireApp, WireSetup},
    recorded::{Step, call, expected, post},
};

pub const RECORDED: &[Step] = &[
    call(
        "R12",
        post("/auth/jwt/login").form("username=king.arthur%40camelot.bt&password=guinevere"),
        expected(200, r#"{"access_token":"<JWT>","token_type":"bearer"}"#).hooks(&["on_after_login"]),
    )
    .step(),
    call(
        "R17",
        post("/auth/jwt/login").form("username=king.arthur%40camelot.bt&password=x"),
        expected(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#),
    )
    .step(),
    call(
        "R18",
        post("/auth/jwt/login").form("username=nobody%40camelot.bt&password=x"),
        expected(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#),
    )
    .step(),
    Step::Sql("UPDATE user SET is_active = 0 WHERE email = 'mordred@camelot.bt'"),
    call(
        "R19",
        post("/auth/jwt/login").form("username=mordred%40camelot.bt&password=guinevere"),
        expected(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#),
    )
    .step(),
    call(
        "R20",
        post("/auth/jwt/login").form("username=king.arthur%40camelot.bt&password="),
        expected(422, r#"{"detail":[{"type":"missing","loc":["body","password"],"msg":"Field required","input":null}]}"#),
    )
    .step(),
    call(
        "R21",
        post("/auth/jwt/login")
            .form("username=king.arthur%40camelot.bt&password=guinevere&grant_type=client_credentials"),
        expected(
            422,
            r#"{"detail":[{"type":"string_pattern_mismatch","loc":["body","grant_type"],"msg":"String should match pattern '^password$'","input":"client_credentials","ctx":{"pattern":"^password$"}}]}"#,
        ),
    )
    .step(),
    call(
        "R22",
        post("/auth/jwt/login").json(r#"{"username":"king.arthur@camelot.bt","password":"guinevere"}"#),
        expected(
            422,
            r#"{"detail":[{"type":"missing","loc":["body","username"],"msg":"Field required","input":null},{"type":"missing","loc":["body","password"],"msg":"Field required","input":null}]}"#,
        ),
    )
    .step(),
];

const BAD_CREDENTIALS: &str = r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#;

#[tokio::test]
async fn the_login_form_is_parsed_as_fastapi_parses_it() {
    const URL_ENCODED: &str = "application/x-www-form-urlencoded";
    const MULTIPART: &str = "multipart/form-data; boundary=X";
    let missing =
        |field: &str| json!({ "type": "missing", "loc": ["body", field], "msg": "Field required", "input": null });
    let grant = |input: &str| {
        json!({ "type": "string_pattern_mismatch", "loc": ["body", "grant_type"],
            "msg": "String should match pattern '^password$'", "input": input, "ctx": { "pattern": "^password$" } })
    };
    let part =
        |name: &str, value: &str| format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let good = "username=arthur@camelot.bt&password=lady+guinevere";
    let in_parts = part("username", "arthur@camelot.bt") + &part("password", "lady guinevere");
    let app = WireApp::start(Rules::FastapiUsers).await;
    app.try_register("arthur@camelot.bt", "lady guinevere").await;
    for (content_type, body, problems) in [
        (URL_ENCODED, good.to_owned(), vec![]),
        (URL_ENCODED, "username=arthur%40camelot.bt&password=lady%20guinevere".to_owned(), vec![]),
        ("Application/X-WWW-Form-Urlencoded; charset=utf-8", good.to_owned(), vec![]),
        (MULTIPART, format!("{in_parts}--X--\r\n"), vec![]),
        (URL_ENCODED, format!("{good}&grant_type=password&scope=a+b&client_id=x&client_secret=y&more=z"), vec![]),
        (URL_ENCODED, format!("{good}&grant_type="), vec![]),
        (URL_ENCODED, format!("username=x&password=y&{good}"), vec![]),
        (URL_ENCODED, format!("grant_type=x&{good}&grant_type=password"), vec![]),
        (URL_ENCODED, format!("{good}&grant_type=Password"), vec![grant("Password")]),
        (URL_ENCODED, format!("{good}&grant_type=authorization_code"), vec![grant("authorization_code")]),
        (URL_ENCODED, format!("{good}&password="), vec![missing("password")]),
        (URL_ENCODED, format!("{good}&username="), vec![missing("username")]),
        (URL_ENCODED, "grant_type=x".to_owned(), vec![grant("x"), missing("username"), missing("password")]),
        (URL_ENCODED, String::new(), vec![missing("username"), missing("password")]),
        (URL_ENCODED, "username=arthur@camelot.bt;password=x".to_owned(), vec![missing("password")]),
        (MULTIPART, format!("{}--X--\r\n", part("username", "")), vec![missing("username"), missing("password")]),
        (MULTIPART, String::new(), vec![missing("username"), missing("password")]),
        ("text/plain", good.to_owned(), vec![missing("username"), missing("password")]),
        ("", good.to_owned(), vec![missing("username"), missing("password")]),
    ] {
        let response = app.post("/auth/jwt/login").raw(content_type, body.clone()).send().await;
        if problems.is_empty() {
            assert_eq!(response.status, 200, "{content_type} {body}: {response:?}");
        } else {
            assert_eq!(response.status, 422, "{content_type} {body}");
            assert_eq!(response.json(), json!({ "detail": problems }), "{content_type} {body}");
        }
    }
    let in_query = app.post(&format!("/auth/jwt/login?{good}")).send().await;
    assert_eq!(in_query.json(), json!({ "detail": [missing("username"), missing("password")] }));
}

#[tokio::test]
async fn client_authentication_is_ignored() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        app.knight("arthur@camelot.bt", Status::NEW).await;
        let call = app.post("/auth/jwt/login").header("authorization", "Basic eDp5");
        let response = call.form(&[("username", "arthur@camelot.bt"), ("password", GUINEVERE)]).send().await;
        assert_eq!(response.status, 200);
    }
}

#[tokio::test]
async fn every_failed_login_gets_the_same_response() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        app.knight("arthur@camelot.bt", Status::NEW).await;
        app.knight("mordred@camelot.bt", Status { is_active: false, is_verified: true, is_superuser: true }).await;
        for (email, password) in [
            ("nobody@camelot.bt", GUINEVERE),
            ("arthur@camelot.bt", "wrong"),
            ("arthur@camelot.bt", "Guinevere"),
            ("arthur@camelot.bt", "guinevere "),
            ("mordred@camelot.bt", GUINEVERE),
            ("mordred@camelot.bt", "wrong"),
            ("arthur\0@camelot.bt", GUINEVERE),
        ] {
            let response = app.try_login(email, password).await;
            response.is(400, BAD_CREDENTIALS);
            assert_eq!(response.header("www-authenticate"), None);
        }
    }
}

#[tokio::test]
async fn an_unverified_user_cannot_log_in_if_verification_is_required() {
    for rules in Rules::BOTH {
        let app = WireSetup::of(rules).policy(|policy| policy.require_verification(true)).start().await;
        app.knight("arthur@camelot.bt", Status::NEW).await;
        app.knight("mordred@camelot.bt", Status { is_active: false, ..Status::NEW }).await;
        app.knight("lancelot@camelot.bt", Status { is_verified: true, ..Status::NEW }).await;
        app.try_login("arthur@camelot.bt", GUINEVERE).await.is(400, r#"{"detail":"LOGIN_USER_NOT_VERIFIED"}"#);
        app.try_login("arthur@camelot.bt", "wrong").await.is(400, BAD_CREDENTIALS);
        app.try_login("mordred@camelot.bt", GUINEVERE).await.is(400, BAD_CREDENTIALS);
        assert_eq!(app.try_login("lancelot@camelot.bt", GUINEVERE).await.status, 200);
        let hooks: Vec<_> = app.journal.take().into_iter().map(|called| called.hook).collect();
        assert_eq!(hooks.iter().filter(|hook| **hook == "on_after_login").count(), 1, "{hooks:?}");
    }
}

#[tokio::test]
async fn the_login_hook_can_add_headers_and_cookies_to_the_response() {
    let app = WireApp::start(Rules::Recommended).await;
    app.knight("arthur@camelot.bt", Status::NEW).await;
    let call = app.post("/auth/jwt/login").header("x-ask-hook", "please");
    let response = call.form(&[("username", "arthur@camelot.bt"), ("password", GUINEVERE)]).send().await;
    assert_eq!((response.header("x-hook"), response.header("set-cookie")), (Some("was here"), Some("from=hook")));
    assert_eq!(response.json()["token_type"], "bearer");
}
