//! What there is, as data: every route with who may call it, every field with who may touch it. The OpenAPI document
//! and the access matrix are two views of it.

mod access_matrix;
mod prefixes;
mod route;

pub use access_matrix::access_matrix;
pub use prefixes::Prefixes;
pub use route::{Caller, Route, RouteGroup};
