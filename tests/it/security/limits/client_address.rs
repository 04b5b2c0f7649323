//! The address of the client, from the connection or from a declared chain of proxies. Hooks, events and sessions have the same.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    http::{Request, header},
    routing::get,
};
use axum_users::{
    Backend, CurrentUser, DatabaseSessions, RequestContext,
    env::BoxFuture,
    extract::{Gate, Verdict},
    proxy::{ForwardedHeader, TrustedProxies},
    schema::Status,
    session_routes,
};
use tower::ServiceExt as _;

use crate::{
    security::logs::{Line, Recording},
    support::{Call, PASSWORD, Setup, TestApp, User, UserCreate, user_routes},
};

const ARTHUR: &str = "arthur@camelot.bt";

/// Notes the address in the context of each login.
#[derive(Clone, Default)]
struct Noted(Arc<Mutex<Option<IpAddr>>>);

impl Gate<User> for Noted {
    fn name(&self) -> &'static str {
        "noted"
    }

    fn check<'a>(&'a self, _: &'a User, cx: &'a RequestContext) -> BoxFuture<'a, Verdict> {
        *self.0.lock().unwrap() = cx.client();
        Box::pin(std::future::ready(Verdict::Open))
    }
}

/// Creates a user without a request.
async fn create(app: &TestApp) {
    let input = UserCreate { email: ARTHUR.into(), password: PASSWORD.into(), first_name: None };
    app.users.create(input, Status::NEW).await.unwrap();
}

fn with<'a>(call: Call<'a>, headers: &[(&str, &str)]) -> Call<'a> {
    headers.iter().fold(call, |call, (name, value)| call.header(name, value))
}

struct Proxied {
    app: TestApp,
    noted: Noted,
}

impl Proxied {
    async fn behind(proxies: TrustedProxies) -> Self {
        let noted = Noted::default();
        let gate = noted.clone();
        let app = TestApp::with(Setup {
            builder: Box::new(|builder| builder.trusted_proxies(proxies).gate(gate)),
            backend: vec![Backend::bearer("jwt", DatabaseSessions::new())],
            routes: |router| router.route("/own", get(async |_: CurrentUser<User>| "own")),
            ..Setup::default()
        })
        .await;
        create(&app).await;
        Self { app, noted }
    }

