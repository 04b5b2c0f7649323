//! Successful answers.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::ApiError;
use crate::{account::SignedIn, port::TokenResponse};

/// Compact JSON, `content-type` without charset (contract.md section 3).
pub(crate) fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => json(status, bytes),
        Err(error) => {
            tracing::error!(target: "axum_users", %error, "a read schema does not serialize");
            ApiError::Internal.into_response()
        }
    }
}

/// The four bytes `null`, which a client that parses the body must get.
pub(crate) fn null(status: StatusCode) -> Response {
    json(status, "null")
}

/// Neither body, nor length, nor type.
pub(crate) fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

impl IntoResponse for TokenResponse {
    fn into_response(self) -> Response {
        granted(self)
    }
}

impl IntoResponse for SignedIn {
    fn into_response(self) -> Response {
        granted(self.response)
    }
}

/// Converts what a transport returns at a login or logout.
pub(crate) fn granted(granted: TokenResponse) -> Response {
    let mut response = match granted.body {
        Some(body) => json(granted.status, body),
        None => granted.status.into_response(),
    };
    response.headers_mut().extend(granted.headers);
    response
}

fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
