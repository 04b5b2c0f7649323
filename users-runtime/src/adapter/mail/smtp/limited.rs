//! A connection that returns one line at a time and a limited number of bytes in total.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncBufRead, AsyncRead, AsyncWrite, BufReader, ReadBuf},
    net::TcpStream,
};

/// A TCP connection to a server that is not trusted.
///
/// * After `left` bytes it fails, because the SMTP client buffers a line until its end, however long it is.
/// * A read returns no byte beyond a line break. Data that a server sends after its reply to STARTTLS, before
///   encryption, therefore never stays in the client's buffer, where it would be taken for encrypted replies.
#[derive(Debug)]
pub(super) struct Limited {
    stream: BufReader<TcpStream>,
    left: usize,
}

/// The server sent more bytes than the limit.
#[derive(Debug, thiserror::Error)]
#[error("too many bytes")]
pub(super) struct TooMuch;

impl Limited {
    pub(super) fn new(stream: TcpStream, left: usize) -> Self {
        Self { stream: BufReader::new(stream), left }
    }
}

impl AsyncRead for Limited {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let available = ready!(Pin::new(&mut this.stream).poll_fill_buf(cx))?;
        let line = available.iter().position(|byte| *byte == b'\n').map_or(available.len(), |at| at + 1);
        let taken = available.get(..line.min(into.remaining())).unwrap_or_default();
        let bytes = taken.len();
        let Some(left) = this.left.checked_sub(bytes) else {
            return Poll::Ready(Err(io::Error::other(TooMuch)));
        };
        into.put_slice(taken);
        this.left = left;
        Pin::new(&mut this.stream).consume(bytes);
        Poll::Ready(Ok(()))
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

impl AsyncTokioStream for Limited {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.get_ref().peer_addr()
    }
}
