//! Behavior of FastAPI's router that axum's lacks.

use axum::extract::OriginalUri;
use http::{HeaderValue, Method};

use crate::domain::BasePath;

/// Returns the path without its last slash, for a redirect (307). The target is relative, so that nothing is taken from
/// `Host`. `None` if it cannot be a header.
pub(crate) fn without_slash(OriginalUri(uri): &OriginalUri, base: &BasePath) -> Option<HeaderValue> {
    let path = base.restored(uri.path().trim_end_matches('/'));
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    // A target that starts with two slashes would name another host.
    HeaderValue::try_from(format!("/{}", target.trim_start_matches('/'))).ok()
}

/// Returns the methods that `Allow` names: FastAPI names only the first one of a path.
pub(crate) fn allowed(methods: &[Method]) -> &[Method] {
    methods.get(..1).unwrap_or_default()
}
