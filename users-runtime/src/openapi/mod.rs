//! The OpenAPI document: a value to serve, to merge or to write to a file.
//!
//! It is built on demand from the [inventory](crate::routes::endpoints) of routes, the backends of the service and the field
//! tables of the schemas. It is only served if the application mounts [`openapi_routes`].

mod document;
mod examples;
#[cfg(feature = "docs-ui")]
mod explorer;
mod fixed;
mod operation;
mod responses;
mod routes;
mod schemas;
mod security;

pub use document::{Document, openapi, openapi_at};
pub use operation::DocumentedOperation;
pub use routes::{openapi_routes, openapi_routes_of};
pub use utoipa;
