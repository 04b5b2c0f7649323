//! The methods of one path.

use axum::{
    handler::Handler,
    routing::{MethodFilter, MethodRouter, any, on},
};
use http::{HeaderValue, Method};

use crate::compat;

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

    pub(super) fn on<H, T>(&mut self, method: Method, filter: MethodFilter, handler: H)
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.router = std::mem::take(&mut self.router).merge(on(filter, handler));
        self.names.push(method);
    }

    /// Sets the handler of every other method. `any` keeps axum from adding `Allow` to its responses, which may have
    /// another status than 405.
    pub(super) fn fallback<H, T>(&mut self, handler: H)
    where
        H: Handler<T, S>,
        T: 'static,
    {
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
