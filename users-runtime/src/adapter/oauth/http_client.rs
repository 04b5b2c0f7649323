//! The HTTP client for providers.

use std::{io, sync::Arc, time::Duration};

use http::{Request, Response};
use oauth2::AsyncHttpClient;
use reqwest::{Client, redirect::Policy};
use rustls::{ClientConfig, RootCertStore};
use url::{Origin, Url};

use crate::{
    domain::{Error, Result, Setting},
    port::BoxFuture,
};

/// The maximum size of a response in bytes.
const MOST_BYTES: usize = 64 * 1024;
/// How long a connection may take, with TLS.
const CONNECT_TIME: Duration = Duration::from_secs(3);
/// How long a call may take, with its response.
const CALL_TIME: Duration = Duration::from_secs(10);

/// A client that calls only the origins for which it was created. It follows no redirects, verifies certificates, does
/// not retry, and reads at most 64 KiB.
#[derive(Clone)]
pub(super) struct HttpClient {
    client: Client,
    origins: Arc<[Origin]>,
}

/// A call failed. The text contains no parameter, token or response.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct CallFailed(pub(super) String);

impl HttpClient {
    /// Makes a client for the origins of these URLs.
    pub(super) fn new(urls: &[&Url]) -> Result<Self> {
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls()?)
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(CONNECT_TIME)
            .timeout(CALL_TIME)
            .user_agent("axum-users");
        // A proxy from the environment is meant for external hosts.
        if urls.iter().all(|url| is_loopback(url)) {
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| Error::setting(Setting::OAuth, format!("no HTTP client: {}", error.without_url())))?;
        Ok(Self { client, origins: urls.iter().map(|url| url.origin()).collect() })
    }

    /// Returns whether the client may call this URL.
    pub(super) fn may_call(&self, url: &Url) -> bool {
        self.origins.contains(&url.origin())
    }

    /// Sends a request and reads the whole response.
    pub(super) async fn send(&self, request: Request<Vec<u8>>) -> std::result::Result<Response<Vec<u8>>, CallFailed> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|_| CallFailed("an endpoint is not a URL".to_owned()))?;
        if !self.may_call(&url) {
            return Err(CallFailed(format!(
                "an endpoint is at {}, which is not configured",
                url.origin().ascii_serialization()
            )));
        }
        let place = url.origin().ascii_serialization();
        let failed = |error: reqwest::Error| {
            let reason = match () {
                () if error.is_timeout() => "no answer in time",
                () if error.is_connect() => "no connection, or a certificate that is not valid",
                () => "the answer cannot be read",
            };
            CallFailed(format!("{place}: {reason}"))
        };
        let request = self.client.request(parts.method, url).headers(parts.headers).body(body);
        let mut response = request.send().await.map_err(failed)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if bytes.len().saturating_add(chunk.len()) > MOST_BYTES {
                return Err(CallFailed(format!("{place}: the answer has more than {MOST_BYTES} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        let mut read = Response::new(bytes);
        (*read.status_mut(), *read.headers_mut()) = (response.status(), response.headers().clone());
        Ok(read)
    }
}

impl<'c> AsyncHttpClient<'c> for HttpClient {
    type Error = CallFailed;
    type Future = BoxFuture<'c, std::result::Result<Response<Vec<u8>>, CallFailed>>;

    fn call(&'c self, request: Request<Vec<u8>>) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// Returns the settings of TLS: certificates are verified against the roots of Mozilla and of the operating system, so
/// that an issuer with a certificate of a company's own authority works as well.
fn tls() -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

/// Returns whether a URL is on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Parses the URL of an endpoint: `https`, or `http` on a loopback host, without credentials and fragment.
pub(super) fn endpoint(text: &str) -> Result<Url> {
    let refused = |reason: &str| Error::setting(Setting::OAuth, format!("{reason}. Write https://HOST"));
    let url = Url::parse(text).map_err(|_| refused("an endpoint of a provider is not a URL"))?;
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
        return Err(refused("an endpoint of a provider is not https, and its host is not loopback"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(refused("an endpoint of a provider has credentials or a fragment"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_https_or_on_loopback() {
        for text in ["https://login.acme.example/authorize?tenant=1", "http://127.0.0.1:4000", "http://localhost/x"] {
            assert!(endpoint(text).is_ok(), "{text}");
        }
        for text in
            ["http://login.acme.example", "ftp://x", "login.acme.example", "", "https://u:p@x.example", "https://x/#a"]
        {
            assert!(endpoint(text).is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn another_origin_is_never_called() {
        let configured = Url::parse("https://login.acme.example/token").unwrap();
        let client = HttpClient::new(&[&configured]).unwrap();
        for other in [
            "http://login.acme.example/token",
            "https://login.acme.example:444/token",
            "https://other.example/token",
            "http://169.254.169.254/latest/meta-data",
            "http://127.0.0.1:1/",
        ] {
            let request = Request::builder().uri(other).body(Vec::new()).unwrap();
            let error = client.send(request).await.unwrap_err().to_string();
            assert!(error.ends_with("which is not configured"), "{other}: {error}");
        }
    }
}
