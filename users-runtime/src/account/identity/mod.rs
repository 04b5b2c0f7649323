//! People whom a provider has authenticated: their links, and the users they are or become.

mod error;
mod links;
mod login;

pub(crate) use error::IdentityError;
pub(crate) use login::IdentityLogin;
