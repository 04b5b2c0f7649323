//! Putting routes together, so that generated code only lists them.

use axum::{
    Extension, Router,
    extract::OriginalUri,
    response::{IntoResponse, Response},
    routing::any,
};
use http::{HeaderValue, StatusCode, header};

use super::{ApiError, HasUsers, Methods, edge, edge::with_headers};
use crate::{domain::Relaxation, service::Users, user::AuthUser};

/// Which backend a login or logout route belongs to.
#[derive(Debug, Clone, Copy)]
pub struct RouteBackend(pub(crate) usize);

/// Routes of one router under construction.
#[must_use]
#[derive(Debug)]
pub struct Routes<U: AuthUser, S> {
    users: Users<U>,
    backend: Option<RouteBackend>,
    router: Router<S>,
}

impl<U: AuthUser, S: HasUsers<U>> Routes<U, S> {
    /// No route yet.
    pub fn new(users: &Users<U>) -> Self {
        Self { users: users.clone(), backend: None, router: Router::new() }
    }

    /// The routes belong to this backend.
    ///
    /// # Panics
    /// If there is no backend of that name: a mistake in the application that shows when it starts.
    #[expect(clippy::panic, reason = "like axum's own router: a route that cannot be built stops the start")]
    pub fn backend(mut self, name: &str) -> Self {
        let Some(index) = self.users.backends().position(|backend| backend == name) else {
            let names: Vec<_> = self.users.backends().collect();
            panic!("there is no backend `{name}`; there is {names:?}");
        };
        self.backend = Some(RouteBackend(index));
        self
    }

    /// Adds a route.
    pub fn route(mut self, path: &str, methods: Methods<S>) -> Self {
        let edge = edge(methods.allow(self.users.policy().keeps_quirks()));
        self.router = self.router.route(path, methods.router.layer(edge));
        if self.users.policy().allows(Relaxation::SlashRedirect) && path != "/" {
            self.router = self.router.route(&format!("{path}/"), any(without_slash));
        }
        self
    }

    /// The router.
    pub fn into_router(self) -> Router<S> {
        match self.backend {
            Some(backend) => self.router.layer(Extension(backend)),
            None => self.router,
        }
    }

    /// All routers at the prefixes that front ends of fastapi-users know: `/auth/{backend}` for each backend, and the
    /// others as given.
    pub fn at_usual_prefixes<const N: usize>(
        users: &Users<U>,
        auth: fn(&Users<U>, &str) -> Router<S>,
        others: [(&str, Router<S>); N],
    ) -> Router<S> {
        let backends = users.backends().map(|name| (format!("/auth/{name}"), auth(users, name)));
        let others = others.into_iter().map(|(prefix, router)| (prefix.to_owned(), router));
        backends.chain(others).fold(Router::new(), |all, (prefix, router)| all.nest(&prefix, router))
    }
}

/// 307 to the path without its last slash. Relative, so that nothing is built from `Host`.
async fn without_slash(OriginalUri(uri): OriginalUri) -> Response {
    let path = uri.path().trim_end_matches('/');
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    // A path that starts with two slashes would be another host.
    with_headers(match HeaderValue::try_from(format!("/{}", target.trim_start_matches('/'))) {
        Ok(location) => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response(),
        Err(_) => ApiError::NotFound.into_response(),
    })
}

/// The fallback for unknown paths, in the shape of the wire: `app.fallback(axum_users::not_found)`.
pub async fn not_found() -> Response {
    with_headers(ApiError::NotFound.into_response())
}
