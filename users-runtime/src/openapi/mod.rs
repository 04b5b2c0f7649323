//! The OpenAPI document: a value to serve, to merge or to write to a file.
//!
//! It is built on demand from the [inventory](crate::routes::endpoints) of routes, the backends of the service and the field
//! tables of the schemas. It is only served if the application mounts [`openapi_routes`].

mod document;
mod fixed;
mod page;
mod responses;
mod schemas;
mod security;

pub use document::{openapi, openapi_at};
pub use page::{openapi_routes, openapi_routes_of};
pub use utoipa;
