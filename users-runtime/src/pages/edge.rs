//! The layer around the pages: the language of the reader, the headers of pages, and errors as pages.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{extract::Request, response::Response};
use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, StatusCode, header};
use tower::{Layer, Service};

use super::{
    flow_response::json_of,
    messages::LanguageIndex,
    page::{Block, Link, Page, PageKind},
    site::{Site, root_of},
    visit::Reader,
};

/// Pages load styles, pictures and scripts of this origin only, nothing inline, and are not embedded.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'",
);

/// Not `no-referrer`: browsers then send `Origin: null` with forms, which the origin rule refuses. With this policy they
/// send the origin and never a path or a query, so no token leaves a page.
const REFERRER_POLICY: HeaderValue = HeaderValue::from_static("strict-origin");

/// Style sheets and scripts change only with a new version of the service.
const ASSETS: HeaderValue = HeaderValue::from_static("private, max-age=3600");

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// The layer around the pages.
#[derive(Debug, Clone)]
pub(super) struct PageEdge(pub(super) Arc<Site>);

impl<S> Layer<S> for PageEdge {
    type Service = PageEdgeService<S>;

    fn layer(&self, inner: S) -> PageEdgeService<S> {
        PageEdgeService { inner, site: Arc::clone(&self.0) }
    }
}

/// The service that [`PageEdge`] creates.
#[derive(Debug, Clone)]
pub(super) struct PageEdgeService<S> {
    inner: S,
    site: Arc<Site>,
}

impl<S> Service<Request> for PageEdgeService<S>
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
        let site = Arc::clone(&self.site);
        let language = site.pages.messages.negotiate(request.headers());
        request.extensions_mut().insert(Reader(language));
        let root = root_of(request.uri().path());
        let inner = self.inner.call(request);
        Box::pin(async move {
            let mut response = inner.await?;
            if content_type(&response) == "application/json" {
                response = error_as_page(&site, language, root, response).await;
            }
            let is_page = content_type(&response).starts_with("text/html");
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
            headers.insert(header::REFERRER_POLICY, REFERRER_POLICY);
            headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
            if is_page {
                let language = HeaderValue::try_from(site.pages.messages.tag(language));
                headers.extend(language.ok().map(|language| (header::CONTENT_LANGUAGE, language)));
            } else if response.status() == StatusCode::OK {
                response.headers_mut().insert(header::CACHE_CONTROL, ASSETS);
            }
            Ok(response)
        })
    }
}

fn content_type(response: &Response) -> &str {
    response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Returns the page of an error that the layer around each route, or an extractor, has made as JSON.
async fn error_as_page(site: &Site, language: LanguageIndex, root: String, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let detail = json_of(Response::new(body)).await.unwrap_or_default();
    let text = |name: &str| site.text(language, name);
    let code = detail["detail"].as_str().filter(|code| code.contains('_') && !code.contains(' '));
    let by_code = code.and_then(|code| site.pages.messages.find(language, code, &[("minutes", 1.into())]));
    let by_status = || site.pages.messages.find(language, &format!("status-{}", parts.status.as_u16()), &[]);
    let sentence = by_code.or_else(by_status).unwrap_or_else(|| match parts.status.is_server_error() {
        true => text("status-500"),
        false => text("BAD_REQUEST"),
    });
    let profile = Link::new(text("error-back"), format!("{root}profile"));
    let page = Page {
        blocks: vec![Block::Text(sentence), Block::Links(vec![profile])],
        ..site.page(PageKind::Error, language, root)
    };
    let shown = site.show(parts.status, &page);
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
        parts.headers.remove(name);
    }
    let (page_parts, body) = shown.into_parts();
    parts.headers.extend(page_parts.headers);
    Response::from_parts(parts, body)
}
