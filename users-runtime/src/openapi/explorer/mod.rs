//! Swagger UI at `/docs`. Its files are compiled in, so that neither the build nor a browser needs a network.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Router,
    middleware::map_response,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use url::{Origin, Url};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use crate::{
    http::{ApiError, HasUsers, Routes},
    service::Users,
    user::AuthUser,
};

const HTML: &str = include_str!("docs.html");
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

/// Returns the routes of the explorer. Its page may run its own scripts, and call this service and the servers of the document.
pub(super) fn explorer_routes<U: AuthUser, S: HasUsers<U>>(users: &Users<U>, document: &OpenApi) -> Router<S> {
    let policy = policy(document);
    Routes::new(users)
        .get("/docs", || asset("text/html; charset=utf-8", HTML))
        .get("/docs/page.js", || asset("text/javascript; charset=utf-8", SCRIPT))
        .get("/docs/page.css", || asset("text/css; charset=utf-8", STYLE))
        .get("/docs/swagger-ui.css", || swagger_ui("swagger-ui.css", "text/css; charset=utf-8"))
        .get("/docs/swagger-ui-bundle.js", || swagger_ui("swagger-ui-bundle.js", "text/javascript; charset=utf-8"))
        .into_router()
        .layer(map_response(move |response| std::future::ready(with_policy(response, policy.clone()))))
}

/// Returns the Content-Security-Policy of the page. Swagger UI draws its icons as `data:` images.
fn policy(document: &OpenApi) -> Option<HeaderValue> {
    let mut calls = "'self'".to_owned();
    for server in document.servers.iter().flatten() {
        if let Some(origin @ Origin::Tuple(..)) = Url::parse(&server.url).ok().map(|url| url.origin()) {
            calls = format!("{calls} {}", origin.ascii_serialization());
        }
    }
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src {calls}; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).ok()
}

async fn asset(content_type: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}

/// Returns a file of Swagger UI, which is compiled in compressed. Every browser accepts that.
async fn swagger_ui(name: &'static str, content_type: &'static str) -> Response {
    let Ok(Some(file)) = utoipa_swagger_ui::serve(name, Arc::new(Config::from(""))) else {
        return ApiError::Internal.into_response();
    };
    let mut response = match file.bytes {
        Cow::Borrowed(bytes) => bytes.into_response(),
        Cow::Owned(bytes) => bytes.into_response(),
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if file.gzpipped {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// Replaces the default Content-Security-Policy, which forbids scripts.
fn with_policy(mut response: Response, policy: Option<HeaderValue>) -> Response {
    if let Some(policy) = policy {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
