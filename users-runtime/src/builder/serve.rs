//! An HTTP server with timeouts and graceful shutdown.

use std::{fmt::Debug, io, net::SocketAddr, pin::pin, time::Duration};

use axum::{Extension, Router};
use futures_util::future::{Either, select};
use hyper::server::conn::http1::Builder;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, ToSocketAddrs},
    sync::watch,
    time::timeout,
};
use tower::{Layer as _, Service as _};

use crate::{
    domain::{Result, io_error_at},
    event::{self, operation},
    http::RefusedOnConnection,
    port::BoxFuture,
    service::Users,
    user::AuthUser,
};

/// How long a connection may take to send the head of a request, and how long it may be idle between two requests.
/// Limits slow-request attacks (Slowloris): a client on a slow connection sends a head in well under a second.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long requests in progress may take after shutdown begins.
const STOP_TIME: Duration = Duration::from_secs(30);
/// How long queued mails may take after the server has stopped.
const DRAIN: Duration = Duration::from_secs(30);
/// How long to wait before accepting again after the system ran out of sockets.
const NO_SOCKET: Duration = Duration::from_secs(1);

impl<U: AuthUser> Users<U> {
    /// Serves `app` until SIGTERM or Ctrl-C, then waits for requests in progress and for the queued mails of this handle,
    /// at most 30 seconds each.
    ///
    /// A connection that does not send the head of a request within 10 seconds is closed; this includes the time
    /// between two requests. A connection is also closed after eight refusals (429, 503) to a client that ignores them,
    /// unless the client is a [trusted proxy](crate::UsersBuilder::trusted_proxies). The routes of this library end
    /// every request after 10 seconds, including its body. Hooks and events receive the client's address.
    ///
    /// Speaks HTTP/1.1. For TLS, HTTP/2 or your own server see
    /// [Deployment](https://github.com/axum-users/axum-users/blob/main/docs/guide/deployment.md), and call
    /// [`Users::drain`] when that server has stopped. An application with a second user type calls it for that handle,
    /// too.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) if the address cannot be bound.
    pub async fn serve(&self, app: Router, address: impl ToSocketAddrs + Debug) -> Result<()> {
        let listener = listen(address).await?;
        operation!(INFO, "listening", "listening", address = %listener.local_addr()?);
        serve_until_signal(app, listener).await;
        self.drain(DRAIN).await;
        Ok(())
    }
}

/// Serves until SIGTERM or Ctrl-C. Boxed, so that it is compiled with this crate.
fn serve_until_signal(app: Router, listener: TcpListener) -> BoxFuture<'static, ()> {
    Box::pin(serve_until(app, listener, HEAD_TIME, Box::pin(shutdown_signal())))
}

async fn listen(address: impl ToSocketAddrs + Debug) -> io::Result<TcpListener> {
    let place = format!("cannot listen on {address:?}");
    TcpListener::bind(address).await.map_err(|error| io_error_at(place, error))
}

/// Accepts connections until `stop` resolves, then waits for the open ones.
async fn serve_until(app: Router, listener: TcpListener, head_time: Duration, mut stop: BoxFuture<'static, ()>) {
    let mut app = app.into_make_service_with_connect_info::<SocketAddr>();
    // hyper-util's builder for both versions of HTTP waits for the first byte without a timeout.
    let mut server = Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(head_time);
    // Every connection holds a receiver, so the sender knows when all have ended.
    let (open, stopping) = watch::channel(());
    loop {
        match select(pin!(listener.accept()), stop.as_mut()).await {
            Either::Left((Ok((stream, client)), _)) => {
                let Ok(service) = app.call(client).await;
                let service = TowerToHyperService::new(Extension(RefusedOnConnection::default()).layer(service));
                let connection = server.serve_connection(TokioIo::new(stream), service).with_upgrades();
                let mut stopping = stopping.clone();
                tokio::spawn(async move {
                    let mut connection = pin!(connection);
                    // An error here means that the client disconnected.
                    if let Either::Right(_) = select(connection.as_mut(), pin!(stopping.changed())).await {
                        connection.as_mut().graceful_shutdown();
                        connection.await.ok();
                    }
                });
            }
            Either::Left((Err(error), _)) => after_failed_accept(&error).await,
            Either::Right(((), _)) => break,
        }
    }
    // From here on, the system refuses new connections instead of queueing them.
    drop(listener);
    drop(stopping);
    open.send(()).ok();
    if timeout(STOP_TIME, open.closed()).await.is_err() {
        operation!(WARN, "requests_cut_off", "stopped with requests still in progress");
    }
}

