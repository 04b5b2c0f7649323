//! Cookie backends (contract.md sections 6.1 and 8).

use std::time::Duration;

use axum_users::{Backend, Cookie, DatabaseSessions, Jwt, schema::Status, token::SameSite};

use super::{
    app::{GUINEVERE, Rules, WireApp, WireSetup},
    recorded::{Step, call, expected, get, post, recommended},
};

const FORM: &str = "username=king.arthur%40camelot.bt&password=guinevere";
const UNAUTHORIZED: &str = r#"{"detail":"Unauthorized"}"#;
const ARTHUR: &str =
    r#"{"id":"<ARTHUR>","email":"King.Arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false}"#;

/// The backends of the recording: the second cookie has another name and expires with the browser session.
pub fn recorded_backends() -> [Backend; 4] {
    let hour = Cookie::new().max_age(Duration::from_secs(3600));
    [
        Backend::new("cookie", hour, Jwt::new()),
        Backend::bearer("jwt", Jwt::new()),
        Backend::bearer("db", DatabaseSessions::new()),
        Backend::new("cookiedb", Cookie::new().cookie_name("sid"), DatabaseSessions::new()),
    ]
}

pub const LOGIN: &[Step] = &[
    call(
        "R13",
        post("/auth/cookie/login").form(FORM),
        expected(204, "")
            .headers(&[(
                "set-cookie",
                "fastapiusersauth=<COOKIEJWT>; HttpOnly; Max-Age=3600; Path=/; SameSite=lax; Secure",
            )])
            .hooks(&["on_after_login"]),
    )
    .differs(&[recommended(
        "C9",
        expected(204, "")
            .headers(&[(
                "set-cookie",
                "__Host-fastapiusersauth=<COOKIEJWT>; HttpOnly; Max-Age=3600; Path=/; SameSite=lax; Secure",
            )])
            .hooks(&["on_after_login"]),
    )]),
    call(
        "R15",
        post("/auth/cookiedb/login").form(FORM),
        expected(204, "")
            .headers(&[("set-cookie", "sid=<SID>; HttpOnly; Path=/; SameSite=lax; Secure")])
            .hooks(&["on_after_login"]),
    )
    .step(),
    call("a cookie after R13", get("/users/me").cookie("<COOKIE>=<COOKIEJWT>"), expected(200, ARTHUR)).step(),
    call("a cookie after R15", get("/users/me").cookie("a=b; sid=<SID>"), expected(200, ARTHUR)).step(),
];

pub const LOGOUT: &[Step] = &[
    call(
        "R24",
        post("/auth/cookie/logout").cookie("<COOKIE>=<COOKIEJWT>"),
        expected(204, "")
            .headers(&[("set-cookie", "fastapiusersauth=\"\"; HttpOnly; Max-Age=0; Path=/; SameSite=lax; Secure")]),
    )
    .differs(&[recommended(
        "C9", // and C26
        expected(204, "").headers(&[
            ("set-cookie", "__Host-fastapiusersauth=\"\"; HttpOnly; Max-Age=0; Path=/; SameSite=lax; Secure"),
            ("clear-site-data", "\"cache\""),
        ]),
    )]),
    call("the cookie after R24", get("/users/me").cookie("<COOKIE>=<COOKIEJWT>"), expected(200, ARTHUR))
        .differs(&[recommended("C1", expected(401, UNAUTHORIZED))]),
    call("R28", post("/auth/cookie/logout"), expected(401, UNAUTHORIZED)).step(),
];

fn name(rules: Rules) -> &'static str {
    if rules == Rules::FastapiUsers { "fastapiusersauth" } else { "__Host-fastapiusersauth" }
}

async fn cookie_and_bearer(rules: Rules) -> WireApp {
    let backends = [Backend::cookie("cookie", Jwt::new()), Backend::bearer("jwt", Jwt::new())];
    let app = WireSetup::of(rules).backends(backends).start().await;
    app.knight("arthur@camelot.bt", Status::NEW).await;
    app
}

