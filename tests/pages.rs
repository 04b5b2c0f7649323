//! The pages of the documentation with programs in them, so that `cargo test --doc` compiles and runs these.

#[doc = include_str!("../docs/guide/cookies.md")]
mod cookies {}
#[doc = include_str!("../docs/guide/custom-store.md")]
mod custom_store {}
#[doc = include_str!("../docs/guide/moving-from-fastapi-users.md")]
mod moving {}
#[doc = include_str!("../docs/guide/openapi.md")]
mod openapi {}
#[doc = include_str!("../docs/guide/passwords.md")]
mod passwords {}
#[doc = include_str!("../docs/guide/resources.md")]
mod resources {}
#[doc = include_str!("../docs/guide/deployment.md")]
mod server {}
