//! The derive of axum-users. Its documentation stands where applications meet it: on `axum_users::AuthUser`.
//!
//! parse (`attr`) → check (`check`) → model (`model`) → expand (`expand`); only the first two can fail.

mod attr;
mod check;
mod expand;
mod fallback;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod messages;
mod model;
mod names;
mod report;
mod sql;
#[cfg(test)]
mod testing;

use model::Databases;
use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Writes user management for a struct. See `axum_users::AuthUser`.
#[proc_macro_derive(AuthUser, attributes(auth))]
pub fn derive_auth_user(input: TokenStream) -> TokenStream {
    derive(&parse_macro_input!(input as DeriveInput), Databases::ENABLED).into()
}

fn derive(input: &DeriveInput, enabled: Databases) -> proc_macro2::TokenStream {
    match check::user(input, enabled) {
        Ok(user) => expand::user(&user),
        Err(errors) => fallback::errors(input, &errors),
    }
}
