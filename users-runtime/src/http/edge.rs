//! The layer around every route of this library: timeout, panics, methods and response headers.

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
use crate::{
    event::{self, EventKind, Outcome},
    port::RequestContext,
};

/// The maximum duration of a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The headers of every response: JSON is never rendered as a page, cached or embedded.
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

/// Returns the layer around a route whose methods are those in `allow`.
pub(crate) fn edge(allow: Option<HeaderValue>) -> Edge {
    Edge { allow }
}

/// The layer that [`edge`] returns.
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

/// The service that [`Edge`] creates.
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
        // Axum handles HEAD wherever it handles GET; in fastapi-users HEAD is not an allowed method.
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
                    let outcome = Outcome::Failed("a handler or hook panicked");
                    event::record(EventKind::Hook, outcome, None, None, &RequestContext::none());
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
    /// Returns 405 with the body of the other errors.
    fn wrong_method(&self) -> Response {
        let mut response = ApiError::MethodNotAllowed.into_response();
        if let Some(allow) = &self.allow {
            response.headers_mut().insert(header::ALLOW, allow.clone());
        }
        with_headers(response)
    }
}

/// Adds the headers that every response carries.
pub(super) fn with_headers(mut response: Response) -> Response {
    for (name, value) in &HEADERS {
        response.headers_mut().insert(name, value.clone());
    }
    response
}
