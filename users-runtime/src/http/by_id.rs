//! The id in a path.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;

/// The id in the path, as text. `None` if it is not valid UTF-8; it then counts as an unknown id.
#[derive(Debug)]
pub struct IdText(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdText {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self(Path::<String>::from_request_parts(parts, state).await.ok().map(|Path(id)| id)))
    }
}
