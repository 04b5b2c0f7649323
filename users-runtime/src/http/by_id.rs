//! The id in a path.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;

use crate::domain::is_id_text;

/// The id in the path, as text. `None` if it is not 1 to 255 visible characters of ASCII; it is then treated as an
/// unknown id. Whether any other text is an id is decided by the type of the id.
#[derive(Debug)]
pub struct IdText(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdText {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let id = Path::<String>::from_request_parts(parts, state).await.ok().map(|Path(id)| id);
        Ok(Self(id.filter(|id| is_id_text(id))))
    }
}
