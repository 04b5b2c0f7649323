//! Attacks on the pages.

use super::app::{ARTHUR, App, OTHER, OWN, location, says};
use crate::support::{COOKIE, PASSWORD};

const PAGES: [&str; 13] = [
    "log-in",
    "sign-up",
    "check-mail",
    "verify",
    "forgot-password",
    "reset-password",
    "confirm-email",
    "undo-email",
    "profile",
    "change-password",
    "change-email",
    "sessions",
    "nothing-here",
];
const FORMS: [&str; 14] = [
    "log-in",
    "log-out",
    "sign-up",
    "check-mail",
    "verify",
    "forgot-password",
    "reset-password",
    "confirm-email",
    "undo-email",
    "profile",
    "change-password",
    "change-email",
    "end-session",
    "end-other-sessions",
];
const EVIL: &str = "\"><script>alert('x')</script><img src=x onerror=alert(1)>{{7*7}}&amp;";

/// What a browser sends with a form of another site.
const FOREIGN: [&[(&str, &str)]; 6] = [
    &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
    &[("sec-fetch-site", "same-site"), ("origin", "https://evil.camelot.bt")],
    &[("sec-fetch-site", "cross-site"), ("origin", "null")],
    &[("origin", "https://evil.example")],
    &[("origin", "null")],
    &[("sec-fetch-site", "cross-site")],
];

#[tokio::test]
async fn a_form_of_another_site_is_refused_before_it_is_read() {
    let app = App::start().await;
    let mut arthur = app.member(ARTHUR).await;
    for headers in FOREIGN {
        for form in FORMS {
            let fields =
                [("username", ARTHUR), ("password", OTHER), ("email", "mordred@camelot.bt"), ("full_name", "M")];
            let call = app.http.post(&format!("/account/{form}")).form(&fields);
            let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
            let response = arthur.send(call).await;
            assert_eq!(response.status, 403, "{form} {headers:?}");
            says(&response, "This form was sent from another website");
            assert!(response.headers.get("set-cookie").is_none(), "{form}");
        }
    }
    assert!(arthur.is_logged_in().await);
    assert_eq!(app.stored(ARTHUR).await.full_name, "Arthur");
    assert!(app.users.get_by_email("mordred@camelot.bt").await.unwrap().is_none());
    assert!(app.mails.all().is_empty());
}

#[tokio::test]
async fn every_page_has_the_headers_of_a_page() {
    let app = App::start().await;
    let mut anybody = app.visitor();
    let mut arthur = app.member(ARTHUR).await;
    let mut responses = Vec::new();
    for page in PAGES {
        responses.push(anybody.get(&format!("/account/{page}")).await);
        responses.push(arthur.get(&format!("/account/{page}")).await);
    }
    for form in FORMS {
        responses.push(arthur.submit(&format!("/account/{form}"), &[("token", "x")]).await);
    }
    responses.push(arthur.send(app.http.delete("/account/profile")).await);
    responses.push(anybody.send(app.http.post("/account/log-in").raw("application/json", "{}")).await);
    for response in responses {
        let header = |name: &str| response.header(name).unwrap_or_default().to_owned();
        let policy = header("content-security-policy");
        for part in [
            "default-src 'none'",
            "style-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "strict-origin");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        if response.status != 303 {
            assert_eq!(header("content-type"), "text/html; charset=utf-8");
            let page = response.text();
            assert!(page.contains("<html lang=\"en\" dir=\"ltr\">") && page.contains("<title>"), "{page}");
            assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("onclick"), "{page}");
            assert!(!page.contains("<script"), "{page}");
        }
    }
}

#[tokio::test]
async fn what_users_type_is_text() {
    let app = App::start().await;
    let mut arthur = app.member(ARTHUR).await;
    for form in FORMS {
        let fields = [
            ("username", EVIL),
            ("email", EVIL),
            ("password", EVIL),
            ("current_password", EVIL),
            ("token", EVIL),
            ("id", EVIL),
            ("next", EVIL),
            ("full_name", EVIL),
            ("motto", EVIL),
            ("age", EVIL),
            ("rank", EVIL),
            ("left_handed", EVIL),
            ("challenge-solution", EVIL),
        ];
        if ["log-out", "end-session", "end-other-sessions"].contains(&form) {
            continue;
        }
        let response = arthur.submit(&format!("/account/{form}"), &fields).await;
        let page = response.text();
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("49"), "{form}\n{page}");
        assert!(response.status.is_client_error(), "{form}: {}", response.status);
    }
    let query = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    for page in PAGES {
        for name in ["token", "next", "notice", "error", "for"] {
            let response = arthur.get(&format!("/account/{page}?{name}={query}")).await;
            assert!(!response.text().contains("<script"), "{page} {name}");
        }
    }
    // Stored text, on every page that shows it.
    let motto = "</textarea><script>alert(1)</script>";
    let form = [("full_name", "</title><b>x"), ("motto", motto), ("rank", "knight")];
    assert_eq!(location(&arthur.submit("/account/profile", &form).await), "/account/profile?notice=saved");
    for page in PAGES {
        let text = arthur.get(&format!("/account/{page}")).await.text();
        assert!(!text.contains("<script") && !text.contains("<b>x"), "{page}");
    }
    says(&arthur.get("/account/profile").await, "&#60;/textarea&#62;&#60;script&#62;");
}

