//! TLS to Redis.

use std::{io, sync::Arc};

use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Installs ring as the process-wide rustls provider, unless the application has installed one.
///
/// The connections to Sentinels use the process-wide provider; the Redis client would panic if several providers are
/// compiled in and none is installed.
pub(super) fn choose_provider() {
    let _chosen_before = rustls::crypto::ring::default_provider().install_default();
}

/// Encrypts a connection. The certificate is verified against the root certificates of the operating system.
pub(super) async fn encrypt(host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let mut roots = RootCertStore::empty();
    // Some of the system's files may be unreadable; the server's certificate decides whether that matters.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}
