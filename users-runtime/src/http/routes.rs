//! Builders for routers from lists of routes: method, path, handler.

use axum::{
    Extension, Router,
    extract::OriginalUri,
    response::{IntoResponse, Response},
    routing::{MethodFilter, any},
};
use http::{Method, StatusCode, header};

use super::{ApiError, Edge, HasUsers, edge::with_headers, methods::Erased, methods::Methods, methods::RouteHandler};
use crate::{
    compat,
    domain::{BasePath, Relaxation},
    service::Users,
    user::AuthUser,
};

/// The backend of a login or logout route.
#[derive(Debug, Clone, Copy)]
pub struct RouteBackend(pub(crate) usize);

/// A function that makes the routes of one group.
type MakeRouter<U, S> = fn(&Users<U>) -> Router<S>;

/// A builder for a router. The methods of one path share a route.
#[must_use]
#[derive(Debug)]
pub struct Routes<U: AuthUser, S> {
    users: Users<U>,
    backend: Option<RouteBackend>,
    #[cfg(feature = "oauth")]
    provider: Option<super::RouteProvider>,
    paths: Vec<(&'static str, Methods<S>)>,
    nested: Router<S>,
}

impl<U: AuthUser, S: HasUsers<U>> Routes<U, S> {
    /// Returns a builder without routes.
    pub fn new(users: &Users<U>) -> Self {
        Self {
            users: users.clone(),
            backend: None,
            #[cfg(feature = "oauth")]
            provider: None,
            paths: Vec::new(),
            nested: Router::new(),
        }
    }

    /// Returns a builder for the routes of one backend.
    ///
    /// # Panics
    /// If there is no backend of that name, or if it issues no tokens. This is an error in the application that is found at startup.
    #[expect(clippy::panic, reason = "like axum's own router: a route that cannot be built stops the start")]
    pub fn of_backend(users: &Users<U>, name: &str) -> Self {
        let Some(index) = users.backends().position(|backend| backend == name) else {
            let names: Vec<_> = users.backends().collect();
            panic!("there is no backend `{name}`; there is {names:?}");
        };
        if users.backends_with_logins().all(|backend| *backend.name != *name) {
            panic!("there are no logins at the backend `{name}`: its tokens are issued elsewhere");
        }
        Self { backend: Some(RouteBackend(index)), ..Self::new(users) }
    }

    /// Adds `GET path`.
    pub fn get<H: RouteHandler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.on(Method::GET, MethodFilter::GET, path, Erased::new(handler))
    }

