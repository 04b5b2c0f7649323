//! Headers for the pages of an application.

use std::task::{Context, Poll};

use axum::response::Response;
use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, Request, header};
use tower::{Layer, Service};

/// What is added where the application did not say something else. One year and all subdomains is OWASP ASVS 3.4.1.
const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // Not `no-referrer`: browsers then send `Origin: null` with the forms of a page.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
];

/// A layer for the whole application: `Strict-Transport-Security` for a year with all subdomains, `X-Content-Type-Options`
/// and `Referrer-Policy: same-origin`, each unless an answer has it already.
///
/// Not on by itself, since TLS often ends at a proxy, which then is the place for it: `app.layer(security_headers())`.
/// A `Content-Security-Policy` is the page's own to write.
///
/// # Security
/// A browser that has seen the first header speaks TLS to this host and every subdomain for a year.
pub fn security_headers() -> SecurityHeaders {
    SecurityHeaders(())
}

/// See [`security_headers`].
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct SecurityHeaders(());

impl<S> Layer<S> for SecurityHeaders {
    type Service = WithSecurityHeaders<S>;

    fn layer(&self, inner: S) -> WithSecurityHeaders<S> {
        WithSecurityHeaders(inner)
    }
}

/// See [`security_headers`].
#[derive(Debug, Clone)]
pub struct WithSecurityHeaders<S>(S);

impl<S, B> Service<Request<B>> for WithSecurityHeaders<S>
where
    S: Service<Request<B>, Response = Response>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let answer = self.0.call(request);
        Box::pin(async move {
            let mut response = answer.await?;
            for (name, value) in &HEADERS {
                response.headers_mut().entry(name).or_insert_with(|| value.clone());
            }
            Ok(response)
        })
    }
}
