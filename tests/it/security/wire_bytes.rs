//! Requests that no HTTP library would send, byte by byte.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::support::Http;

/// Longer than any answer may take, the routes' own limit of 10 s included.
const LONG: Duration = Duration::from_secs(20);

/// Sends these bytes on a connection of their own and answers all that comes back until it is closed. A request should
/// say `connection: close`.
pub async fn exchange(service: &Http, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(service.address()).await.unwrap();
    // A server that refuses may close while we still write.
    stream.write_all(bytes).await.ok();
    let mut answer = Vec::new();
    let _ = timeout(LONG, stream.read_to_end(&mut answer)).await.expect("the server answers and closes");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of an answer, if there is one.
pub fn status(answer: &str) -> Option<u16> {
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}