    /// Adds `POST path`.
    pub fn post<H: RouteHandler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.on(Method::POST, MethodFilter::POST, path, Erased::new(handler))
    }

    /// Adds `POST path`, unless the policy is that of fastapi-users, which has no such route.
    pub fn own_post<H: RouteHandler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        if self.users.policy().keeps_quirks() { self } else { self.post(path, handler) }
    }

    /// Adds `POST path`, if the backend of these routes has refresh tokens.
    pub fn refresh<H: RouteHandler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        let backend = self.backend.and_then(|RouteBackend(index)| self.users.inner().backends.get(index));
        match backend.is_some_and(|backend| backend.refresh.is_some()) {
            true => self.post(path, handler),
            false => self,
        }
    }

    /// Adds `POST path`, if users can have a second factor.
    pub fn second_factor<H: RouteHandler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        if self.users.has_second_factors() { self.post(path, handler) } else { self }
    }

    /// Adds `DELETE path`, if users can have a second factor.
    #[cfg(feature = "totp")]
    pub fn delete_second_factor<H: RouteHandler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        if self.users.has_second_factors() { self.delete(path, handler) } else { self }
    }

    /// Adds `POST path`, if logins with mailed links are on.
    pub fn magic_link<H: RouteHandler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        if self.users.inner().by_mail.magic_links.is_some() { self.post(path, handler) } else { self }
    }

    /// Adds `POST path`, if logins with mailed codes are on.
    pub fn email_code<H: RouteHandler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        if self.users.inner().by_mail.email_codes.is_some() { self.post(path, handler) } else { self }
    }

    /// Adds `PATCH path`.
    pub fn patch<H: RouteHandler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.on(Method::PATCH, MethodFilter::PATCH, path, Erased::new(handler))
    }

    /// Adds `PUT path`.
    pub fn put<H: RouteHandler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.on(Method::PUT, MethodFilter::PUT, path, Erased::new(handler))
    }

    /// Adds `DELETE path`.
    pub fn delete<H: RouteHandler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.on(Method::DELETE, MethodFilter::DELETE, path, Erased::new(handler))
    }

    /// Sets the handler of every method that `path` does not support. Without it, the response is 405.
    pub fn fallback<H: RouteHandler<T, S>, T: 'static>(mut self, path: &'static str, handler: H) -> Self {
        self.methods(path).fallback(Erased::new(handler));
        self
    }

    pub(super) fn on(mut self, method: Method, filter: MethodFilter, path: &'static str, handler: Erased<S>) -> Self {
        self.methods(path).on(method, filter, handler);
        self
    }

    fn methods(&mut self, path: &'static str) -> &mut Methods<S> {
        let index = self.paths.iter().position(|(known, _)| *known == path).unwrap_or_else(|| {
            self.paths.push((path, Methods::new()));
            self.paths.len() - 1
        });
        &mut self.paths[index].1
    }

    /// Sets the provider of the routes.
    #[cfg(feature = "oauth")]
    pub(super) fn with_provider(self, provider: super::RouteProvider) -> Self {
        Self { provider: Some(provider), ..self }
    }

    #[cfg(feature = "oauth")]
    pub(super) fn provider(&self) -> Option<&super::RouteProvider> {
        self.provider.as_ref()
    }

    #[cfg(feature = "oauth")]
    pub(super) fn users(&self) -> &Users<U> {
        &self.users
    }

    /// Adds the routes of other functions under a prefix, at their whole path: axum's `nest` would change the URI of each request.
    pub fn nest<const N: usize>(mut self, prefix: &str, groups: [MakeRouter<U, S>; N]) -> Self {
        for routes in groups {
            self.nested = self.nested.merge(routes(&self.users.mounted_under(prefix)));
        }
        self
    }

    /// Adds the routes of every backend that issues tokens under a prefix and the backend's name, such as `/auth/{backend}`.
    pub fn nest_backends(mut self, prefix: &str, routes: fn(&Users<U>, &str) -> Router<S>) -> Self {
        for name in self.users.backends_with_logins().map(|backend| &*backend.name) {
            let users = self.users.mounted_under(&format!("{prefix}/{name}"));
            self.nested = self.nested.merge(routes(&users, name));
        }
        self
    }

    /// Adds the routes of every backend that issues tokens under the backend's name and a path, such as `/{backend}/passkey`.
    #[cfg(feature = "passkeys")]
    pub(crate) fn nest_backends_under(mut self, path: &str, routes: fn(&Users<U>, &str) -> Router<S>) -> Self {
        for name in self.users.backends_with_logins().map(|backend| &*backend.name) {
            let users = self.users.mounted_under(&format!("/{name}{path}"));
            self.nested = self.nested.merge(routes(&users, name));
        }
        self
    }

    /// Returns the router.
    pub fn into_router(self) -> Router<S> {
        let policy = self.users.policy();
        let mut router = self.nested;
        let mounted_at = self.users.inner().mounted_at();
        for (path, methods) in self.paths {
            let edge = Edge::new(&self.users, methods.allow(policy.keeps_quirks()));
            let is_root = path == "/";
            let path =
                if is_root && !mounted_at.is_empty() { mounted_at.to_owned() } else { format!("{mounted_at}{path}") };
            router = router.route(&path, methods.into_router().layer(edge));
            if policy.allows(Relaxation::SlashRedirect) && !is_root {
                let base = self.users.inner().base_path.clone();
                let redirect = move |uri: OriginalUri| std::future::ready(redirect_without_slash(&uri, &base));
                router = router.route(&format!("{path}/"), any(redirect));
            }
        }
        #[cfg(feature = "oauth")]
        if let Some(provider) = self.provider {
            router = router.layer(Extension(provider));
        }
        match self.backend {
            Some(backend) => router.layer(Extension(backend)),
            None => router,
        }
    }
}

fn redirect_without_slash(uri: &OriginalUri, base: &BasePath) -> Response {
    with_headers(match compat::http::without_slash(uri, base) {
        Some(location) => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response(),
        None => ApiError::NotFound.into_response(),
    })
}

/// Responds to an unknown path with 404 and the body of the other errors: `app.fallback(axum_users::not_found)`.
pub async fn not_found() -> Response {
    with_headers(ApiError::NotFound.into_response())
}