#[tokio::test]
async fn a_login_leads_to_no_other_site() {
    let app = App::start().await;
    app.create(ARTHUR).await;
    for next in [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "/x\r\nset-cookie: a=b",
        "http:evil.example",
        "log-out",
    ] {
        let mut visitor = app.visitor();
        let form = [("username", ARTHUR), ("password", PASSWORD), ("next", next)];
        let response = visitor.submit("/account/log-in", &form).await;
        assert_eq!(response.header("location"), Some("profile"), "{next:?}");
    }
    let form = [("username", ARTHUR), ("password", PASSWORD), ("next", "/orders?page=2")];
    assert_eq!(app.visitor().submit("/account/log-in", &form).await.header("location"), Some("/orders?page=2"));
    let wrong = [("username", ARTHUR), ("password", OTHER), ("next", "//evil.example")];
    assert!(!app.visitor().submit("/account/log-in", &wrong).await.text().contains("evil.example"));
}

#[tokio::test]
async fn a_planted_session_ends_at_the_login() {
    let app = App::start().await;
    let attacker = app.member("mordred@camelot.bt").await;
    app.create(ARTHUR).await;
    let planted = attacker.cookies[COOKIE].clone();
    let mut arthur = app.visitor();
    arthur.cookies.insert(COOKIE.to_owned(), planted.clone());
    arthur.log_in(ARTHUR, PASSWORD).await;
    assert_ne!(arthur.cookies[COOKIE], planted);
    let mut old = app.visitor();
    old.cookies.insert(COOKIE.to_owned(), planted);
    assert!(!old.is_logged_in().await);
}

#[tokio::test]
async fn pages_of_the_account_need_a_login_and_a_form_of_an_ended_session_changes_nothing() {
    let app = App::start().await;
    let mut arthur = app.member(ARTHUR).await;
    let mut nobody = app.visitor();
    for page in ["profile", "change-password", "change-email", "sessions"] {
        let expected = format!("/account/log-in?notice=log-in-first&next={page}");
        assert_eq!(location(&nobody.get(&format!("/account/{page}")).await), expected);
    }
    app.users.sessions().end_all(app.stored(ARTHUR).await.id).await.unwrap();
    for (form, page) in [
        ("profile", "profile"),
        ("change-password", "change-password"),
        ("change-email", "change-email"),
        ("end-session", "sessions"),
        ("end-other-sessions", "sessions"),
    ] {
        let fields = [
            ("full_name", "Mordred"),
            ("password", OTHER),
            ("email", "x@camelot.bt"),
            ("id", "x"),
            ("current_password", PASSWORD),
        ];
        let response = arthur.submit(&format!("/account/{form}"), &fields).await;
        assert_eq!(location(&response), format!("/account/log-in?notice=log-in-first&next={page}"), "{form}");
    }
    assert_eq!(app.stored(ARTHUR).await.full_name, "Arthur");
}

#[tokio::test]
async fn requests_that_no_page_sends_get_a_page_and_no_failure() {
    let app = App::start().await;
    let mut arthur = app.member(ARTHUR).await;
    let long = "x".repeat(20_000);
    for (name, value, status) in [("email", long.as_str(), 413), ("email", "\0", 400)] {
        let response = arthur.submit("/account/forgot-password", &[(name, value)]).await;
        assert_eq!(response.status.as_u16(), status, "{}", response.text());
        says(&response, "<h1>This did not work</h1>");
    }
    let twice = arthur
        .submit("/account/log-in", &[("username", ARTHUR), ("username", "kay@camelot.bt"), ("password", "x")])
        .await;
    assert_eq!(twice.status, 400);
    for (media, body) in [
        ("", ""),
        ("text/plain", "username=a"),
        ("multipart/form-data; boundary=x", "--x--"),
        ("application/json", "{}"),
    ] {
        let call = app.http.post("/account/log-in").raw(media, body).header("origin", OWN);
        assert_eq!(arthur.send(call).await.status, 422, "{media}");
    }
    let raw = app.http.post("/account/log-in").raw("application/x-www-form-urlencoded", "username=%ff&password=x");
    assert_eq!(arthur.send(raw.header("origin", OWN)).await.status, 400);
    for (path, status) in [("/account/nothing", 404), ("/account/a/b/c", 404), ("/account/verify?token=%ff", 400)] {
        let response = arthur.get(path).await;
        assert_eq!(response.status.as_u16(), status, "{path}");
        says(&response, "<h1>This did not work</h1>");
    }
    says(&arthur.get("/account/a/b/c").await, "href=\"../../pages.css\"");
    let delete = app.http.delete("/account/profile");
    let response = arthur.send(delete).await;
    assert_eq!((response.status.as_u16(), response.header("allow")), (405, Some("GET, POST")));
}

#[tokio::test]
async fn pages_are_limited_as_the_json_routes_are() {
    let app = App::with(axum_users::pages::Pages::new("cookie"), |builder| {
        builder.limits(axum_users::Limits::default()).refusal_delay(std::time::Duration::ZERO)
    })
    .await;
    let mut visitor = app.visitor();
    let mut statuses = Vec::new();
    for count in 0..30 {
        let email = format!("nobody{count}@camelot.bt");
        let response = visitor.submit("/account/forgot-password", &[("email", &email)]).await;
        statuses.push(response.status.as_u16());
        if response.status == 429 {
            says(&response, "There were too many attempts. Please wait");
            assert!(response.header("retry-after").is_some());
            break;
        }
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    let json = app.http.post("/auth/forgot-password").json(serde_json::json!({"email": ARTHUR})).send().await;
    assert_eq!(json.status, 429, "both count together");
}
