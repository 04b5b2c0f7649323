#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

// Lets generated code say `::axum_users` inside this crate as well, as in the doctests.
extern crate self as axum_users;

#[doc = include_str!("../docs/guide/user-struct.md")]
pub use users_macros::AuthUser;
pub use users_runtime::*;

#[doc(hidden)]
pub use users_runtime::private as __private;

/// The pages with programs in them, so that these compile.
#[cfg(all(doctest, feature = "openapi", feature = "sqlite"))]
mod pages {
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
}
