//! What the unit tests share.

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::{
    check,
    model::{Databases, User},
};

/// The model of a struct without mistakes.
pub(crate) fn checked(input: TokenStream) -> User {
    let input: DeriveInput = syn::parse2(input).unwrap();
    check::user(&input, Databases::ALL).unwrap()
}

/// The messages about a struct with mistakes, in their order.
pub(crate) fn messages(input: TokenStream) -> Vec<String> {
    messages_with(input, Databases::ALL)
}

/// The same where these databases are enabled.
pub(crate) fn messages_with(input: TokenStream, enabled: Databases) -> Vec<String> {
    let input: DeriveInput = syn::parse2(input).unwrap();
    match check::user(&input, enabled) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.into_iter().map(|error| error.to_string()).collect(),
    }
}
