//! The methods of one path.

use axum::{
    handler::Handler,
    routing::{MethodRouter, any},
};
use http::HeaderValue;

/// The methods of one path, and their names for the header `Allow`.
#[must_use]
#[derive(Debug)]
pub struct Methods<S> {
    pub(super) router: MethodRouter<S>,
    names: Vec<&'static str>,
}

macro_rules! methods {
    ($($method:ident $name:literal),*) => {$(
        #[doc = concat!("A path that takes `", $name, "`.")]
        pub fn $method<H, T, S>(handler: H) -> Methods<S>
        where
            H: Handler<T, S>,
            T: 'static,
            S: Clone + Send + Sync + 'static,
        {
            Methods { router: MethodRouter::new(), names: Vec::new() }.$method(handler)
        }
    )*

    impl<S: Clone + Send + Sync + 'static> Methods<S> {$(
        #[doc = concat!("Takes `", $name, "` as well.")]
        pub fn $method<H, T>(mut self, handler: H) -> Self
        where
            H: Handler<T, S>,
            T: 'static,
        {
            self.router = self.router.$method(handler);
            self.names.push($name);
            self
        }
    )*}};
}

methods!(get "GET", post "POST", patch "PATCH", delete "DELETE");

impl<S: Clone + Send + Sync + 'static> Methods<S> {
    /// What answers to every other method. `any` keeps axum from adding `Allow` to its answers, which may be other than 405.
    pub fn fallback<H, T>(mut self, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.router = any(handler).merge(self.router);
        self
    }

    /// The value of `Allow`: all methods, or the first alone, as fastapi-users has it.
    pub(super) fn allow(&self, first_only: bool) -> Option<HeaderValue> {
        let taken = if first_only { 1 } else { self.names.len() };
        HeaderValue::try_from(self.names.iter().take(taken).copied().collect::<Vec<_>>().join(", ")).ok()
    }
}
