#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

// Lets generated code say `::axum_users` inside this crate as well, as in the doctests.
extern crate self as axum_users;

/// Generates user management for a struct: the schemas, the SQL and the routes.
///
#[doc = include_str!("../docs/guide/user-struct.md")]
pub use users_macros::AuthUser;
pub use users_runtime::*;
