//! Opens connections to the mail server.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, lookup_host},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{failure::Failure, limited::Limited};

/// The maximum number of bytes that a mail server may send during one mail. A TLS handshake takes about 5 KiB, the
/// dialogue 1 KiB. lettre parses a reply again after each of its lines, so the CPU time that a server can consume grows
/// with the square of this limit.
const MAX_RECEIVED: usize = 32 * 1024;

/// Settings of TLS from the first byte on.
pub(super) struct ImplicitTls {
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
}

impl ImplicitTls {
    /// Verifies certificates for `host` against Mozilla's root certificates. Returns `None` if the host is not a name
    /// that a certificate can have.
    pub(super) fn new(host: &str) -> Option<Self> {
        let name = ServerName::try_from(host.to_owned()).ok()?;
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .ok()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Some(Self { name, config: Arc::new(config) })
    }
}

/// Connects to the first address that responds.
pub(super) async fn tcp(host: &str, port: u16) -> Result<Limited, Failure> {
    let addresses = lookup_host((host, port)).await.map_err(Failure::Name)?;
    let mut last = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(Limited::new(stream, MAX_RECEIVED)),
            Err(error) => last = Some(error),
        }
    }
    Err(last.map_or_else(|| Failure::Name(io::ErrorKind::NotFound.into()), Failure::Connect))
}

/// Encrypts a connection before the first byte of SMTP.
pub(super) async fn encrypt(stream: Limited, tls: &ImplicitTls) -> Result<Encrypted, Failure> {
    let connector = TlsConnector::from(Arc::clone(&tls.config));
    connector.connect(tls.name.clone(), stream).await.map(Encrypted).map_err(|error| Failure::of_io(&error))
}

/// An encrypted connection, as the SMTP client takes it.
#[derive(Debug)]
pub(super) struct Encrypted(TlsStream<Limited>);

impl AsyncRead for Encrypted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Encrypted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().0.peer_addr()
    }
}