#[tokio::test]
async fn the_cookie_is_parsed_as_upstream_parses_it() {
    for rules in Rules::BOTH {
        let app = cookie_and_bearer(rules).await;
        let form = [("username", "arthur@camelot.bt"), ("password", GUINEVERE)];
        let (token, name) = (app.post("/auth/cookie/login").form(&form).send().await.access_token(), name(rules));
        // Upstream uses the last of two cookies; the recommended policy rejects the ambiguous request (C9).
        let last_of_two = if rules == Rules::FastapiUsers { 200 } else { 401 };
        for (cookie, status) in [
            (format!("{name}={token}"), 200),
            (format!("{name}=\"{token}\""), 200),
            (format!("a=b;{name}={token} ; c"), 200),
            (format!("{name}=nonsense; {name}={token}"), last_of_two),
            (format!("{name}={token}; {name}=nonsense"), 401),
            (format!("{name}={token}; {name}="), 401),
            (format!("{name}="), 401),
            (format!("{name}=\"\""), 401),
            (format!("{name}=nonsense"), 401),
            (format!("{}={token}", name.to_uppercase()), 401),
            (name.to_owned(), 401),
        ] {
            let response = app.get("/users/me").header("cookie", &cookie).send().await;
            assert_eq!(response.status.as_u16(), status, "{cookie} under {rules:?}");
        }
    }
}

#[tokio::test]
async fn cookie_attributes_have_the_order_of_the_wire() {
    let all = || {
        let cookie = Cookie::new().cookie_name("sid").domain("camelot.bt").path("/castle");
        cookie.same_site(SameSite::Strict).max_age(Duration::from_secs(60))
    };
    for rules in Rules::BOTH {
        let app = WireSetup::of(rules).backends([Backend::new("cookie", all(), Jwt::new())]).start().await;
        app.knight("arthur@camelot.bt", Status::NEW).await;
        let form = [("username", "arthur@camelot.bt"), ("password", GUINEVERE)];
        let response = app.post("/auth/cookie/login").form(&form).send().await;
        let token = response.access_token();
        assert_eq!(
            response.header("set-cookie").unwrap(),
            format!("sid={token}; Domain=camelot.bt; HttpOnly; Max-Age=60; Path=/castle; SameSite=strict; Secure")
        );
        let response = app.post("/auth/cookie/logout").cookie("sid", &token).send().await;
        assert_eq!(
            response.header("set-cookie").unwrap(),
            "sid=\"\"; Domain=camelot.bt; HttpOnly; Max-Age=0; Path=/castle; SameSite=strict; Secure"
        );
    }
}

#[tokio::test]
async fn logging_out_with_a_bearer_token_at_a_cookie_backend_clears_the_cookie() {
    for rules in Rules::BOTH {
        let app = cookie_and_bearer(rules).await;
        let token = app.login("arthur@camelot.bt").await;
        let response = app.post("/auth/cookie/logout").bearer(&token).send().await;
        response.is(204, "");
        assert_eq!(response.set_cookie(), Some((name(rules), "\"\"")));
        // A cookie can be logged out at a bearer backend's route, which has no cookie to clear.
        let form = [("username", "arthur@camelot.bt"), ("password", GUINEVERE)];
        let cookie = app.post("/auth/cookie/login").form(&form).send().await.access_token();
        let response = app.post("/auth/jwt/logout").cookie(name(rules), &cookie).send().await;
        response.is(204, "");
        assert_eq!(response.set_cookie(), None);
    }
}

#[tokio::test]
async fn the_upstream_policy_accepts_a_cookie_from_any_origin() {
    for (rules, status) in [(Rules::FastapiUsers, 200), (Rules::Recommended, 403)] {
        let app = cookie_and_bearer(rules).await;
        let token = app.login("arthur@camelot.bt").await;
        let call = app.patch("/users/me").cookie(name(rules), &token).json(serde_json::json!({}));
        let response = call.header("origin", "https://cornwall.bt").header("sec-fetch-site", "cross-site").send().await;
        assert_eq!(response.status.as_u16(), status); // C10
    }
}

#[tokio::test]
async fn a_failed_login_sets_no_cookie() {
    for rules in Rules::BOTH {
        let app = cookie_and_bearer(rules).await;
        for (form, status) in [
            (&[("username", "arthur@camelot.bt"), ("password", "wrong")][..], 400),
            (&[("username", "nobody@camelot.bt"), ("password", GUINEVERE)], 400),
            (&[("username", "arthur@camelot.bt")], 422),
        ] {
            let response = app.post("/auth/cookie/login").form(form).send().await;
            assert_eq!((response.status.as_u16(), response.set_cookie()), (status, None));
        }
    }
}
