//! A server to start with.

use std::{net::SocketAddr, time::Duration};

use axum::Router;
use tokio::net::{TcpListener, ToSocketAddrs};

use crate::{domain::Result, manager::drain_all};

/// How long queued mails may take once the server has stopped.
const DRAIN: Duration = Duration::from_secs(30);

/// Serves `app` until SIGTERM or Ctrl-C, then lets requests under way finish and queued mails go out.
///
/// Clients' addresses are known to hooks and events. For TLS, header timeouts or a server of your own see
/// `docs/server.md`; call [`Users::drain`](crate::Users::drain) there when the server has stopped.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) if the address cannot be bound.
pub async fn serve(app: Router, address: impl ToSocketAddrs) -> Result<()> {
    let listener = TcpListener::bind(address).await?;
    tracing::info!(target: "axum_users", address = %listener.local_addr()?, "listening");
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(asked_to_stop()).await?;
    drain_all(DRAIN).await;
    Ok(())
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
    futures_util::future::select(Box::pin(interrupt), Box::pin(terminate)).await;
}
