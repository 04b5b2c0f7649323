//! The derive macro of axum-users. Its documentation is on `axum_users::AuthUser`, where applications find it.
//!
//! parse (`attr`) → check (`check`) → model (`model`) → expand (`expand`). Only the first two can fail.

mod attr;
mod check;
mod expand;
mod fallback;
mod model;
mod names;
mod report;
mod sql;
#[cfg(test)]
mod tests;
mod types;

use model::Databases;
use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Derives user management for a struct. See `axum_users::AuthUser`.
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
