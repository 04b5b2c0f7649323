//! A server to start with.

use std::{io, net::SocketAddr, pin::pin, time::Duration};

use axum::Router;
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
use tower::Service as _;

use crate::{domain::Result, manager::drain_all};

/// How long a connection may take to send the head of a request, and how long it may rest between two. A client on a slow
/// line sends a head in well under a second; whoever takes longer holds a socket for nothing.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long requests under way may take once the server is to stop.
const STOP_TIME: Duration = Duration::from_secs(30);
/// How long queued mails may take once the server has stopped.
const DRAIN: Duration = Duration::from_secs(30);
/// How long to wait when the system has no socket to give.
const NO_SOCKET: Duration = Duration::from_secs(1);

/// Serves `app` until SIGTERM or Ctrl-C, then lets requests under way finish and queued mails go out, 30 seconds each.
///
/// A connection that does not send the head of a request within 10 seconds is closed, the time between two requests
/// included; the routes of this library end every request after 10 seconds, its body included. Clients' addresses are known
/// to hooks and events.
///
/// Speaks HTTP/1.1. For TLS, HTTP/2 or a server of your own see `docs/guide/deployment.md`; call [`Users::drain`](crate::Users::drain) there when the server
/// has stopped.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) if the address cannot be bound.
pub async fn serve(app: Router, address: impl ToSocketAddrs) -> Result<()> {
    let listener = TcpListener::bind(address).await?;
    tracing::info!(target: "axum_users", address = %listener.local_addr()?, "listening");
    serve_until(app, listener, HEAD_TIME, asked_to_stop()).await;
    drain_all(DRAIN).await;
    Ok(())
}

/// Takes connections until `stop` resolves, then waits for those that are open.
async fn serve_until(app: Router, listener: TcpListener, head_time: Duration, stop: impl Future<Output = ()>) {
    let mut app = app.into_make_service_with_connect_info::<SocketAddr>();
    // Not hyper-util's builder for both versions of HTTP: it waits for the first byte without any limit.
    let mut server = Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(head_time);
    // Every connection holds a receiver, so the sender knows when all have ended.
    let (open, stopping) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        match select(pin!(listener.accept()), stop.as_mut()).await {
            Either::Left((Ok((stream, client)), _)) => {
                let Ok(service) = app.call(client).await;
                let service = TowerToHyperService::new(service);
                let connection = server.serve_connection(TokioIo::new(stream), service).with_upgrades();
                let mut stopping = stopping.clone();
                tokio::spawn(async move {
                    let mut connection = pin!(connection);
                    // A connection that breaks off is the client's affair.
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
    // New connections are refused by the system from here on, and not left waiting for an answer that will not come.
    drop(listener);
    drop(stopping);
    open.send(()).ok();
    if timeout(STOP_TIME, open.closed()).await.is_err() {
        tracing::warn!(target: "axum_users", "stopped with requests still under way");
    }
}

/// A connection that went away before it was taken is nothing. Anything else means that the system has no socket to give,
/// and asking again at once would only spin.
async fn after_failed_accept(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(target: "axum_users", %error, "no connection can be taken");
        timeout(NO_SOCKET, std::future::pending::<()>()).await.ok();
    }
}

/// Resolves at the first SIGTERM or Ctrl-C. If a signal cannot be listened to, the other one still works.
async fn asked_to_stop() {
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

    /// Longer than any of these tests may take.
    const LONG: Duration = Duration::from_secs(30);

    /// A server, its address, what stops it, and what ends when it has stopped.
    async fn server(
        app: Router,
        head_time: Duration,
    ) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(async move {
            serve_until(app, listener, head_time, async { drop(stopped.await) }).await;
        });
        (address, stop, running)
    }

    async fn answer(client: &mut TcpStream) -> String {
        let mut bytes = Vec::new();
        timeout(LONG, client.read_to_end(&mut bytes)).await.expect("the server closes").unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[tokio::test]
    async fn a_connection_that_sends_half_a_head_or_rests_too_long_is_closed() {
        let app = Router::new().route("/", get(|| async { "hello" }));
        let (address, _stop, _) = server(app, Duration::from_millis(50)).await;
        for (sent, answered) in
            [("", false), ("GET / HTTP/1.1\r\nhost: a\r\nx-slow: ", false), ("GET / HTTP/1.1\r\nhost: a\r\n\r\n", true)]
        {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(sent.as_bytes()).await.unwrap();
            assert_eq!(answer(&mut client).await.contains("200 OK"), answered, "{sent:?}");
        }
    }

    #[tokio::test]
    async fn a_request_under_way_finishes_and_no_new_connection_is_taken() {
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
        assert!(answer(&mut client).await.ends_with("127.0.0.1"));
        timeout(LONG, running).await.unwrap().unwrap();
    }
}
