//! Successful responses.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::ApiError;
use crate::{
    account::SignedIn,
    domain::Timestamp,
    event::{self, operation},
    port::TokenResponse,
};

/// Returns a response with compact JSON and a `content-type` without charset.
pub(crate) fn json_response(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => json(status, bytes),
        Err(error) => {
            operation!(ERROR, "response_failed", "a read schema does not serialize", cause = event::cause(&error));
            ApiError::Internal.into_response()
        }
    }
}

/// Formats a time as in RFC 3339, in UTC and to the second.
pub(crate) fn time_text(time: Timestamp) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// Returns a response with the four bytes `null`, because clients parse the body.
pub(crate) fn null(status: StatusCode) -> Response {
    json(status, "null")
}

/// Returns 204, without a body, length or type.
pub(crate) fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

impl IntoResponse for TokenResponse {
    fn into_response(self) -> Response {
        token_response(self)
    }
}

impl IntoResponse for SignedIn {
    fn into_response(self) -> Response {
        token_response(self.response)
    }
}

/// Converts the transport's response to a login or logout.
pub(crate) fn token_response(token: TokenResponse) -> Response {
    let mut response = match token.body {
        Some(body) => json(token.status, body),
        None => token.status.into_response(),
    };
    response.headers_mut().extend(token.headers);
    response
}

fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Builds 303 with the URL of a page. The URL may contain secrets of a flow, so it is not logged.
#[cfg(any(feature = "oauth", feature = "pages"))]
pub(crate) fn see_other(page: &str, headers: http::HeaderMap) -> Result<Response, ApiError> {
    let mut location = HeaderValue::try_from(page).map_err(|_| ApiError::Internal)?;
    location.set_sensitive(true);
    let mut response = token_response(TokenResponse { headers, ..TokenResponse::new(StatusCode::SEE_OTHER) });
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}
