//! Plain HTTP in a private network, web views, and origins that a function decides about.

use axum_users::{
    Backend, Cookie, Error, Jwt, Mailer, Policy, UsersBuilder,
    mail::MemoryMails,
    token::{Origin, PublicUrl, TrustedOrigins},
};
use serde_json::json;

use super::ARTHUR;
use crate::support::{COOKIE, Carrier, PASSWORD, Response, SECRET, Setup, TestApp, User};

const REFUSED: &str = r#"{"detail":"CSRF_ORIGIN_REFUSED"}"#;

fn setup(builder: impl FnOnce(UsersBuilder<User>) -> UsersBuilder<User> + 'static) -> Setup {
    Setup { builder: Box::new(builder), ..Setup::over(Carrier::Cookie) }
}

fn lan() -> PublicUrl {
    PublicUrl::in_private_network("http://192.168.1.10:8000").unwrap()
}

/// Logs in from a page of this origin.
async fn login_from(app: &TestApp, origin: &str, site: Option<&str>) -> Response {
    let call = app.post("/auth/jwt/login").form(&[("username", ARTHUR), ("password", PASSWORD)]);
    let call = call.header("origin", origin);
    let call = match site {
        Some(site) => call.header("sec-fetch-site", site),
        None => call,
    };
    call.send().await
}

#[tokio::test]
async fn without_tls_in_a_private_network_cookies_lose_secure_and_the_prefix_and_work() {
    let app = TestApp::with(setup(|builder| builder.public_url(lan()))).await;
    app.register(ARTHUR).await;
    // Browsers send no Sec-Fetch-Site without TLS.
    let login = login_from(&app, "http://192.168.1.10:8000", None).await;
    let cookie = login.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("fastapiusersauth=") && cookie.ends_with("; HttpOnly; Path=/; SameSite=lax"),
        "{cookie}"
    );
    let (name, token) = login.set_cookie().unwrap();
    let write = async |origin: &str| {
        let call = app.patch("/users/me").cookie(name, token).json(json!({ "first_name": "Arthur" }));
        call.header("origin", origin).send().await
    };
    assert_eq!(write("http://192.168.1.10:8000").await.status, 200);
    for other in ["http://192.168.1.10", "http://192.168.1.11:8000", "https://192.168.1.10:8000", "null"] {
        write(other).await.is(403, REFUSED);
    }
    let logout =
        app.post("/auth/jwt/logout").cookie(name, token).header("origin", "http://192.168.1.10:8000").send().await;
    assert_eq!(logout.header("set-cookie"), Some("fastapiusersauth=\"\"; HttpOnly; Max-Age=0; Path=/; SameSite=lax"));
}

#[tokio::test]
async fn a_service_with_tls_keeps_secure_cookies_whatever_origins_it_trusts() {
    let trusted = || TrustedOrigins::in_private_network(["http://192.168.1.20:5173"]).unwrap();
    for url in ["https://camelot.bt", "https://192.168.1.10"] {
        let url = PublicUrl::in_private_network(url).unwrap();
        let app = TestApp::with(setup(move |builder| builder.public_url(url).trusted_origins(trusted()))).await;
        app.register(ARTHUR).await;
        let login = login_from(&app, "http://192.168.1.20:5173", Some("cross-site")).await;
        assert!(login.header("set-cookie").unwrap().starts_with(COOKIE), "{login:?}");
        assert!(login.header("set-cookie").unwrap().ends_with("; Secure"));
        login_from(&app, "http://192.168.1.21:5173", Some("cross-site")).await.is(403, REFUSED);
    }
}

