//! A Redis server that never ends a reply.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use users_runtime::{
    Redis,
    env::{OsRandom, SystemClock},
    testing::ManualClock,
    token::{RedisRevocations, RedisTokens, RevocationStore},
};

use crate::redis::support::ARTHUR;

/// Serves connections: acknowledges the handshake, and answers everything else with `reply` forever.
fn serve(reply: &'static [u8]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let sent = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&sent);
    thread::spawn(move || {
        for connection in listener.incoming() {
            let (connection, count) = (connection.unwrap(), Arc::clone(&count));
            thread::spawn(move || flood(connection, reply, &count));
        }
    });
    (url, sent)
}

fn flood(mut connection: TcpStream, reply: &[u8], sent: &AtomicUsize) {
    let mut request = [0; 4096];
    loop {
        let Ok(bytes) = connection.read(&mut request) else { return };
        if bytes == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&request[..bytes]);
        let handshakes = text.matches("CLIENT").count();
        if handshakes > 0 && !text.contains("EVAL") && !text.contains("EXISTS") && !text.contains("PING") {
            if connection.write_all(b"+OK\r\n".repeat(handshakes).as_slice()).is_err() {
                return;
            }
            continue;
        }
        let chunk = reply.repeat(64 * 1024 / reply.len());
        while connection.write_all(&chunk).is_ok() {
            sent.fetch_add(chunk.len(), Ordering::Relaxed);
        }
        return;
    }
}

#[tokio::test]
async fn a_reply_that_never_ends_is_an_error_and_bounded_in_memory() {
    // A line without an end, a text of half a gigabyte, and a list with half a billion elements.
    for reply in [&b"+aaaaaaa"[..], b"$536870912\r\naaaaaaaa", b"*536870912\r\n$1\r\na\r\n"] {
        let (url, sent) = serve(reply);
        let redis = Redis::new(&url).unwrap();
        assert!(redis.ping().await.is_err());
        let clock = Arc::new(ManualClock::at("2026-11-23T12:00:00Z".parse().unwrap()));
        let revoked = RedisRevocations::new(redis.clone(), clock.clone()).unwrap();
        assert!(revoked.is_revoked(&users_runtime::store::TokenId::from_random([7; 16])).await.is_err());
        let sessions = users_runtime::RedisSessions::new(redis);
        let tokens = RedisTokens::new(sessions, Arc::new(SystemClock), Arc::new(OsRandom)).unwrap();
        assert!(users_runtime::token::Strategy::list(&tokens, ARTHUR).await.is_err());
        // Three operations with one retry each, and what fills the buffers of the operating system.
        let sent = sent.load(Ordering::Relaxed);
        assert!(sent < 6 * 48 * 1024 * 1024, "{sent} bytes were taken");
    }
}