/// A client that disconnected before its connection was accepted needs no handling. Any other error means that no
/// socket is available, and retrying at once would only use the CPU.
async fn after_failed_accept(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        operation!(ERROR, "accept_failed", "connections cannot be accepted", cause = event::cause(error));
        timeout(NO_SOCKET, std::future::pending::<()>()).await.ok();
    }
}

/// Resolves at the first SIGTERM or Ctrl-C. If one of the two handlers cannot be installed, the other still works.
async fn shutdown_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    select(Box::pin(interrupt), Box::pin(terminate)).await;
}

#[cfg(test)]
mod tests {
    use axum::{extract::ConnectInfo, routing::get};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
        sync::oneshot,
    };

    use super::*;

    /// A timeout that no test reaches.
    const LONG: Duration = Duration::from_secs(30);

    /// Starts a server. Returns its address, the sender that stops it, and its task.
    async fn server(
        app: Router,
        head_time: Duration,
    ) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(async move {
            serve_until(app, listener, head_time, Box::pin(async { drop(stopped.await) })).await;
        });
        (address, stop, running)
    }

    async fn read_response(client: &mut TcpStream) -> String {
        let mut bytes = Vec::new();
        timeout(LONG, client.read_to_end(&mut bytes)).await.expect("the server closes").unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[tokio::test]
    async fn an_address_that_cannot_be_bound_is_named() {
        let first = listen("127.0.0.1:0").await.unwrap();
        let address = first.local_addr().unwrap();
        let error = listen(address).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().starts_with(&format!("cannot listen on {address}: ")), "{error}");
        let error = listen("localhost").await.unwrap_err();
        assert!(error.to_string().starts_with("cannot listen on \"localhost\": "), "{error}");
    }

    #[tokio::test]
    async fn a_connection_with_an_incomplete_head_or_too_long_idle_is_closed() {
        let app = Router::new().route("/", get(|| async { "hello" }));
        let (address, _stop, _) = server(app, Duration::from_millis(50)).await;
        for (sent, answered) in
            [("", false), ("GET / HTTP/1.1\r\nhost: a\r\nx-slow: ", false), ("GET / HTTP/1.1\r\nhost: a\r\n\r\n", true)]
        {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(sent.as_bytes()).await.unwrap();
            assert_eq!(read_response(&mut client).await.contains("200 OK"), answered, "{sent:?}");
        }
    }

    #[tokio::test]
    async fn shutdown_finishes_requests_in_progress_and_accepts_no_connection() {
        let (started, has_started) = oneshot::channel::<()>();
        let (finish, may_finish) = oneshot::channel::<()>();
        let channels = std::sync::Arc::new(std::sync::Mutex::new(Some((started, may_finish))));
        let app = Router::new().route(
            "/",
            get(async move |ConnectInfo(client): ConnectInfo<SocketAddr>| {
                let (started, may_finish) = channels.lock().unwrap().take().unwrap();
                started.send(()).unwrap();
                may_finish.await.unwrap();
                client.ip().to_string()
            }),
        );
        let (address, stop, running) = server(app, LONG).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        has_started.await.unwrap();
        stop.send(()).unwrap();
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(!running.is_finished());
        finish.send(()).unwrap();
        assert!(read_response(&mut client).await.ends_with("127.0.0.1"));
        timeout(LONG, running).await.unwrap().unwrap();
    }
}
