//! What an operator can do about an error of the database: while connecting, and in migrations.

use std::{io::ErrorKind, time::Duration};

use sqlx::{ConnectOptions, Connection, Error, Pool};
use tokio::time::timeout;

use super::{Driver, paused_clock};
use crate::{domain::redact, port::StoreError};

/// An error of the database with all of its causes, each once, and advice. It contains no password and no URL.
#[derive(Debug, thiserror::Error)]
#[error("{causes}{advice}")]
struct Explained {
    causes: String,
    /// Empty, or a sentence after a period and a space.
    advice: String,
}

const PAUSED: &str = "tokio's clock is paused (start_paused, or tokio::time::pause), so the pool's time limit passes before the \
    database can answer. Do not pause it: the library's clock is UsersBuilder::clock, with testing::ManualClock for tests";

/// Explains why a pool could not be opened.
///
/// sqlx retries while a server refuses connections, and then reports only that the pool timed out; one more attempt
/// without the pool reveals the cause.
pub(super) async fn cannot_connect<DB: Driver>(
    error: Error,
    options: &<DB::Connection as Connection>::Options,
    limit: Duration,
) -> StoreError {
    let error = real_cause::<DB>(error, options, limit).await;
    StoreError::unavailable(Explained::new(&error, advice::<DB>(&error)))
}

/// Connects once without the pool if it timed out, and returns the error of that attempt.
async fn real_cause<DB: Driver>(
    error: Error,
    options: &<DB::Connection as Connection>::Options,
    limit: Duration,
) -> Error {
    match error {
        Error::PoolTimedOut if !paused_clock::is_paused() => match timeout(limit, options.connect()).await {
            Ok(Err(cause)) => cause,
            Ok(Ok(_)) => error,
            Err(_) => Error::Io(ErrorKind::TimedOut.into()),
        },
        error => error,
    }
}

/// Classifies an error of a migration or of a comparison of the schema and adds advice.
pub(super) fn explained<DB: Driver>(error: Error, classify: impl FnOnce(Error) -> StoreError) -> StoreError {
    // The error of a pool that timed out already contains advice.
    let advice = advice::<DB>(&error).filter(|_| !matches!(error, Error::PoolTimedOut));
    // No request is involved, so the message of the database contains no value of a request.
    let of_database = matches!(error, Error::Database(_)).then(|| Explained::new(&error, advice));
    let explain =
        |cause: &(dyn std::error::Error + 'static)| of_database.unwrap_or_else(|| Explained::new(cause, advice));
    match classify(error) {
        StoreError::Failed(cause) => StoreError::failed(explain(&*cause)),
        StoreError::Unavailable(cause) => StoreError::unavailable(explain(&*cause)),
        other => other,
    }
}

/// Returns the cause if a pool of the application timed out because it cannot connect. sqlx retries while a server
/// refuses connections, and then reports only that the pool timed out.
pub(super) async fn cause_of_time_out<DB: Driver>(error: Error, pool: &Pool<DB>) -> Error {
    /// A pool of the application may wait longer.
    const LIMIT: Duration = Duration::from_secs(2);
    match error {
        Error::PoolTimedOut => {
            let (options, limit) = (pool.connect_options(), pool.options().get_acquire_timeout().min(LIMIT));
            real_cause::<DB>(error, &options, limit).await
        }
        error => error,
    }
}

/// Returns the cause of a pool without a free connection.
pub(super) fn pool_timed_out() -> StoreError {
    if paused_clock::is_paused() {
        StoreError::unavailable(PAUSED)
    } else {
        StoreError::unavailable(Error::PoolTimedOut)
    }
}

impl Explained {
    fn new(error: &(dyn std::error::Error + 'static), advice: Option<&str>) -> Self {
        Self { causes: redact::chain(error), advice: advice.map_or_else(String::new, |advice| format!(". {advice}")) }
    }
}

fn advice<DB: Driver>(error: &Error) -> Option<&'static str> {
    match error {
        Error::PoolTimedOut if paused_clock::is_paused() => Some(PAUSED),
        Error::Io(error) => Some(of_io(error)),
        Error::Tls(_) => Some(
            "Check `sslmode` or `ssl-mode` and the certificate authority in the database URL; TLS needs the Cargo feature `tls`",
        ),
        Error::Database(refusal) => DB::advice(refusal.as_ref()),
        _ => None,
    }
}

fn of_io(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::ConnectionRefused => {
            "Nothing listens there: check the host and the port in the database URL, and whether the server runs"
        }
        ErrorKind::NotFound => "Check the path of the socket or file in the database URL",
        ErrorKind::PermissionDenied => "Check the permissions of the socket or file in the database URL",
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
            "The server closed the connection: check that it speaks this protocol at this port, and whether it requires TLS"
        }
        ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            "The server does not answer: check the host in the database URL, the network and its firewall"
        }
        _ => "Check the host in the database URL: its name may be misspelled or unknown to this machine's resolver",
    }
}
