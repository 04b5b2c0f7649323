//! Logging in.

use axum_users::{
    Backend, Bearer, Jwt, Policy, RequestContext,
    env::BoxFuture,
    extract::{Gate, Verdict},
    schema::Status,
    token::{EmailCode, MagicLink},
};
use serde_json::json;

use super::{ARTHUR, OTHER, verify, verify_token};
use crate::support::{PASSWORD, Response, Setup, TestApp, User, UserCreate};

const BAD: &str = r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#;

/// Returns a response without the `date` header.
fn without_date(mut response: Response) -> Response {
    response.headers.remove("date");
    response
}

#[tokio::test]
async fn one_answer_for_all_failures() {
    for policy in [Policy::recommended(), Policy::fastapi_users()] {
        let app = TestApp::with_policy(policy).await;
        let create = |email: &str| UserCreate { email: email.into(), password: PASSWORD.into(), first_name: None };
        app.register(ARTHUR).await;
        let inactive = Status { is_active: false, ..Status::NEW };
        app.users.create(create("inactive@camelot.bt"), inactive).await.unwrap();
        app.users.create_without_password(create("invited@camelot.bt"), Status::NEW).await.unwrap();
        let suspended = app.users.create(create("suspended@camelot.bt"), Status::NEW).await.unwrap();
        app.users.suspend(suspended.id, None, Some("spam")).await.unwrap();

        let unknown = without_date(app.try_login("nobody@camelot.bt", PASSWORD).await);
        unknown.is(400, BAD);
        for (email, password) in [
            (ARTHUR, OTHER),
            (ARTHUR, "x"),
            ("inactive@camelot.bt", PASSWORD),
            ("inactive@camelot.bt", OTHER),
            ("invited@camelot.bt", PASSWORD),
            ("suspended@camelot.bt", PASSWORD),
            ("suspended@camelot.bt", OTHER),
            ("not an address", PASSWORD),
            ("\u{0}", PASSWORD),
            (&format!("{}@camelot.bt", "a".repeat(3000)), PASSWORD),
        ] {
            assert_eq!(without_date(app.try_login(email, password).await), unknown, "{email:?}");
        }
        app.login(ARTHUR, PASSWORD).await;
    }
}

#[tokio::test]
async fn other_grants_refused() {
    let app = TestApp::start().await;
    app.register(ARTHUR).await;
    let login = async |extra: &[(&str, &str)]| {
        let fields = [&[("username", ARTHUR), ("password", PASSWORD)], extra].concat();
        app.post("/auth/jwt/login").form(&fields).send().await
    };
    for grant in ["client_credentials", "authorization_code", "refresh_token", "implicit", "PASSWORD", "password "] {
        let response = login(&[("grant_type", grant)]).await;
        assert_eq!(response.status, 422, "{grant} {response:?}");
        assert!(!response.text().contains("access_token") && !response.text().contains(PASSWORD), "{response:?}");
    }
    // The password grant determines only the form: clients and scopes are ignored, and there is no refresh token.
    for extra in [&[("grant_type", "password")][..], &[("client_id", "x"), ("client_secret", "y"), ("scope", "admin")]]
    {
        let response = login(extra).await;
        let response: Vec<_> = response.json().as_object().unwrap().keys().cloned().collect();
        assert_eq!(response, ["access_token", "token_type"]);
    }
    for path in ["/auth/token", "/token", "/auth/jwt/token", "/oauth/token", "/authorize", "/auth/authorize"] {
        assert_eq!(app.post(path).form(&[("grant_type", "password")]).send().await.status, 404, "{path}");
        assert_eq!(app.get(path).send().await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn form_kinds_and_limits() {
    let app = TestApp::start().await;
    app.register(ARTHUR).await;
    let part = |disposition: &str, value: &str| {
        format!("--X\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}\r\n")
    };
    let multipart = |parts: &[String]| parts.concat() + "--X--\r\n";
    let send = async |content_type: &str, body: String| {
        app.post("/auth/jwt/login").raw(content_type, body).send().await.status.as_u16()
    };
    const MULTIPART: &str = "multipart/form-data; boundary=X";
    let (name, word) = (part("name=\"username\"", ARTHUR), part("name=\"password\"", PASSWORD));
    assert_eq!(send(MULTIPART, multipart(&[name.clone(), word.clone()])).await, 200);
    let file = part("name=\"password\"; filename=\"p.txt\"", PASSWORD);
    assert_eq!(send(MULTIPART, multipart(&[name.clone(), file])).await, 422, "text parts only");
    let big = part("name=\"note\"", &"x".repeat(17 * 1024));
    assert_eq!(send(MULTIPART, multipart(&[name, word, big])).await, 413);

    let form = format!("username={ARTHUR}&password={}", PASSWORD.replace(' ', "+"));
    const FORM: &str = "application/x-www-form-urlencoded";
    assert_eq!(send(FORM, form.clone()).await, 200);
    assert_eq!(send(FORM, format!("{form}&note={}", "x".repeat(17 * 1024))).await, 413);
    for other in ["application/json", "text/plain", ""] {
        assert_eq!(send(other, form.clone()).await, 422, "{other}");
    }
}

/// A login gate that rejects users with a note.
struct NoNote;

impl Gate<User> for NoNote {
    fn name(&self) -> &'static str {
        "no note"
    }

    fn check<'a>(&'a self, user: &'a User, _: &'a RequestContext) -> BoxFuture<'a, Verdict> {
        let verdict = if user.note.is_empty() { Verdict::Open } else { Verdict::Closed("LOGIN_BLOCKED") };
        Box::pin(std::future::ready(verdict))
    }
}

