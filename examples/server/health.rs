//! `server --health`: queries the server that runs with the same variables, for the health check of a container without
//! other programs.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use axum_users::{Error, Result};

/// How long to wait for each step. The server checks its database for at most two seconds.
const PATIENCE: Duration = Duration::from_secs(4);

/// Queries `/health/ready` of the server at this address.
///
/// # Errors
/// If it does not respond with 200.
pub fn check(bind: &str) -> Result<()> {
    let status = status_at(bind).map_err(|error| Error::config(format!("no response from {bind}: {error}")))?;
    match status.as_str() {
        "200" => Ok(()),
        other => Err(Error::config(format!("the server is not ready: /health/ready responds with {other}"))),
    }
}

fn status_at(bind: &str) -> std::io::Result<String> {
    let wrong = |what: &str| std::io::Error::other(what.to_owned());
    let mut address: SocketAddr = bind.parse().map_err(|_| wrong("BIND is not an IP address and a port"))?;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
    }
    let mut connection = TcpStream::connect_timeout(&address, PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    write!(connection, "GET /health/ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut response = String::new();
    connection.take(64 * 1024).read_to_string(&mut response)?;
    response.split(' ').nth(1).map(str::to_owned).ok_or_else(|| wrong("the response is not HTTP"))
}
