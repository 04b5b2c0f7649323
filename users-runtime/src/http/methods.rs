//! The methods of one path.

use std::sync::Arc;

use axum::{
    extract::Request,
    handler::Handler,
    response::Response,
    routing::{MethodFilter, MethodRouter, any, on},
};
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method};

use crate::compat;

/// A handler of a route: a function of axum, whose future is boxed by axum already.
pub trait RouteHandler<T, S>: Handler<T, S, Future = BoxFuture<'static, Response>> {}

impl<H: Handler<T, S, Future = BoxFuture<'static, Response>>, T, S> RouteHandler<T, S> for H {}

/// A type-erased handler: axum's wrapper of a handler is compiled once instead of for every route of every user type.
pub(super) struct Erased<S>(Arc<dyn Fn(Request, S) -> BoxFuture<'static, Response> + Send + Sync>);

impl<S: 'static> Erased<S> {
    pub(super) fn new<H: RouteHandler<T, S>, T: 'static>(handler: H) -> Self {
        Self(Arc::new(move |request, state| handler.clone().call(request, state)))
    }
}

impl<S> Clone for Erased<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: 'static> Handler<(), S> for Erased<S> {
    type Future = BoxFuture<'static, Response>;

    fn call(self, request: Request, state: S) -> Self::Future {
        (self.0)(request, state)
    }
}

/// The methods of one path, with their names for the header `Allow`.
#[derive(Debug)]
pub(super) struct Methods<S> {
    router: MethodRouter<S>,
    names: Vec<Method>,
}

impl<S: Clone + Send + Sync + 'static> Methods<S> {
    pub(super) fn new() -> Self {
        Self { router: MethodRouter::new(), names: Vec::new() }
    }

    pub(super) fn on(&mut self, method: Method, filter: MethodFilter, handler: Erased<S>) {
        self.router = std::mem::take(&mut self.router).merge(on(filter, handler));
        self.names.push(method);
    }

    /// Sets the handler of every other method. `any` prevents axum from adding `Allow` to its responses, whose status
    /// may be other than 405.
    pub(super) fn fallback(&mut self, handler: Erased<S>) {
        self.router = any(handler).merge(std::mem::take(&mut self.router));
    }

    /// Returns the value of `Allow`: all methods, or those that fastapi-users sends.
    pub(super) fn allow(&self, first_only: bool) -> Option<HeaderValue> {
        let names = if first_only { compat::http::allowed(&self.names) } else { &self.names };
        HeaderValue::try_from(names.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")).ok()
    }

    pub(super) fn into_router(self) -> MethodRouter<S> {
        self.router
    }
}
