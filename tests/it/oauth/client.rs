//! Providers with invalid or hostile responses.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::Router;
use axum_users::oauth::{OAuthProvider, OpenId};
use serde_json::{Value, json};
use tokio::time::timeout;
use tracing::Level;

use super::{
    provider::{Answer, CLIENT_ID, CLIENT_SECRET, Lies, Person, query},
    support::{App, Setup, callback_path, refused},
};
use crate::{log::Log, support::Response};

fn arthur() -> Person {
    Person::verified("1", "arthur@camelot.bt")
}

fn at(path: &'static str, answer: Answer) -> Lies {
    Lies { answers: [(path, answer)].into(), ..Lies::default() }
}

/// A server of an internal network, which nobody may call.
async fn trap() -> (String, Arc<AtomicU32>) {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let app = Router::new().fallback(move || async move {
        counted.fetch_add(1, Ordering::SeqCst);
        axum::Json(json!({"access_token": "trapped", "token_type": "bearer", "id": 1, "email": "arthur@camelot.bt"}))
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (format!("http://{address}"), calls)
}

/// Logs in while an endpoint returns this response.
async fn with_answer(app: &App, route: &str, path: &'static str, answer: Answer) -> Response {
    app.provider.lie(Lies::default());
    let flow = app.start(route).await;
    let code = app.provider.approve(&flow.url, arthur());
    app.provider.lie(at(path, answer));
    app.callback(route, &flow, &code).await
}

const ENDPOINTS: [(&str, &str); 4] =
    [("/auth/acme", "/token"), ("/auth/hub", "/hub/token"), ("/auth/hub", "/hub/user"), ("/auth/hub", "/hub/emails")];

mod oauth {
    use super::*;

    #[tokio::test]
    async fn redirecting_provider_refused() {
        let (trap, calls) = trap().await;
        let app = App::new().await;
        for (route, path) in ENDPOINTS {
            let response = with_answer(&app, route, path, Answer::Redirect(format!("{trap}{path}"))).await;
            refused(&response, "OAUTH_PROVIDER_ERROR");
        }
        // Discovery and keys neither.
        for path in ["/.well-known/openid-configuration", "/jwks"] {
            let app = App::new().await;
            app.provider.lie(at(path, Answer::Redirect(format!("{trap}{path}"))));
            refused(&app.get("/auth/acme/authorize").send().await, "OAUTH_PROVIDER_ERROR");
        }
        assert_eq!(calls.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn discovery_names_no_other_origin() {
        let (trap, calls) = trap().await;
        for endpoint in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            for place in [trap.clone(), "http://169.254.169.254".to_owned(), "file:///etc".to_owned()] {
                let app = App::new().await;
                let url = json!(format!("{place}/x"));
                let lie = move |document: &mut serde_json::Map<String, Value>| {
                    document.insert(endpoint.to_owned(), url.clone());
                };
                app.provider.lie(Lies { discovery: Some(Arc::new(lie)), ..Lies::default() });
                let response = app.get("/auth/acme/authorize").send().await;
                refused(&response, "OAUTH_PROVIDER_ERROR");
                assert!(response.set_cookie().is_none());
            }
        }
        // The data of a userinfo endpoint at another origin is missing.
        let app = App::new().await;
        let url = json!(format!("{trap}/x"));
        let lie = move |document: &mut serde_json::Map<String, Value>| {
            document.insert("userinfo_endpoint".to_owned(), url.clone());
        };
        app.provider.lie(Lies { discovery: Some(Arc::new(lie)), ..Lies::default() });
        app.log_in("/auth/acme", arthur()).await.access_token();
        assert_eq!(calls.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn huge_answer_refused() {
        let app = App::new().await;
        for (route, path) in ENDPOINTS {
            for answer in [Answer::Huge, Answer::Endless] {
                let response = timeout(Duration::from_secs(5), with_answer(&app, route, path, answer)).await;
                refused(&response.expect(path), "OAUTH_PROVIDER_ERROR");
            }
        }
        for path in ["/.well-known/openid-configuration", "/jwks"] {
            let app = App::new().await;
            app.provider.lie(at(path, Answer::Huge));
            refused(&app.get("/auth/acme/authorize").send().await, "OAUTH_PROVIDER_ERROR");
        }
    }

    #[tokio::test]
    async fn slow_provider_times_out() {
        let app = App::new().await;
        let both = async {
            tokio::join!(with_answer(&app, "/auth/acme", "/token", Answer::Silent), async {
                let app = App::new().await;
                with_answer(&app, "/auth/hub", "/hub/user", Answer::Silent).await
            })
        };
        // Before the request itself would end with 503.
        let (token, user) = timeout(Duration::from_secs(10), both).await.unwrap();
        refused(&token, "OAUTH_PROVIDER_ERROR");
        refused(&user, "OAUTH_PROVIDER_ERROR");
        // Meanwhile others are served: the next login works.
        app.provider.lie(Lies::default());
        assert_eq!(app.log_in("/auth/acme", arthur()).await.status, 200);
    }

    #[tokio::test]
    async fn answers_that_are_not_valid_are_refused_and_not_repeated() {
        let (log, _guard) = Log::start(Level::TRACE);
        let app = App::new().await;
        let script = "<script>alert(1)</script>";
        for (route, path) in ENDPOINTS {
            for answer in [
                Answer::Plain(200, "text/html", format!("<html>{script}</html>")),
                Answer::Plain(200, "application/json", String::new()),
                Answer::Plain(200, "application/json", "[".repeat(20_000)),
                Answer::Plain(
                    200,
                    "application/json",
                    json!({"error": "bad_verification_code", "error_description": script}).to_string(),
                ),
                Answer::Plain(400, "application/json", json!({"error": script}).to_string()),
                Answer::Plain(401, "text/html", script.to_owned()),
                Answer::Plain(500, "text/html", script.to_owned()),
                Answer::Plain(200, "application/json", "null".to_owned()),
            ] {
                let shown = format!("{answer:?}").chars().take(80).collect::<String>();
                let response = with_answer(&app, route, path, answer).await;
                assert_eq!(response.status, 400, "{path} {shown}: {response:?}");
                assert!(!response.text().contains("script"), "{path} {shown}: {response:?}");
            }
        }
        assert!(!log.take().contains("alert(1)"));
        assert!(app.users.get_by_email("arthur@camelot.bt").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn errors_of_the_callback_are_those_of_the_standards_only() {
        let app = App::new().await;
        let flow = app.start("/auth/acme").await;
        let with = |error: &str| {
            let path = format!("/auth/acme/callback?error={error}&error_description=%3Cb%3E&state={}", flow.state);
            let flow = flow.clone();
            let app = &app;
            async move { app.callback_as(&flow, app.get(&path)).await }
        };
        refused(&with("access_denied").await, "access_denied");
        refused(&with("login_required").await, "login_required");
        for foreign in ["%3Cscript%3E", "OAUTH_ANYTHING", "access_denied%0d%0aSet-Cookie:x=y"] {
            refused(&with(foreign).await, "OAUTH_PROVIDER_ERROR");
        }
        // An error does not end the flow: a code that arrives later is accepted.
        let code = app.provider.approve(&flow.url, arthur());
        assert_eq!(app.callback("/auth/acme", &flow, &code).await.status, 200);
    }

    #[tokio::test]
    async fn mix_up_refused() {
        let names_issuer = |app: &App| {
            let lie = |document: &mut serde_json::Map<String, Value>| {
                document.insert("authorization_response_iss_parameter_supported".to_owned(), json!(true));
            };
            app.provider.lie(Lies { discovery: Some(Arc::new(lie)), ..Lies::default() });
        };
        for announced in [true, false] {
            let app = App::new().await;
            if announced {
                names_issuer(&app);
            }
            let own = app.provider.issuer();
            for (issuer, accepted) in [
                (None, !announced),
                (Some(own.clone()), true),
                (Some(format!("{own}/")), false),
                (Some("https://evil.example".to_owned()), false),
                // An empty parameter is treated as absent.
                (Some(String::new()), !announced),
            ] {
                let flow = app.start("/auth/acme").await;
                let code = app.provider.approve(&flow.url, arthur());
                app.provider.take_calls();
                let issuer = issuer.map(|issuer| format!("&iss={}", issuer.replace(':', "%3A"))).unwrap_or_default();
                let path = format!("{}{issuer}", callback_path("/auth/acme", &code, &flow.state));
                let response = app.callback_as(&flow, app.get(&path)).await;
                if accepted {
                    assert_eq!(response.status, 200, "{announced} {issuer}: {response:?}");
                } else {
                    refused(&response, "OAUTH_INVALID_STATE");
                    assert_eq!(app.provider.take_calls(), Vec::<String>::new(), "the code was not sent");
                }
            }
        }
        // A flow of one provider never ends at the callback of another.
        let app = App::new().await;
        let flow = app.start("/auth/hub").await;
        let code = app.provider.approve(&flow.url, arthur());
        refused(&app.callback("/auth/acme", &flow, &code).await, "OAUTH_INVALID_STATE");
    }

    /// A TLS server whose certificate nobody trusts.
    struct Untrusted {
        server: Child,
        port: u16,
    }

    impl Untrusted {
        fn start(folder: &Path) -> Self {
            let made = Command::new("openssl")
                .args("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext".split(' '))
                .args(["subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"])
                .current_dir(folder)
                .stderr(Stdio::null())
                .status();
            assert!(made.expect("the program openssl").success());
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut server = Command::new("openssl")
                .args([
                    "s_server",
                    "-accept",
                    &format!("127.0.0.1:{port}"),
                    "-cert",
                    "cert.pem",
                    "-key",
                    "key.pem",
                    "-www",
                ])
                .current_dir(folder)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
                assert!(server.try_wait().unwrap().is_none(), "openssl runs");
                std::thread::yield_now();
            }
            Self { server, port }
        }
    }

    impl Drop for Untrusted {
        fn drop(&mut self) {
            let _ = self.server.kill();
            let _ = self.server.wait();
        }
    }

    #[tokio::test]
    async fn bad_certificate_refused() {
        let folder = tempfile::tempdir().unwrap();
        let untrusted = Untrusted::start(folder.path());
        let (log, _guard) = Log::start(Level::WARN);
        let app = App::new().await;
        let issuer = format!("https://127.0.0.1:{}", untrusted.port);
        let provider = OAuthProvider::openid("tls", &issuer, CLIENT_ID, CLIENT_SECRET).unwrap();
        let routes =
            Router::new().nest("/auth/tls", super::super::support::user_oauth_routes(&app.users, &provider, "it"));
        let http = crate::support::Http::serve(routes.with_state(app.users.clone())).await;
        refused(&http.get("/auth/tls/authorize").send().await, "OAUTH_PROVIDER_ERROR");
        let lines = log.lines("oauth_provider_failed");
        assert!(lines.len() == 1 && lines[0].contains("certificate"), "{lines:?}");
    }

    #[tokio::test]
    async fn log_lines_have_no_code_token_or_secret() {
        let (log, _guard) = Log::start(Level::TRACE);
        let app = App::with(Setup { issuer: |issuer: OpenId| issuer, ..Setup::default() }).await;
        let flow = app.start("/auth/acme").await;
        let code = app.provider.approve(&flow.url, arthur());
        let token = app.callback("/auth/acme", &flow, &code).await.access_token();
        refused(&app.callback("/auth/acme", &flow, &code).await, "OAUTH_INVALID_STATE");
        app.log_in("/auth/hub", Person::verified("7", "gawain@camelot.bt")).await;
        let challenge = query(&flow.url)["code_challenge"].clone();
        let lines: Vec<_> = log.take().lines().filter(|line| line.contains("axum_users")).map(str::to_owned).collect();
        assert!(!lines.is_empty());
        for secret in [code.as_str(), &flow.state, &flow.cookie, &token, "access-token-", CLIENT_SECRET, &challenge] {
            assert!(lines.iter().all(|line| !line.contains(secret)), "{secret}: {lines:#?}");
        }
    }
}
