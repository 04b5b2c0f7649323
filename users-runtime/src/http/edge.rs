//! The layer around every route of this library: the client, timeout, panics, methods, response headers, and the delay of
//! refusals.

use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    sync::Arc,
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

use super::{
    ApiError,
    client::{RefusedOnConnection, determine_client, peer},
};
use crate::{
    background::RunningTimer,
    event::{CurrentRequest, EventKind, SecurityEvent},
    port::WorkSource,
    service::{Clients, Holding, Users},
    user::AuthUser,
};

/// The maximum duration of a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The headers of every response: these prevent JSON from being rendered as a page, cached or embedded.
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

/// Parsed once instead of at each request.
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The layer around a route.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    allow: Option<HeaderValue>,
    clients: Arc<Clients>,
    holding: Arc<Holding>,
    running_timer: RunningTimer,
    /// The sink of events.
    events: CurrentRequest,
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
        let (mut head, body) = request.into_parts();
        let client = determine_client(&edge.clients, &head.headers, &mut head.extensions);
        let connection = head.extensions.get::<RefusedOnConnection>().cloned();
        let peer = peer(&head.extensions);
        let request_id = head.headers.get(&REQUEST_ID).cloned();
        let current = CurrentRequest { client, request_id, ..edge.events.clone() };
        let request = Request::from_parts(head, body);
        let inner = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        let inner = current.clone().scope(WorkSource::of(client).around(inner));
        Box::pin(async move {
            if is_head {
                return Ok(edge.wrong_method());
            }
            edge.running_timer.request_arrived();
            let mut response = match tokio::time::timeout(REQUEST_TIMEOUT, inner).await {
                Ok(Ok(Ok(response))) => response,
                Ok(Ok(Err(never))) => match never {},
                Ok(Err(_panic)) => {
                    let event = SecurityEvent::in_current(EventKind::Hook, &current);
                    current.record(&event.failed("a handler or hook panicked"));
                    ApiError::Internal.into_response()
                }
                Err(_elapsed) => {
                    let event = SecurityEvent::in_current(EventKind::Overload, &current);
                    current.record(&event.refused("the request took too long"));
                    ApiError::Unavailable { retry_after: 1 }.into_response()
                }
            };
            if response.status() == StatusCode::METHOD_NOT_ALLOWED {
                response = edge.wrong_method();
            }
            if matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
                let is_held = edge.holding.hold().await;
                let is_last = connection.is_some_and(|connection| connection.is_last());
                if (is_last || !is_held) && !edge.clients.is_proxy(peer) {
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
            }
            Ok(with_headers(response))
        })
    }
}

impl Edge {
    /// Returns the layer around a route whose methods are those in `allow`.
    pub(crate) fn new<U: AuthUser>(users: &Users<U>, allow: Option<HeaderValue>) -> Self {
        let inner = users.inner();
        let events = CurrentRequest { sink: inner.event_sink(), ..CurrentRequest::default() };
        let (clients, holding) = (Arc::clone(&inner.clients), Arc::clone(&inner.holding));
        Self { allow, clients, holding, running_timer: inner.running_timer.clone(), events }
    }

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

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "reads the paused clock, not the system clock")]
mod tests {
    use std::{future::ready, time::Duration};

    use axum::body::Body;
    use tokio::time::Instant;
    use tower::{ServiceExt as _, service_fn};

    use super::*;
    use crate::domain::TrustedProxies;

    fn edge(delay: Duration) -> Edge {
        Edge {
            allow: None,
            clients: Arc::new(Clients::new(TrustedProxies::none())),
            holding: Arc::new(Holding::new(delay).unwrap()),
            running_timer: RunningTimer::default(),
            events: CurrentRequest::default(),
        }
    }

    /// Sends a request to a route that responds with this status, and returns how long the response took, and whether it closes
    /// the connection.
    async fn time_of(status: u16, delay: Duration, refused: &RefusedOnConnection) -> (u128, bool) {
        let edge = edge(delay);
        let status = StatusCode::from_u16(status).unwrap();
        let route = edge.layer(service_fn(move |_: Request| ready(Ok::<_, Infallible>(status.into_response()))));
        let mut request = Request::new(Body::empty());
        request.extensions_mut().insert(refused.clone());
        let start = Instant::now();
        let Ok(response) = route.oneshot(request).await;
        (start.elapsed().as_millis(), response.headers().contains_key(header::CONNECTION))
    }

    #[tokio::test]
    async fn a_request_starts_the_timer_that_ends_before_its_time_limit() {
        let edge = edge(Duration::ZERO);
        let route = edge.layer(service_fn(|_: Request| ready(Ok::<_, Infallible>(Response::default()))));
        let Ok(_) = route.oneshot(Request::new(Body::empty())).await;
        assert!(edge.running_timer.runs());
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_are_held_and_nothing_else() {
        let refused = RefusedOnConnection::default();
        for (status, held) in [(200, false), (400, false), (401, false), (429, true), (500, false), (503, true)] {
            let (time, closes) = time_of(status, Holding::DELAY, &refused).await;
            assert_eq!(((100..102).contains(&time), closes), (held, false), "{status}: {time}");
            assert_eq!(time_of(status, Duration::ZERO, &RefusedOnConnection::default()).await, (0, false), "{status}");
        }
        for number in 3..=RefusedOnConnection::MAX {
            let (_, closes) = time_of(429, Holding::DELAY, &refused).await;
            assert_eq!(closes, number == RefusedOnConnection::MAX, "{number}");
        }
        assert!(!time_of(200, Holding::DELAY, &refused).await.1, "only a refusal closes the connection");
    }
}
