//! The routes of the document and of the explorer.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use axum_users::openapi::{Document, openapi, openapi_routes, openapi_routes_of};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::support::TestApp;

/// Sends `GET path` to a service that mounts the document.
async fn get_with_docs(path: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
    let app = TestApp::start().await;
    let router = Router::new()
        .merge(crate::support::user_routes(&app.users))
        .merge(openapi_routes(&app.users))
        .with_state(app.users.clone());
    get(router, path).await
}

async fn get(router: Router, path: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
    let request = Request::builder().uri(path).body(Body::empty()).unwrap();
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    (parts.status, parts.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

#[tokio::test]
async fn the_mounted_document_equals_the_generated_one() {
    let (status, headers, body) = get_with_docs("/openapi.json").await;
    assert_eq!((status, &headers["content-type"]), (StatusCode::OK, &"application/json".parse().unwrap()));
    let body = String::from_utf8(body).unwrap();
    let app = TestApp::start().await;
    assert_eq!(body, openapi(&app.users).to_json().unwrap(), "serialization is deterministic");
    // Fields have the order of the wire.
    let positions: Vec<_> = ["\"id\":{", "\"email\":{", "\"is_active\":{"]
        .map(|name| body.split("\"UserRead\":{").nth(1).unwrap().find(name))
        .into();
    assert!(positions.is_sorted() && positions.iter().all(Option::is_some), "{positions:?}");
}

#[tokio::test]
async fn the_explorer_loads_nothing_from_elsewhere_and_runs_no_inline_script() {
    for (path, content_type) in [
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/page.js", "text/javascript; charset=utf-8"),
        ("/docs/page.css", "text/css; charset=utf-8"),
    ] {
        let (status, headers, body) = get_with_docs(path).await;
        assert_eq!((status, headers["content-type"].to_str().unwrap()), (StatusCode::OK, content_type));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; "), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        let body = String::from_utf8(body).unwrap();
        for foreign in ["http:", "https:", "//cdn", "innerHTML", "<script>", "style=\"", "onclick"] {
            assert!(!body.contains(foreign), "{path} has {foreign}");
        }
    }
}

/// The guide states how much the explorer adds to a program.
#[tokio::test]
async fn the_files_of_swagger_ui_are_compressed_and_as_large_as_the_guide_says() {
    let mut total = 0;
    for (path, content_type) in [
        ("/docs/swagger-ui.css", "text/css; charset=utf-8"),
        ("/docs/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ] {
        let (status, headers, body) = get_with_docs(path).await;
        assert_eq!((status, headers["content-type"].to_str().unwrap()), (StatusCode::OK, content_type));
        assert_eq!(headers["content-encoding"], "gzip");
        assert_eq!(body[..2], [0x1f, 0x8b], "{path} is gzip");
        total += body.len();
    }
    let page = crate::docs::page::read("docs/guide/openapi.md");
    let stated = page.split_once("A browser loads ").unwrap().1.split(" KB").next().unwrap().parse::<usize>().unwrap();
    assert!(total.div_ceil(1000).abs_diff(stated) <= 10, "{total} bytes, not {stated} KB");
}

#[tokio::test]
async fn the_explorer_may_call_the_servers_of_the_document() {
    let app = TestApp::start().await;
    let document = Document::of(&app.users).servers(["https://api.camelot.bt/v1", "/v2"]).build().unwrap();
    let router = openapi_routes_of(&app.users, &document).with_state(app.users.clone());
    let (_, headers, _) = get(router, "/docs").await;
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("; connect-src 'self' https://api.camelot.bt; "), "{policy}");
}
