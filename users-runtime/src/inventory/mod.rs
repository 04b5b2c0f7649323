//! All endpoints and fields of the library as data: where each route is mounted, who may call it, and who may read or
//! write which field. The OpenAPI document and the access matrix are generated from it.

mod access_matrix;
mod prefixes;

pub use access_matrix::access_matrix;
pub use prefixes::Prefixes;

use crate::{flows, http::Endpoint};

/// Returns every route of the library, in the order of the OpenAPI document.
pub fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    flows::ENDPOINTS.iter().copied().flatten()
}
