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
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tower::{Layer, Service};

use super::ApiError;
use crate::manager::Policy;

/// The longest a request may take (security.md (a)).
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Headers of every answer: JSON is never a page, never cached, never embedded (security.md 1.7).
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

/// The layer around our routes.
pub(crate) fn edge(policy: &Policy) -> Edge {
    Edge { first_method_only: policy.keeps_quirks() }
}

/// See [`edge`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edge {
    /// fastapi-users' `Allow` names the first route's method only (contract.md section 3).
    first_method_only: bool,
}

impl<S> Layer<S> for Edge {
    type Service = EdgeService<S>;

    fn layer(&self, inner: S) -> EdgeService<S> {
        EdgeService { inner, edge: *self }
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

    fn call(&mut self, mut request: Request) -> Self::Future {
        // Axum answers HEAD wherever there is GET; on the wire it is a wrong method. TRACE is nobody's.
        if request.method() == Method::HEAD {
            *request.method_mut() = Method::TRACE;
        }
        let edge = self.edge;
        let inner = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        Box::pin(async move {
            let mut response = match tokio::time::timeout(REQUEST_TIMEOUT, inner).await {
                Ok(Ok(Ok(response))) => response,
                Ok(Ok(Err(never))) => match never {},
                Ok(Err(_panic)) => {
                    tracing::error!(target: "axum_users", "a handler or hook panicked");
                    ApiError::Internal.into_response()
                }
                Err(_elapsed) => ApiError::Unavailable { retry_after: 1 }.into_response(),
            };
            if response.status() == StatusCode::METHOD_NOT_ALLOWED {
                response = edge.wrong_method(response.headers());
            }
            for (name, value) in &HEADERS {
                response.headers_mut().insert(name, value.clone());
            }
            Ok(response)
        })
    }
}

impl Edge {
    /// Axum's 405 in the shape of the wire.
    fn wrong_method(self, headers: &HeaderMap) -> Response {
        let allow = headers.get(header::ALLOW).and_then(|allow| allow.to_str().ok()).unwrap_or_default();
        let methods = allow.split(',').map(str::trim).filter(|method| *method != "HEAD" && !method.is_empty());
        let taken = if self.first_method_only { 1 } else { usize::MAX };
        let allow = methods.take(taken).collect::<Vec<_>>().join(", ");
        let mut response = ApiError::MethodNotAllowed.into_response();
        if let Ok(allow) = HeaderValue::try_from(allow) {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        response
    }
}
