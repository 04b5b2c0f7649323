//! Hashes of other systems (feature `foreign-hashes`): verified when asked for, replaced at the next login, never made.
//!
//! | system | stored strings |
//! |---|---|
//! | [`Django`] | `pbkdf2_sha256$…`, `argon2$…`, `scrypt$…`, `bcrypt$…`, `bcrypt_sha256$…`; `pbkdf2_sha1$…` by name; `!…` |
//! | [`Werkzeug`] (Flask) | `scrypt:N:r:p$…`, `pbkdf2:sha256:…`, `pbkdf2:sha512:…`; `pbkdf2:sha1:…` by name |
//! | [`Devise`] (Rails) | `$2a$…`: bcrypt over password and pepper |
//! | [`Firebase`] | `firebase$rounds$memory$salt$hash` |
//!
//! How a table moves over stands in `docs/guide/passwords.md`. Another system is a [`HashVerifier`](crate::port::HashVerifier) of
//! the application's own.

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

/// A string that was recognised.
type Read = Result<Box<dyn ForeignHash>, UnfitHash>;

/// Verifiers that know a hash are handed out as what they do.
fn boxed(hash: impl ForeignHash + 'static) -> Box<dyn ForeignHash> {
    Box::new(hash)
}