    /// Logs in with these headers and returns the client's address, the same in a hook, in the session, in the event of the
    /// login, and in the event of an extractor in a handler of the application.
    async fn client(&self, headers: &[(&str, &str)]) -> String {
        static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let id = format!("client-address-{}", NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let recording = Recording::start();
        let form = [("username", ARTHUR), ("password", PASSWORD)];
        let all = [headers, &[("x-request-id", id.as_str())]].concat();
        let token = with(self.app.post("/auth/jwt/login").form(&form), &all).send().await.access_token();
        let noted = self.noted.0.lock().unwrap().take().unwrap().to_string();
        let sessions = self.app.get("/auth/sessions").bearer(&token).send().await.json();
        let own = sessions.as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
        assert_eq!(own["client"], noted.as_str(), "{headers:?}");
        assert_eq!(with(self.app.get("/own").bearer("garbage"), &all).send().await.status, 401);
        let events = recording.events();
        let mine = events.iter().filter(|line| line.field("request_id") == Some(format!("{id:?}").as_str()));
        let clients: Vec<_> = mine.map(|line| (line.field("event").unwrap(), line.field("client").unwrap())).collect();
        assert_eq!(clients, [("login", noted.as_str()), ("bad_token", noted.as_str())], "{headers:?}");
        noted
    }
}

const XFF: &str = "x-forwarded-for";

#[tokio::test]
async fn forged_forwarded_for_ignored() {
    let forged: [&[(&str, &str)]; 8] = [
        &[(XFF, "192.0.2.1")],
        &[(XFF, "192.0.2.1"), (XFF, "192.0.2.2, 127.0.0.1")],
        &[("forwarded", "for=192.0.2.1")],
        &[("x-real-ip", "192.0.2.1")],
        &[("true-client-ip", "192.0.2.1"), ("cf-connecting-ip", "192.0.2.1")],
        &[("x-client-ip", "192.0.2.1"), ("client-ip", "192.0.2.1")],
        &[("x-forwarded", "for=192.0.2.1"), ("x-cluster-client-ip", "192.0.2.1")],
        &[("x-forwarded-host", "192.0.2.1"), ("via", "1.1 192.0.2.1")],
    ];
    // No proxy is declared, or the peer is none.
    for proxies in [TrustedProxies::none(), TrustedProxies::networks(["10.0.0.0/8", "192.0.2.0/24"]).unwrap()] {
        let app = Proxied::behind(proxies).await;
        for headers in forged {
            assert_eq!(app.client(headers).await, "127.0.0.1", "{headers:?}");
        }
    }
    // A proxy that writes one header passes on the other as the client sent it.
    let app = Proxied::behind(TrustedProxies::number(1)).await;
    for forged in ["for=192.0.2.1", "for=\"", ","] {
        assert_eq!(app.client(&[(XFF, "198.51.100.1"), ("forwarded", forged)]).await, "198.51.100.1");
        assert_eq!(app.client(&[("forwarded", forged)]).await, "127.0.0.1");
    }
    let app = Proxied::behind(TrustedProxies::number(1).header(ForwardedHeader::Forwarded)).await;
    for forged in ["192.0.2.1", "\""] {
        assert_eq!(app.client(&[("forwarded", "for=198.51.100.1"), (XFF, forged)]).await, "198.51.100.1");
        assert_eq!(app.client(&[(XFF, forged)]).await, "127.0.0.1");
    }
}

#[tokio::test]
async fn trusted_proxy_chain() {
    // The entries that each proxy appended are on the right; those that the client sent are on the left.
    let app = Proxied::behind(TrustedProxies::number(2)).await;
    for (lines, client) in [
        (&["192.0.2.1, 203.0.113.7, 10.0.0.2"][..], "203.0.113.7"),
        (&["192.0.2.1", "203.0.113.7", "10.0.0.2"], "203.0.113.7"),
        (&["\"192.0.2.1,,,203.0.113.7:5000,[::ffff:10.0.0.2]:80"], "203.0.113.7"),
        (&["192.0.2.1, ::ffff:203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        (&["[2001:db8::7]:443,10.0.0.2"], "2001:db8::7"),
        // The second proxy names no address, or was bypassed: the nearest known hop is used.
        (&["192.0.2.1, unknown, 10.0.0.2"], "10.0.0.2"),
        (&["192.0.2.1, _hidden, 10.0.0.2"], "10.0.0.2"),
        (&["10.0.0.2"], "10.0.0.2"),
        (&["203.0.113.7, nobody"], "127.0.0.1"),
        (&[], "127.0.0.1"),
    ] {
        let headers: Vec<_> = lines.iter().map(|line| (XFF, *line)).collect();
        assert_eq!(app.client(&headers).await, client, "{headers:?}");
    }

    let networks = || TrustedProxies::networks(["127.0.0.0/8", "10.0.0.0/8", "2001:db8:1::/48"]).unwrap();
    let app = Proxied::behind(networks()).await;
    for (line, client) in [
        ("203.0.113.7", "203.0.113.7"),
        ("192.0.2.1, 203.0.113.7, 2001:db8:1::9, 10.1.2.3", "203.0.113.7"),
        ("10.9.9.9, 203.0.113.7, ::ffff:10.1.2.3", "203.0.113.7"),
        ("192.0.2.1, unknown, 10.1.2.3", "10.1.2.3"),
        ("10.1.2.3", "10.1.2.3"),
    ] {
        assert_eq!(app.client(&[(XFF, line)]).await, client, "{line}");
    }
    let app = Proxied::behind(networks().header(ForwardedHeader::Forwarded)).await;
    for (line, client) in [
        ("for=192.0.2.1, for=\"203.0.113.7:80\";proto=https;by=10.1.2.3, For=\"[2001:db8:1::9]\"", "203.0.113.7"),
        ("for=\", for=203.0.113.7, for=10.1.2.3", "203.0.113.7"),
        ("for=203.0.113.7, for=unknown", "127.0.0.1"),
        ("for=203.0.113.7, proto=https, for=10.1.2.3", "10.1.2.3"),
    ] {
        assert_eq!(app.client(&[("forwarded", line)]).await, client, "{line}");
    }
}

/// Returns how often this event was written by the application under test. Other tests run in the same process, so `field` has
/// to distinguish it.
fn count(recording: &Recording, event: &str, field: (&str, &str)) -> usize {
    let is_it = |line: &&Line| {
        line.field("event") == Some(event) && (field.0.is_empty() || line.field(field.0) == Some(field.1))
    };
    recording.events().iter().filter(is_it).count()
}

#[tokio::test]
async fn a_proxy_that_names_no_client_is_reported_once() {
    let recording = Recording::start();
    let app = Proxied::behind(TrustedProxies::networks(["127.0.0.0/8", "198.51.100.77"]).unwrap()).await;
    for _ in 0..3 {
        assert_eq!(app.client(&[(XFF, "unknown, 198.51.100.77")]).await, "198.51.100.77");
    }
    assert_eq!(count(&recording, "proxy_names_no_client", ("proxy", "198.51.100.77")), 1);
}

/// Serves requests without a peer, as an application does that forgets the connect info, or listens on a Unix socket.
#[tokio::test]
async fn without_a_peer_there_is_no_address_unless_a_proxy_names_one() {
    for (proxies, client) in [(TrustedProxies::none(), None), (TrustedProxies::number(1), Some("198.51.100.9"))] {
        let recording = Recording::start();
        let noted = Noted::default();
        let gate = noted.clone();
        let app = TestApp::with(Setup {
            builder: Box::new(|builder| builder.trusted_proxies(proxies).gate(gate)),
            ..Setup::default()
        })
        .await;
        create(&app).await;
        let router: Router = Router::new()
            .merge(user_routes(&app.users))
            .nest("/auth/sessions", session_routes(&app.users))
            .with_state(app.users.clone());
        let body = format!("username=arthur%40camelot.bt&password={}", PASSWORD.replace(' ', "+"));
        for _ in 0..3 {
            let request = Request::post("/auth/jwt/login")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(XFF, "192.0.2.1, 198.51.100.9")
                .body(Body::from(body.clone()))
                .unwrap();
            assert_eq!(router.clone().oneshot(request).await.unwrap().status(), 200);
            assert_eq!(noted.0.lock().unwrap().take(), client.map(|client| client.parse().unwrap()));
        }
        // Only this test serves without a peer.
        assert_eq!(count(&recording, "client_unknown", ("", "")), usize::from(client.is_none()));
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_declared_is_reported() {
    let recording = Recording::start();
    let app = Proxied::behind(TrustedProxies::none()).await;
    assert_eq!(app.client(&[(XFF, "192.0.2.1")]).await, "127.0.0.1");
    assert!(count(&recording, "proxy_undeclared", ("", "")) > 0);
}
