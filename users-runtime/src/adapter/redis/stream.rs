//! The connection to Redis, on which the length of a reply is limited.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use redis::{AsyncConnectionConfig, Client, ConnectionAddr, RedisResult, aio::MultiplexedConnection};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    task::AbortHandle,
};

/// The maximum number of bytes without a complete reply. The longest reply lists the sessions of one user, about 400
/// bytes each. Without a limit, the client would buffer any number of bytes.
pub(super) const MAX_REPLY: usize = 16 * 1024 * 1024;

/// An open connection. Its task ends when it is dropped.
pub(super) struct Connection {
    pub(super) commands: MultiplexedConnection,
    received: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl Connection {
    pub(super) async fn open(client: &Client, config: AsyncConnectionConfig) -> RedisResult<Self> {
        let info = client.get_connection_info();
        let received = Arc::<AtomicUsize>::default();
        let stream: Box<dyn Stream> = match info.addr() {
            ConnectionAddr::Tcp(host, port) => Box::new(tcp(host, *port).await?),
            #[cfg(feature = "tls")]
            ConnectionAddr::TcpTls { host, port, .. } => {
                Box::new(super::tls::encrypt(host, tcp(host, *port).await?).await?)
            }
            #[cfg(unix)]
            ConnectionAddr::Unix(path) => Box::new(tokio::net::UnixStream::connect(path).await?),
            _ => return Err(io::Error::from(io::ErrorKind::Unsupported).into()),
        };
        let stream = Limited { stream, received: Arc::clone(&received) };
        let (commands, driver) = MultiplexedConnection::new_with_config(info.redis_settings(), stream, config).await?;
        let task = tokio::spawn(driver).abort_handle();
        Ok(Self { commands, received, task })
    }

    /// A complete reply has arrived.
    pub(super) fn replied(&self) {
        self.received.store(0, Ordering::Relaxed);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A byte stream in both directions.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A stream that fails after [`MAX_REPLY`] bytes without a complete reply.
struct Limited {
    stream: Box<dyn Stream>,
    received: Arc<AtomicUsize>,
}

impl AsyncRead for Limited {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, into))?;
        let bytes = into.filled().len() - before;
        let total = self.received.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        Poll::Ready(if total > MAX_REPLY { Err(io::ErrorKind::InvalidData.into()) } else { Ok(()) })
    }
}

impl AsyncWrite for Limited {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
