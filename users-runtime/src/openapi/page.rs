//! Routes for the document and for a page that displays it. Mounted by the application or not at all.

use axum::{
    Router,
    body::Bytes,
    middleware::map_response,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use utoipa::openapi::OpenApi;

use super::openapi;
use crate::{
    event::{self, operation},
    http::{ApiError, HasUsers, Routes},
    service::Users,
    user::AuthUser,
};

const HTML: &str = include_str!("page/page.html");
const SCRIPT: &str = include_str!("page/page.js");
const STYLE: &str = include_str!("page/page.css");

/// The page may only run its own script and load the document.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

/// Returns routes for `/openapi.json`, the [document](openapi()) of this service, and `/docs`, a page that lists its
/// operations. The page loads its script and style from this service only.
///
/// # Security
/// The document reveals nothing that a client could not find out, but any client can read it. To restrict access, mount
/// these routes behind a guard, or do not mount them.
pub fn openapi_routes<U: AuthUser, S: HasUsers<U>>(users: &Users<U>) -> Router<S> {
    openapi_routes_of(users, &openapi(users))
}

/// Returns routes as [`openapi_routes`] does, for a document that the application built, such as one with its own paths
/// merged in.
pub fn openapi_routes_of<U: AuthUser, S: HasUsers<U>>(users: &Users<U>, document: &OpenApi) -> Router<S> {
    let json = match serde_json::to_vec(document) {
        Ok(json) => Some(Bytes::from(json)),
        Err(error) => {
            let cause = event::cause(&error);
            operation!(ERROR, "response_failed", "the OpenAPI document does not serialize", cause);
            None
        }
    };
    let document = Routes::new(users).get("/openapi.json", move || std::future::ready(json_document(json)));
    let page = Routes::new(users)
        .get("/docs", || asset("text/html; charset=utf-8", HTML))
        .get("/docs/page.js", || asset("text/javascript; charset=utf-8", SCRIPT))
        .get("/docs/page.css", || asset("text/css; charset=utf-8", STYLE));
    document.into_router().merge(page.into_router().layer(map_response(allow_own_script)))
}

fn json_document(json: Option<Bytes>) -> Response {
    match json {
        Some(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        None => ApiError::Internal.into_response(),
    }
}

async fn asset(content_type: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}

/// Replaces the default Content-Security-Policy, which forbids scripts, for the page.
async fn allow_own_script(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}
