//! Routes for the document and, with the Cargo feature `docs-ui`, for an explorer. The application decides whether to mount them.

use axum::{
    Router,
    body::Bytes,
    extract::OriginalUri,
    response::{IntoResponse, Response},
};
use http::header;
use utoipa::openapi::{
    OpenApi, RefOr,
    security::{Flow, SecurityScheme},
    server::Server,
};

use super::{openapi, security};
use crate::{
    event::{self, operation},
    http::{ApiError, HasUsers, Routes},
    service::Users,
    user::AuthUser,
};

const PATH: &str = "/openapi.json";

/// Returns routes for `/openapi.json`, the [document](openapi()) of this service, and with the Cargo feature `docs-ui` for
/// `/docs`, where a browser can read it and call the operations.
///
/// # Security
/// The document reveals nothing that a client could not find out otherwise, but any client can read it. To restrict
/// access, mount these routes behind a guard, or do not mount them.
pub fn openapi_routes<U: AuthUser, S: HasUsers<U>>(users: &Users<U>) -> Router<S> {
    openapi_routes_of(users, &openapi(users))
}

/// Returns routes as [`openapi_routes`] does, for a document that the application built, such as one with its own paths
/// merged in.
///
/// If the document names no servers and the service has no [base path](crate::UsersBuilder::base_path), the served
/// document names the path under which these routes are nested, so nest them together with the routes that it
/// describes: `Router::new().nest("/api", user_routes(&users).merge(openapi_routes(&users)))`. If it is nested
/// elsewhere, set the servers ([`Document::servers`](super::Document::servers)).
pub fn openapi_routes_of<U: AuthUser, S: HasUsers<U>>(users: &Users<U>, document: &OpenApi) -> Router<S> {
    let served = Served::new(users, document);
    let routes = Routes::new(users).get(PATH, move |uri: OriginalUri| std::future::ready(served.at(uri.path())));
    let router = routes.into_router();
    #[cfg(feature = "docs-ui")]
    let router = router.merge(super::explorer::explorer_routes(users, document));
    router
}

/// A document with its usual response.
#[derive(Clone)]
struct Served {
    json: Option<Bytes>,
    /// The document, if it must contain the path at which it is served.
    movable: Option<OpenApi>,
}

impl Served {
    fn new<U: AuthUser>(users: &Users<U>, document: &OpenApi) -> Self {
        let names_servers = document.servers.as_ref().is_some_and(|servers| !servers.is_empty());
        let is_complete = names_servers || !users.inner().base_path.as_str().is_empty();
        Self { json: to_json(document), movable: (!is_complete).then(|| document.clone()) }
    }

    /// Returns the response for the whole path of a request.
    fn at(&self, path: &str) -> Response {
        // `//host` would be another host.
        let prefix = path.strip_suffix(PATH).filter(|prefix| !prefix.is_empty() && !prefix.starts_with("//"));
        let json = match (prefix, &self.movable) {
            (Some(prefix), Some(document)) => to_json(&moved(document, prefix)),
            _ => self.json.clone(),
        };
        match json {
            Some(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
            None => ApiError::Internal.into_response(),
        }
    }
}

/// Returns the document of the same routes nested under a path.
fn moved(document: &OpenApi, prefix: &str) -> OpenApi {
    let mut document = document.clone();
    document.servers = Some(vec![Server::new(prefix)]);
    let schemes = document.components.iter_mut().flat_map(|components| components.security_schemes.values_mut());
    for scheme in schemes {
        let RefOr::T(SecurityScheme::OAuth2(oauth2)) = scheme else { continue };
        for flow in oauth2.flows.values_mut() {
            if let Flow::Password(password) = flow
                && !password.token_url.starts_with('/')
                && !password.token_url.contains("://")
            {
                password.token_url = security::under(prefix, &password.token_url);
            }
        }
    }
    document
}

fn to_json(document: &OpenApi) -> Option<Bytes> {
    match serde_json::to_vec(document) {
        Ok(json) => Some(Bytes::from(json)),
        Err(error) => {
            let cause = event::cause(&error);
            operation!(ERROR, "response_failed", "the OpenAPI document does not serialize", cause);
            None
        }
    }
}