#[tokio::test]
async fn every_path_runs_the_same_gate() {
    let app = TestApp::with(Setup {
        policy: Policy::recommended().require_verification(true),
        backend: vec![
            Backend::bearer("jwt", Jwt::new()),
            Backend::new("other", Bearer, Jwt::new().audience(["other"])),
        ],
        builder: Box::new(|builder| builder.gate(NoNote).magic_link(MagicLink::new()).email_code(EmailCode::new())),
        ..Setup::default()
    })
    .await;
    app.register(ARTHUR).await;
    let pool = app.sqlite().await;
    // Secrets that were mailed while the account was usable. A refusal by a gate does not use them up.
    let by_mail = async |mailed: &Mailed, status: u16, codes: [&str; 2]| {
        let link = app.post("/auth/other/magic-link/redeem").json(json!({ "token": mailed.link })).send().await;
        let code = json!({ "request_id": mailed.request, "code": mailed.code });
        let code = app.post("/auth/jwt/email-code/redeem").json(code).send().await;
        for (response, code) in [link, code].into_iter().zip(codes) {
            assert_eq!(response.status, status, "{response:?}");
            assert!(response.text().contains(code), "{response:?}");
        }
    };
    let everywhere = async |status: u16, code: &str| {
        for backend in ["jwt", "other"] {
            let form = [("username", ARTHUR), ("password", PASSWORD)];
            let response = app.post(&format!("/auth/{backend}/login")).form(&form).send().await;
            assert_eq!(response.status, status, "{backend} {response:?}");
            assert!(response.text().contains(code), "{backend} {response:?}");
        }
    };
    everywhere(400, "LOGIN_USER_NOT_VERIFIED").await;
    let token = verify_token(&app, ARTHUR).await;
    assert_eq!(verify(&app, &token).await.status, 200);
    everywhere(200, "access_token").await;
    let mailed = Mailed::to(&app, ARTHUR).await;
    let dead = ["MAGIC_LINK_BAD_TOKEN", "EMAIL_CODE_BAD_CODE"];
    by_mail(&mailed, 200, ["access_token"; 2]).await;
    by_mail(&mailed, 400, dead).await;
    let mailed = Mailed::to(&app, ARTHUR).await;
    sqlx::query("UPDATE user SET note = 'owes money'").execute(&pool).await.unwrap();
    everywhere(400, "LOGIN_BLOCKED").await;
    by_mail(&mailed, 400, ["LOGIN_BLOCKED"; 2]).await;
    for (until, code) in
        [("'9999-12-31 23:59:59.000000'", "LOGIN_BAD_CREDENTIALS"), ("'soon'", "LOGIN_BAD_CREDENTIALS")]
    {
        let suspend = format!("UPDATE user SET suspended_until = {until}");
        sqlx::query(sqlx::AssertSqlSafe(suspend)).execute(&pool).await.unwrap();
        everywhere(400, code).await;
        by_mail(&mailed, 400, dead).await;
    }
    sqlx::query("UPDATE user SET suspended_until = NULL").execute(&pool).await.unwrap();
    everywhere(400, "LOGIN_BLOCKED").await;
    sqlx::query("UPDATE user SET is_active = FALSE").execute(&pool).await.unwrap();
    everywhere(400, "LOGIN_BAD_CREDENTIALS").await;
    by_mail(&mailed, 400, dead).await;
    sqlx::query("UPDATE user SET is_active = TRUE, note = ''").execute(&pool).await.unwrap();
    by_mail(&mailed, 200, ["access_token"; 2]).await;
}

/// The mails in a user's mailbox.
struct Mailed {
    link: String,
    request: String,
    code: String,
}

impl Mailed {
    async fn to(app: &TestApp, email: &str) -> Self {
        app.hooks.clear();
        let body = json!({ "email": email });
        app.post("/auth/jwt/magic-link").json(body.clone()).send().await.is(202, "null");
        let requested = app.post("/auth/jwt/email-code").json(body).send().await.json();
        Self {
            link: app.hooks.token("on_after_request_magic_link").await,
            request: requested["request_id"].as_str().unwrap().to_owned(),
            code: app.hooks.token("on_after_request_email_code").await,
        }
    }
}