#[tokio::test]
async fn plain_http_outside_of_a_private_network_or_without_its_name_is_refused_at_build() {
    let build = async |cookie: Cookie, url: Result<PublicUrl, Error>| {
        let builder = axum_users::Users::<User>::builder(axum_users::SecretKey::new(SECRET).unwrap());
        let builder = builder.database("sqlite::memory:").backend(Backend::new("web", cookie, Jwt::new()));
        builder.public_url(url?).build().await.map(drop)
    };
    assert!(build(Cookie::new(), Ok(lan())).await.is_ok());
    assert!(build(Cookie::new(), PublicUrl::parse("http://192.168.1.10")).await.is_err());
    assert!(build(Cookie::new(), PublicUrl::in_private_network("http://camelot.bt")).await.is_err());
    // What browsers would drop is refused.
    for cookie in [
        Cookie::new().cookie_name("__Host-sid"),
        Cookie::new().cookie_name("__Secure-sid"),
        Cookie::new().cross_site_cookies(TrustedOrigins::new(["https://app.cornwall.bt"]).unwrap()),
        Cookie::new().insecure_for_localhost(),
    ] {
        let built = build(cookie.clone(), Ok(lan())).await;
        assert!(matches!(built, Err(Error::Config(_))), "{cookie:?}");
    }
    // Links of mails have the same rule.
    let mails = || std::sync::Arc::new(MemoryMails::new());
    assert!(Mailer::new(mails(), "http://192.168.1.10").is_err());
    assert!(Mailer::new(mails(), lan()).is_ok());
}

#[tokio::test]
async fn web_views_are_trusted_by_their_own_call() {
    assert!(TrustedOrigins::new(["capacitor://localhost"]).is_err());
    let views =
        || TrustedOrigins::web_views(["capacitor://localhost", "tauri://localhost", "http://tauri.localhost"]).unwrap();
    let backend = vec![Backend::new("jwt", Cookie::new().cross_site_cookies(views()), Jwt::new())];
    let builder: Box<dyn FnOnce(UsersBuilder<User>) -> UsersBuilder<User>> =
        Box::new(|builder| builder.public_url("https://camelot.bt"));
    let app = TestApp::with(Setup { backend, builder, carrier: Carrier::Cookie, ..Setup::default() }).await;
    app.register(ARTHUR).await;
    for origin in ["capacitor://localhost", "tauri://localhost", "http://tauri.localhost"] {
        for site in [Some("cross-site"), None] {
            assert_eq!(login_from(&app, origin, site).await.status, 204, "{origin}");
        }
    }
    for origin in
        ["capacitor://evil", "ionic://localhost", "tauri://localhost:1", "file://", "null", "Capacitor://localhost"]
    {
        login_from(&app, origin, Some("cross-site")).await.is(403, REFUSED);
    }
}

#[tokio::test]
async fn a_function_decides_about_previews_on_changing_hosts() {
    fn is_preview(origin: &Origin) -> bool {
        let preview = origin.host().strip_suffix(".preview.camelot.bt");
        origin.scheme() == "https" && origin.port().is_none() && preview.is_some_and(|name| !name.contains('.'))
    }
    let listed = TrustedOrigins::new(["https://app.camelot.bt"]).unwrap();
    let app = TestApp::with(setup(|builder| {
        builder.public_url("https://api.camelot.bt").trusted_origins(is_preview).trusted_origins(listed)
    }))
    .await;
    app.register(ARTHUR).await;
    for origin in ["https://pr-17.preview.camelot.bt", "https://app.camelot.bt", "https://api.camelot.bt"] {
        assert_eq!(login_from(&app, origin, Some("same-site")).await.status, 204, "{origin}");
    }
    for origin in [
        "http://pr-17.preview.camelot.bt",
        "https://pr-17.preview.camelot.bt:8443",
        "https://a.b.preview.camelot.bt",
        "https://preview.camelot.bt",
        "https://evilpreview.camelot.bt",
        "https://pr-17.preview.camelot.bt.evil.example",
        "https://pr-17.preview.camelot.bt/",
        "https://evil.example#.preview.camelot.bt",
        "https://evil.example\\.preview.camelot.bt",
        "null",
    ] {
        login_from(&app, origin, Some("cross-site")).await.is(403, REFUSED);
    }
}

/// A function that trusts everything is still not asked about pages that the network can change.
#[tokio::test]
async fn a_function_is_not_asked_about_public_pages_without_tls() {
    let app = TestApp::with(Setup {
        policy: Policy::recommended().require_origin(),
        // The type of the argument is inferred.
        ..setup(|builder| builder.trusted_origins_if(|origin| !origin.host().is_empty()))
    })
    .await;
    app.register(ARTHUR).await;
    assert_eq!(login_from(&app, "https://anything.example", Some("cross-site")).await.status, 204);
    for origin in ["http://anything.example", "null", "https://a.example, https://b.example"] {
        login_from(&app, origin, Some("cross-site")).await.is(403, REFUSED);
    }
}
