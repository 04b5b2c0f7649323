//! What holds for every one of our routes: the last word on time, panics, methods and headers.

use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use futures_util::{FutureExt, future::BoxFuture};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use tower::{Layer, Service};

use super::ApiError;
use crate::event::EventKind;

/// The longest a request may take (docs/contributing/security.md, "Default numbers").
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Headers of every answer: JSON is never a page, never cached, never embedded (docs/contributing/security.md).
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"),
    ),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// The layer around one of our routes, which takes the methods in `allow`.
pub(crate) fn edge(allow: Option<HeaderValue>) -> Edge {
    Edge { allow }
}

/// See [`edge`].
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    allow: Option<HeaderValue>,
}

impl<S> Layer<S> for Edge {
    type Service = EdgeService<S>;

    fn layer(&self, inner: S) -> EdgeService<S> {
        EdgeService { inner, edge: self.clone() }
    }
}

/// See [`edge`].
#[derive(Debug, Clone)]
pub(crate) struct EdgeService<S> {
    inner: S,
    edge: Edge,
}

impl<S> Service<Request> for EdgeService<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // Axum answers HEAD wherever there is GET; on the wire it is a wrong method.
        let is_head = request.method() == Method::HEAD;
        let edge = self.edge.clone();
        let inner = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        Box::pin(async move {
            if is_head {
                return Ok(edge.wrong_method());
            }
            let mut response = match tokio::time::timeout(REQUEST_TIMEOUT, inner).await {
                Ok(Ok(Ok(response))) => response,
                Ok(Ok(Err(never))) => match never {},
                Ok(Err(_panic)) => {
                    let event = EventKind::Hook.name();
                    tracing::error!(target: "axum_users", event, outcome = "failed", reason = "a handler or hook panicked");
                    ApiError::Internal.into_response()
                }
                Err(_elapsed) => ApiError::Unavailable { retry_after: 1 }.into_response(),
            };
            if response.status() == StatusCode::METHOD_NOT_ALLOWED {
                response = edge.wrong_method();
            }
            Ok(with_headers(response))
        })
    }
}

impl Edge {
    /// 405 in the shape of the wire.
    fn wrong_method(&self) -> Response {
        let mut response = ApiError::MethodNotAllowed.into_response();
        if let Some(allow) = &self.allow {
            response.headers_mut().insert(header::ALLOW, allow.clone());
        }
        with_headers(response)
    }
}

/// Adds what every answer of ours carries.
pub(super) fn with_headers(mut response: Response) -> Response {
    for (name, value) in &HEADERS {
        response.headers_mut().insert(name, value.clone());
    }
    response
}
