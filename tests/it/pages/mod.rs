//! The ready pages over HTTP.

mod account;
pub mod app;
mod by_mail;
mod fields;
mod languages;
mod mailed_links;
mod mounting;
#[cfg(feature = "passkeys")]
mod passkeys;
mod security;
mod templates;
#[cfg(feature = "totp")]
mod two_factor;
