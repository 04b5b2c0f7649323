//! Verifiers of other systems' hashes (feature `foreign-hashes`). Hashes of these forms are verified and replaced at
//! the next login, never created.
//!
//! | system | stored strings |
//! |---|---|
//! | [`Django`] | `pbkdf2_sha256$…`, `argon2$…`, `scrypt$…`, `bcrypt$…`, `bcrypt_sha256$…`; `pbkdf2_sha1$…` if enabled; `!…` |
//! | [`Werkzeug`] (Flask) | `scrypt:N:r:p$…`, `pbkdf2:sha256:…`, `pbkdf2:sha512:…`; `pbkdf2:sha1:…` if enabled |
//! | [`Devise`] (Rails) | `$2a$…`: bcrypt over password and pepper |
//! | [`Firebase`] | `firebase$rounds$memory$salt$hash` |
//!
//! Implement [`HashVerifier`](crate::port::HashVerifier) for another system. See [the
//! guide](https://github.com/axum-users/axum-users/blob/main/docs/guide/importing-hashes.md) for importing a table of
//! users.

mod argon2;
mod bcrypt;
mod devise;
mod django;
mod firebase;
mod pbkdf2;
mod scrypt;
mod text;
mod werkzeug;

pub use devise::Devise;
pub use django::Django;
pub use firebase::Firebase;
pub use werkzeug::Werkzeug;

use crate::port::{ForeignHash, UnfitHash};

/// The result of parsing a recognized string.
type Read = Result<Box<dyn ForeignHash>, UnfitHash>;

fn boxed(hash: impl ForeignHash + 'static) -> Box<dyn ForeignHash> {
    Box::new(hash)
}
