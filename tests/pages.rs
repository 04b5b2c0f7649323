//! The pages of the documentation with programs in them, so that `cargo test --doc` compiles and runs these.
#![cfg(all(feature = "openapi", feature = "sqlite"))]

#[doc = include_str!("../docs/cookies.md")]
mod cookies {}
#[doc = include_str!("../docs/custom-store.md")]
mod custom_store {}
#[doc = include_str!("../docs/moving-from-fastapi-users.md")]
mod moving {}
#[doc = include_str!("../docs/openapi.md")]
mod openapi {}
#[doc = include_str!("../docs/passwords.md")]
mod passwords {}
#[doc = include_str!("../docs/resources.md")]
mod resources {}
#[doc = include_str!("../docs/server.md")]
mod server {}
