//! The pages of the documentation with programs in them, so that `cargo test --doc` compiles and runs these.

#[doc = include_str!("../docs/guide/cookies.md")]
mod cookies {}
#[doc = include_str!("../docs/guide/custom-store.md")]
mod custom_store {}
#[doc = include_str!("../docs/guide/deployment.md")]
mod deployment {}
#[doc = include_str!("../docs/guide/getting-started.md")]
mod getting_started {}
#[doc = include_str!("../docs/guide/hooks-and-mail.md")]
mod hooks_and_mail {}
#[doc = include_str!("../docs/guide/importing-hashes.md")]
mod importing_hashes {}
#[doc = include_str!("../docs/guide/limits.md")]
mod limits {}
#[doc = include_str!("../docs/guide/moving-from-fastapi-users.md")]
mod moving_from_fastapi_users {}
#[doc = include_str!("../docs/guide/openapi.md")]
mod openapi {}
#[doc = include_str!("../docs/guide/passwords.md")]
mod passwords {}
#[doc = include_str!("../docs/guide/protecting-routes.md")]
mod protecting_routes {}
#[doc = include_str!("../docs/guide/resources.md")]
mod resources {}
#[doc = include_str!("../docs/guide/tenants.md")]
mod tenants {}
