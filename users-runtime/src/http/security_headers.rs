//! Headers for the pages of an application.

use std::future::{Ready, ready};

use axum::{
    middleware::{MapResponseLayer, map_response},
    response::Response,
};
use http::{HeaderName, HeaderValue, header};

/// The headers and their values. One year with all subdomains is OWASP ASVS 3.4.1.
const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // Not `no-referrer`: browsers then send `Origin: null` with the forms of a page.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
];

/// The layer that [`security_headers`] returns.
pub type SecurityHeaders = MapResponseLayer<fn(Response) -> Ready<Response>, (), ()>;

/// Returns a layer for the whole application that adds `Strict-Transport-Security` for a year with all subdomains,
/// `X-Content-Type-Options: nosniff` and `Referrer-Policy: same-origin` to every response that lacks them.
///
/// The layer is not added by default, because TLS often terminates at a proxy, which should then send these headers. It
/// sends no `Content-Security-Policy`, which depends on the page.
///
/// ```
/// let app: axum::Router = axum::Router::new().layer(users_runtime::routes::security_headers());
/// # drop(app);
/// ```
///
/// # Security
/// A browser that has received `Strict-Transport-Security` uses TLS for this host and all its subdomains for a year.
pub fn security_headers() -> SecurityHeaders {
    map_response(add_missing as fn(Response) -> Ready<Response>)
}

fn add_missing(mut response: Response) -> Ready<Response> {
    for (name, value) in &HEADERS {
        response.headers_mut().entry(name).or_insert_with(|| value.clone());
    }
    ready(response)
}
