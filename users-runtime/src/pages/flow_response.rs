//! The body of a flow's response.

use axum::response::Response;
use serde_json::Value;

use crate::http::ApiError;

/// Reads the JSON of a response.
///
/// # Errors
/// [`ApiError::Internal`] if the body cannot be read or is not JSON.
pub(super) async fn json_of(response: Response) -> Result<Value, ApiError> {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.map_err(|_| ApiError::Internal)?;
    serde_json::from_slice(&bytes).map_err(|_| ApiError::Internal)
}
