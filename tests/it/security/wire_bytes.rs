//! Raw requests that HTTP libraries refuse to send.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::support::Http;

/// A timeout above the routes' own limit of 10 s.
const LONG: Duration = Duration::from_secs(20);

/// Sends the bytes on a new connection and returns everything received until it is closed. A request should
/// say `connection: close`.
pub async fn exchange(service: &Http, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(service.address()).await.unwrap();
    // A server that rejects the request may close the connection during the write.
    stream.write_all(bytes).await.ok();
    let mut response = Vec::new();
    let _ =
        timeout(LONG, stream.read_to_end(&mut response)).await.expect("the server responds and closes the connection");
    String::from_utf8_lossy(&response).into_owned()
}

/// Returns the status of a response, if there is one.
pub fn status(response: &str) -> Option<u16> {
    response.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}
