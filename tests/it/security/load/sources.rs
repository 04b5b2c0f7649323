//! A flood of logins from one address, and the remaining capacity for others.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use axum_users::{
    PasswordHash, UsersBuilder,
    proxy::TrustedProxies,
    store::{Change, Columns, UserStore as _},
};
use futures_util::future::select_all;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

use super::{AT_ONCE, DOWN, SLOW_HASH, is_saturated, narrow_with, saturate, slow_login};
use crate::{
    security::failing_store::{FailingStore, Outage},
    support::{Http, PASSWORD, Response, Setup, TestApp, User, user_routes},
};

const ARTHUR: &str = "arthur@camelot.bt";
const XFF: &str = "x-forwarded-for";
/// A timeout that no test reaches.
const LONG: Duration = Duration::from_secs(30);

/// Starts a login of a client with this address on its own connection.
fn login_from(service: &Http, address: &'static str) -> JoinHandle<Response> {
    let client = service.another();
    tokio::spawn(async move {
        let form = [("username", ARTHUR), ("password", PASSWORD)];
        client.post("/auth/jwt/login").header(XFF, address).form(&form).send().await
    })
}

#[tokio::test]
async fn a_flood_from_one_address_does_not_end_logins_from_another() {
    let proxied = |builder: UsersBuilder<User>| builder.trusted_proxies(TrustedProxies::number(1));
    let app = narrow_with(4, proxied).await;
    app.register(ARTHUR).await;
    for _ in 0..10 {
        let mut slow = slow_login(&app);
        assert!(timeout(AT_ONCE, &mut slow).await.is_err(), "it is being hashed");
        // Four find a place, and one does not.
        let flood = (0..5).map(|_| login_from(&app, "203.0.113.7"));
        let (first, _, waiting) = select_all(flood).await;
        // The queue is full of logins of one address. Another one is neither refused nor last.
        let other = login_from(&app, "198.51.100.1");
        let is_full = login_from(&app, "203.0.113.7").await.unwrap().status == 503;
        let mut statuses = Vec::new();
        for login in waiting {
            statuses.push(login.await.unwrap().status.as_u16());
        }
        let (other, slow) = (other.await.unwrap().status.as_u16(), slow.await.unwrap().status.as_u16());
        // If the slow login finished meanwhile, or took longer than a request may, the attempt shows nothing and is repeated.
        if is_full && first.unwrap().status == 503 && slow == 400 {
            assert_eq!(other, 200);
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 200, 200, 503], "one of the flood gave up its place");
            return;
        }
    }
    panic!("the load did not last long enough");
}

#[tokio::test]
async fn a_refusal_asks_no_database() {
    let store = FailingStore::default();
    let hashing = Setup::default().hashing.workers(1).helpers(0).queue_per_worker(1).max_wait(Duration::from_secs(10));
    let of_the_app = store.clone();
    let app =
        TestApp::with(Setup { hashing, builder: Box::new(|builder| builder.store(of_the_app)), ..Setup::default() })
            .await;
    app.register("slow@camelot.bt").await;
    let mut slow = app.stored("slow@camelot.bt").await;
    slow.hashed_password = PasswordHash::from_stored(SLOW_HASH);
    store.update(Change::new(slow, Columns::HASHED_PASSWORD)).await.unwrap().unwrap();
    for _ in 0..10 {
        let held = saturate(&app).await;
        store.fail("*", Outage::Broken);
        let refused = app.try_login(ARTHUR, PASSWORD).await;
        store.mend();
        let lasted = is_saturated(&app).await;
        for login in held {
            login.await.unwrap();
        }
        if lasted {
            // If the store were queried, the status would be 500.
            return refused.is(503, DOWN);
        }
    }
    panic!("the load did not last long enough");
}

/// Serves an application whose store is down, by the built-in server. Returns its address.
async fn refusing(proxies: TrustedProxies) -> (Arc<TestApp>, SocketAddr) {
    let store = FailingStore::default();
    let of_the_app = store.clone();
    let builder = Box::new(|builder: UsersBuilder<User>| builder.store(of_the_app).trusted_proxies(proxies));
    let app = TestApp::with(Setup { builder, ..Setup::default() }).await;
    store.fail("*", Outage::Unavailable);
    let app = Arc::new(app);
    let router = Router::new().merge(user_routes(&app.users)).with_state(app.users.clone());
    // The port is free again when the server binds it.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let of_the_server = Arc::clone(&app);
    tokio::spawn(async move { of_the_server.users.serve(router, address).await.unwrap() });
    while TcpStream::connect(address).await.is_err() {
        tokio::task::yield_now().await;
    }
    (app, address)
}

/// Sends requests one after the other on one connection, and returns the responses until it is closed.
async fn responses(address: SocketAddr, requests: usize) -> Vec<String> {
    const END: &str = "\"SERVICE_UNAVAILABLE\"}";
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = "username=arthur%40camelot.bt&password=x";
    let request = format!(
        "POST /auth/jwt/login HTTP/1.1\r\nhost: a\r\n{XFF}: 203.0.113.7\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut seen = Vec::new();
    for _ in 0..requests {
        let mut response = String::new();
        if stream.write_all(request.as_bytes()).await.is_err() {
            break;
        }
        while !response.ends_with(END) {
            let mut bytes = [0; 4096];
            match timeout(LONG, stream.read(&mut bytes)).await.expect("a response") {
                Ok(read @ 1..) => response.push_str(&String::from_utf8_lossy(&bytes[..read])),
                _ => return seen,
            }
        }
        seen.push(response);
    }
    seen
}

#[tokio::test]
async fn refusals_are_held_and_end_the_connection() {
    let (_app, address) = refusing(TrustedProxies::none()).await;
    let seen = responses(address, 12).await;
    assert_eq!(seen.len(), 8, "{seen:#?}");
    for (number, head) in seen.iter().enumerate() {
        assert!(head.starts_with("HTTP/1.1 503") && head.contains("retry-after: 5\r\n"), "{head}");
        assert_eq!(head.contains("connection: close"), number == 7, "{number}: {head}");
    }
    // The connection of a proxy carries requests of many clients.
    let (_app, address) = refusing(TrustedProxies::number(1)).await;
    assert_eq!(responses(address, 12).await.len(), 12);
}
